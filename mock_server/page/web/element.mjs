// Makes elements. Content of consumers becomes text, never markup, as the page makes all elements here.

/**
 * Make an element. The first argument after the name may be its attributes, a plain object: a function listens to
 * the event of its name; null and false are left out. The other arguments are its children: elements, texts, or lists of
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

/** Replace the children of a container. The focus stays on the element with the same id. */
export function fill(container, ...children) {
  const focused = container.contains(document.activeElement) ? document.activeElement.id : "";
  container.replaceChildren(...present(children));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

/** Return the element with this id. Throws if the page lacks it, as then page and script do not fit together. */
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
