// The open questions, each with its closed list of answers. Another answer changes this world only.

import { fill, find, h } from "./element.mjs";
import { attempt } from "./notice.mjs";
import { inline } from "./prose.mjs";

export class Questions {
  #control;
  #search = h("input", {
    type: "search",
    id: "questions-search",
    placeholder: "Filter…",
    "aria-label": "Show only questions with",
    spellcheck: "false",
  });
  #changed = h("input", { type: "checkbox", id: "questions-changed" });
  #items = new Map();

  constructor(control) {
    this.#control = control;
    for (const input of [this.#search, this.#changed]) input.addEventListener("input", () => this.#sift());
    fill(
      find("questions-head"),
      h("h2", "Open questions"),
      this.#search,
      h("label", { class: "tick" }, this.#changed, " answered otherwise only"),
    );
  }

  /** Read the questions and show them. */
  async load() {
    const { questions } = await this.#control.get("/questions");
    if (!this.#items.size) this.#build(questions);
    let otherwise = 0;
    for (const question of questions) {
      const { item, radios, answer } = this.#items.get(question.id);
      const differs = question.answer !== question.assumed;
      otherwise += differs;
      item.classList.toggle("differs", differs);
      answer.textContent = question.answer;
      for (const radio of radios) radio.checked = radio.value === question.answer;
    }
    find("questions-count").textContent = otherwise || "";
    this.#sift();
  }

  /** Show a question that something refers to. */
  open(id) {
    const found = this.#items.get(id);
    if (!found) return;
    this.#search.value = "";
    this.#changed.checked = false;
    this.#sift();
    found.item.open = true;
    found.item.scrollIntoView({ block: "start" });
    found.item.querySelector("summary").focus();
  }

  #build(questions) {
    fill(
      find("questions-body"),
      h(
        "p",
        { class: "lead" },
        "What the documentation does not say. The mock assumes the best supported answer; choose " +
          "another to see whether your client still works.",
      ),
      questions.map((question) => this.#item(question)),
    );
  }

  #item({ id, question, answers, assumed, grade, evidence, operations, departure }) {
    const answer = h("span", { class: "answer" });
    const radios = Object.keys(answers).map((value) =>
      h("input", {
        type: "radio",
        name: `question-${id}`,
        value,
        change: () => this.#answer(id, value),
      }),
    );
    const item = h(
      "details",
      { class: "question" },
      h("summary", h("span", { class: "sentence" }, inline(question)), answer),
      h(
        "fieldset",
        h("legend", { class: "hidden" }, question),
        Object.entries(answers).map(([value, means], at) =>
          h(
            "label",
            { class: "tick" },
            radios[at],
            h("span", h("b", value), ` ${means}`, value === assumed && h("small", "assumed")),
          ),
        ),
      ),
      h(
        "p",
        { class: "soft facts" },
        [
          id,
          `grade ${grade}`,
          `evidence: ${evidence}`,
          operations.length && operations.join(", "),
          departure && "another answer departs from the page",
        ]
          .filter(Boolean)
          .map((fact) => h("span", fact)),
      ),
    );
    item.dataset.text = [id, question, ...operations].join(" ").toLowerCase();
    this.#items.set(id, { item, radios, answer });
    return item;
  }

  async #answer(id, value) {
    if (!(await attempt(() => this.#control.send("PATCH", "/questions", { [id]: value })))) await this.load();
  }

  #sift() {
    const text = this.#search.value.toLowerCase();
    for (const { item } of this.#items.values()) {
      item.hidden = !item.dataset.text.includes(text) || (this.#changed.checked && !item.classList.contains("differs"));
    }
  }
}
