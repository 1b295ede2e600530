// Which documented behaviours the requests of this world have exercised.

import { fill, find, h } from "./element.mjs";
import { counted } from "./words.mjs";

export class Coverage {
  #control;

  constructor(control) {
    this.#control = control;
    fill(find("coverage-head"), h("h2", "Coverage"), h("span", { class: "soft", id: "coverage-sum" }));
  }

  /** Read the coverage and show it. */
  async load() {
    const { behaviours, seen, total, percent } = await this.#control.get("/coverage");
    find("coverage-sum").textContent = `${seen} of ${total} behaviours met`;
    fill(
      find("coverage-body"),
      h(
        "p",
        { class: "lead" },
        "The behaviours in the document, and how often the requests of this world have met each. " +
          "Hollow ones were never met. Requests without a good key reach no world: their refusals are counted here " +
          "only if a fault or the header Prefer forces them.",
      ),
      h(
        "p",
        { class: "coverage-bar" },
        h("progress", { max: 100, value: percent, "aria-label": "Behaviours met" }),
        h("b", `${percent.toFixed(0)} %`),
      ),
      grouped(behaviours).map(([operation, list]) =>
        h(
          "section",
          { class: "behaviours" },
          h("h3", operation),
          grouped(list, "kind").map(([kind, some]) =>
            h("p", h("span", { class: "kind" }, kind), h("span", { class: "chips" }, some.map(chip))),
          ),
        ),
      ),
    );
  }
}

function chip({ name, seen }) {
  return h(
    "span",
    { class: seen ? "chip met" : "chip", title: seen ? `met ${counted(seen, "time")}` : "never met" },
    name,
    seen ? h("b", ` ${seen}`) : h("span", { class: "hidden" }, ", never met"),
  );
}

function grouped(list, word = "operation") {
  const groups = new Map();
  for (const one of list) groups.set(one[word], [...(groups.get(one[word]) ?? []), one]);
  return [...groups];
}
