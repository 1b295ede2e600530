// Elements made by hand. What a consumer sent becomes text, never markup: there is no other door.

/**
 * Make an element. The first argument after the name may be its attributes, a plain object: one that is a function listens to
 * the event of its name; one that is null or false is left out. The others are its children: elements, texts, or lists of
 * them; null and false are left out.
 */
export function h(name, ...given) {
  const element = document.createElement(name);
  const attributes = isPlain(given[0]) ? given.shift() : {};
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(key, value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...present(given));
  return element;
}

/** Put these children at the end of a container. */
export function add(container, ...children) {
  container.append(...present(children));
}

/** Put these children in place of what a container has; the focus stays on the element with the same id. */
export function fill(container, ...children) {
  const focused = container.contains(document.activeElement) ? document.activeElement.id : "";
  container.replaceChildren(...present(children));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

/** Return the element with this id. Throws where there is none: then the page and its script do not fit. */
export function find(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no element '${id}'.`);
  return element;
}

function present(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

function isPlain(value) {
  return value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype;
}
