// Light or dark: as in the system, or as chosen here. Runs before the first paint, so that nothing flashes.

const NAME = "bitpeak-mock-theme";
const THEMES = ["auto", "light", "dark"];

let theme = remembered();
show();

/** Switch to the next theme, and return its name. */
export function nextTheme() {
  theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  try {
    localStorage.setItem(NAME, theme);
  } catch {
    // A browser that stores nothing still changes its theme.
  }
  show();
  return theme;
}

export function currentTheme() {
  return theme;
}

function remembered() {
  try {
    const stored = localStorage.getItem(NAME);
    return THEMES.includes(stored) ? stored : THEMES[0];
  } catch {
    return THEMES[0];
  }
}

function show() {
  document.documentElement.dataset.theme = theme;
}
