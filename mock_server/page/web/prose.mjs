// The little Markdown that the documents use: paragraphs, tables, `code` and *stress*.

import { h } from "./element.mjs";

/** Return elements for a text of a document. */
export function prose(text) {
  return (text ?? "")
    .trim()
    .split(/\n\s*\n/)
    .filter(Boolean)
    .map((block) => (block.startsWith("|") ? table(block) : h("p", inline(block))));
}

/** Return the texts and elements of one line. */
export function inline(text) {
  return text.split(/(`[^`]+`|\*[^*\s][^*]*\*)/).map((piece) => {
    if (piece.length > 2 && piece.startsWith("`") && piece.endsWith("`")) return h("code", piece.slice(1, -1));
    if (piece.length > 2 && piece.startsWith("*") && piece.endsWith("*")) return h("em", piece.slice(1, -1));
    return piece;
  });
}

function table(block) {
  const rows = block.split("\n").map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const [head, , ...body] = rows;
  return h(
    "div",
    { class: "wide" },
    h(
      "table",
      h(
        "thead",
        h(
          "tr",
          head.map((cell) => h("th", { scope: "col" }, inline(cell))),
        ),
      ),
      h(
        "tbody",
        body.map((row) =>
          h(
            "tr",
            row.map((cell) => h("td", inline(cell))),
          ),
        ),
      ),
    ),
  );
}
