// The little Markdown that the documents use: paragraphs, tables, `code` and *stress*.

import { h } from "./element.mjs";
import { row, table } from "./table.mjs";

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
