// The first steps of a visitor: the address of the API, a key, and one line to copy.

import { curl } from "./curl.mjs";
import { fill, find, h } from "./element.mjs";
import { copyButton } from "./form.mjs";
import { bodyOf, operationsOf } from "./schema.mjs";

/** Show the start. `place` is `{base, session}`. */
export function showStart(info, document, place) {
  find("version").textContent = info.version;
  fill(
    find("start-sentence"),
    "An offline mock of ",
    h("b", info.document.title),
    ". Any key that begins with ",
    h("code", info.key.prefix),
    " works and has a world of its own. ",
    h("span", { class: "more" }, "Requests with this key show up below at once."),
  );
  fill(
    find("start-facts"),
    fact("Base URL", place.base),
    fact("List", firstLine(document, place, "GET")),
    fact("Create", firstLine(document, place, "POST")),
  );
}

/** A curl line of the first operation with this method, with the first example of its form. */
function firstLine(document, { base, session }, wanted) {
  const found = operationsOf(document).find(({ method, path }) => method === wanted && !path.includes("{"));
  if (!found) return null;
  const value = bodyOf(document, found.operation)?.examples[0]?.value;
  return curl({
    method: wanted,
    url: base + found.path,
    headers: { Authorization: `Bearer ${session.key}` },
    fields: value ? Object.entries(value).map(([name, text]) => [name, String(text)]) : null,
  });
}

function fact(label, text) {
  return (
    text &&
    h(
      "div",
      h("dt", label),
      h(
        "dd",
        h("code", { title: text }, text),
        copyButton(() => text, label),
      ),
    )
  );
}

/** Return what an empty journal says: a first request to send. */
export function firstSteps(document, place) {
  const line = firstLine(document, place, "GET");
  return [
    h("p", h("b", "Nothing yet."), " Send a request with this key, and it is here at once:"),
    line &&
      h(
        "div",
        { class: "copied" },
        h("pre", { tabindex: "0", "aria-label": "A first request" }, line),
        copyButton(() => line, "the line"),
      ),
  ];
}
