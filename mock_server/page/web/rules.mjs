// The world's rules: whether the mock is strict, and how long each response is delayed.

import { find, h } from "./element.mjs";
import { field, textField } from "./form.mjs";
import { attempt } from "./notice.mjs";

export class Rules {
  #strict = h("input", { type: "checkbox", id: "strict" });
  #latency = textField("latency", "", { size: 14 });

  /** `schema` is the control document's schema of the rules: it says what each of them means. */
  constructor(control, schema) {
    const change = (rules) => attempt(() => control.send("PATCH", "/rules", rules));
    this.#strict.addEventListener("change", () => change({ strict: this.#strict.checked }));
    find("rules").append(
      h("label", { class: "tick" }, this.#strict, " Strict"),
      h("p", { class: "soft" }, schema.properties.strict.description),
      h(
        "form",
        {
          class: "fields",
          submit: (event) => {
            event.preventDefault();
            change({ latency: this.#latency.value });
          },
        },
        field("Latency of each answer", this.#latency, "A time, or a range such as 100ms..300ms."),
        h("button", { type: "submit" }, "Set"),
      ),
    );
  }

  /** Show the rules of a state. */
  show({ rules }) {
    this.#strict.checked = rules.strict;
    if (document.activeElement !== this.#latency) this.#latency.value = rules.latency;
  }
}
