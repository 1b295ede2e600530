// Tables, and the little Markdown that the documents use: paragraphs, tables, `code` and *stress*.

import { h } from "./element.mjs";

/** Make a table that scrolls, by keyboard, too. `name` is what a screen reader calls it; each of `rows` is made by `row`. */
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

/** Return elements for a text of a document. */
export function prose(text) {
  return (text ?? "")
    .trim()
    .split(/\n\s*\n/)
    .filter(Boolean)
    .map((block) => (block.startsWith("|") ? tableOf(block) : h("p", inline(block))));
}

/** Return the texts and elements of one line. */
export function inline(text) {
  return text.split(/(`[^`]+`|\*[^*\s][^*]*\*)/).map((piece) => {
    if (piece.length > 2 && piece.startsWith("`") && piece.endsWith("`")) return h("code", piece.slice(1, -1));
    if (piece.length > 2 && piece.startsWith("*") && piece.endsWith("*")) return h("em", piece.slice(1, -1));
    return piece;
  });
}

function tableOf(block) {
  const lines = block.split("\n").map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => inline(cell.trim())),
  );
  const [headings, , ...rows] = lines;
  return table(
    "Table",
    headings,
    rows.map((cells) => row(cells)),
  );
}
