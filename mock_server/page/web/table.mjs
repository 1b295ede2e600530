// Tables that scroll if they are too wide, by keyboard, too.

import { h } from "./element.mjs";

/** Make a table. `name` is what a screen reader calls it; `rows` are rows, each made by `row`. */
export function table(name, headings, rows, look = "") {
  return h(
    "div",
    { class: "wide", tabindex: "0", role: "group", "aria-label": name },
    h(
      "table",
      { class: look },
      h("caption", { class: "hidden" }, name),
      h("thead", row(headings.map((heading) => h("th", { scope: "col" }, heading)))),
      h("tbody", rows),
    ),
  );
}

/** Make a row of cells. Any other child becomes a cell. */
export function row(cells, look = "") {
  return h(
    "tr",
    { class: look },
    cells.map((cell) => (isCell(cell) ? cell : h("td", cell))),
  );
}

/** Make the cell that names its row. */
export function rowHead(...content) {
  return h("th", { scope: "row" }, ...content);
}

function isCell(cell) {
  return cell instanceof HTMLTableCellElement;
}
