// Keys that do something, and the list that shows them. They can be turned off, as speech input or a stray key could do harm.

import { find, h } from "./element.mjs";

/** Make the shortcuts work. Each is `{key, does, act}`: the key, what it does in words, and the function that does it. */
export function bindShortcuts(shortcuts) {
  const dialog = find("shortcuts-dialog");
  const show = () => dialog.showModal();
  const all = [...shortcuts, { key: "?", does: "Show this list", act: show }];
  find("shortcuts").addEventListener("click", show);
  for (const { key, does } of all) {
    find("shortcuts-list").append(h("div", h("dt", h("kbd", key)), h("dd", does)));
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key.length === 1 && (writes(event.target) || !find("shortcuts-on").checked)) return;
    const shortcut = all.find(({ key }) => key === event.key);
    if (shortcut === undefined) return;
    event.preventDefault();
    shortcut.act();
  });
}

function writes(element) {
  return element.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
}
