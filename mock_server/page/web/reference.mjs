// The documentation of the API and of the control API, made from their documents.

import { add, fill, find, h } from "./element.mjs";
import { button } from "./form.mjs";
import { inline, prose, row, rowHead, table } from "./prose.mjs";
import { answersOf, bodyOf, constraint, fieldsOf, operationsOf } from "./schema.mjs";
import { trial } from "./trial.mjs";

export class Reference {
  #choices = new Map();

  /** `place` is `{base, controlBase, session}`; `openQuestion` shows a question by its id. */
  constructor(place, openQuestion) {
    this.place = place;
    this.openQuestion = openQuestion;
    const choose = (which, label) => {
      const choice = button(label, () => this.#show(which), { class: "quiet", "aria-pressed": "false" });
      this.#choices.set(which, choice);
      return choice;
    };
    fill(
      find("reference-head"),
      h("h2", "Documentation"),
      choose("api", "The API"),
      choose("control", "The mock's control"),
      h("span", { class: "space" }),
      h("a", { href: "openapi.yaml" }, "openapi.yaml"),
      h("a", { href: "control.yaml" }, "control.yaml"),
    );
  }

  /** Show these documents. */
  load(documents) {
    this.documents = documents;
    this.#show(this.which ?? "api");
  }

  #show(which) {
    this.which = which;
    for (const [name, choice] of this.#choices) choice.setAttribute("aria-pressed", String(name === which));
    const document = this.documents[which];
    const opened = new Set([...find("reference-body").querySelectorAll("details[open]")].map(({ id }) => id));
    fill(
      find("reference-body"),
      h("p", { class: "lead" }, document.info.summary),
      h("details", h("summary", "About this document"), prose(document.info.description)),
      operationsOf(document).map((found) => this.#operation(which, document, found, opened)),
    );
  }

  #operation(which, document, { id, method, path, parameters, operation }, opened) {
    const body = bodyOf(document, operation);
    const base = which === "api" ? this.place.base : this.place.controlBase;
    const details = h(
      "details",
      { class: "operation", id: `operation-${id}`, open: opened.has(`operation-${id}`) },
      h(
        "summary",
        h("span", { class: "method" }, method),
        h("span", { class: "target" }, path),
        h("span", { class: "soft" }, operation.summary),
      ),
    );
    const build = () => {
      if (!details.open || details.childElementCount > 1) return;
      add(
        details,
        prose(operation.description),
        inputs("Parameters", parameters),
        body && inputs(`Form: ${body.mediaType}`, fieldsOf(document, body.schema)),
        answers(document, operation),
        this.#questions(operation),
        which === "api" && trial({ document, method, path, parameters, body, base, session: this.place.session }),
      );
    };
    details.addEventListener("toggle", build);
    build();
    return details;
  }

  #questions(operation) {
    const ids = [
      ...new Set(
        [operation, ...Object.values(operation).filter((node) => node && typeof node === "object")].flatMap(
          (node) => node["x-question"] ?? [],
        ),
      ),
    ];
    return (
      ids.length > 0 &&
      h(
        "p",
        { class: "line" },
        h("span", { class: "soft" }, "Open questions:"),
        ids.map((id) => button(id, () => this.openQuestion(id), { class: "quiet" })),
      )
    );
  }
}

function inputs(title, rows) {
  return (
    rows.length > 0 && [
      h("h3", title),
      table(
        title,
        ["Name", "Value", "Meaning"],
        rows.map(({ name, schema, required, description }) =>
          row([
            rowHead(name, required && h("small", "required")),
            [constraint(schema), when(schema)],
            inline(description ?? schema.description ?? ""),
          ]),
        ),
      ),
    ]
  );
}

function when(schema) {
  return Object.entries(schema["x-available-when"] ?? {}).map(([field, values]) =>
    h("small", `only with ${field} ${values.join(", ")}`),
  );
}

function answers(document, operation) {
  return [
    h("h3", "Answers"),
    answersOf(document, operation).map(({ status, description, headers, examples }) =>
      h(
        "details",
        { class: "answer" },
        h("summary", h("span", { class: `status class-${status[0]}` }, status), " ", inline(description)),
        headers.length > 0 &&
          h(
            "p",
            { class: "soft facts" },
            headers.map((name) => h("span", name)),
          ),
        examples.map(({ name, summary, value }) => [
          h("p", h("b", name), summary ? ` ${summary}` : ""),
          h(
            "pre",
            { tabindex: "0", "aria-label": `Example ${name}` },
            typeof value === "string" ? value : JSON.stringify(value, null, 2),
          ),
        ]),
      ),
    ),
  ];
}
