// The quota: whether requests are counted, how many a window allows, how many are left.

import { find, h } from "./element.mjs";
import { button, field, textField } from "./form.mjs";
import { attempt } from "./notice.mjs";

export class Quota {
  #control;
  #said = h("p", { class: "line" });
  #meter = h("meter", { min: 0, "aria-label": "Requests left in the window" });
  #requests = textField("requests", "", { size: 6, inputmode: "numeric" });
  #seconds = textField("seconds", "", { size: 6, inputmode: "decimal" });
  #toggle;
  #quota = null;

  constructor(control) {
    this.#control = control;
    this.#toggle = button("Enforce", () => this.#change({ enforced: !this.#quota.enforced }), { id: "enforce" });
    const use = button(
      "Use it up",
      () => this.#change({ requests: this.#quota.requests, used: this.#quota.requests }),
      { class: "quiet" },
    );
    const anew = button("Begin a window", () => this.#change({ used: 0 }), { class: "quiet" });
    find("quota").append(
      this.#said,
      this.#meter,
      h("p", { class: "line" }, this.#toggle, use, anew),
      h(
        "form",
        {
          class: "fields",
          submit: (event) => {
            event.preventDefault();
            this.#submit();
          },
        },
        field("Requests", this.#requests),
        field("in seconds", this.#seconds),
        h("button", { type: "submit" }, "Set"),
      ),
    );
  }

  /** Show the quota of a state; a document may have none. */
  show({ quota }) {
    find("quota").hidden = quota === null;
    if (quota === null) return;
    this.#quota = quota;
    const { enforced, requests, seconds, remaining } = quota;
    this.#said.textContent = enforced
      ? `${remaining} of ${requests} requests left in a window of ${seconds} s.`
      : `Nothing is counted. The document has ${requests} requests in ${seconds} s.`;
    this.#meter.max = requests;
    this.#meter.low = requests / 5;
    this.#meter.value = enforced ? remaining : requests;
    this.#toggle.textContent = enforced ? "Count nothing" : "Enforce";
    for (const [input, value] of [
      [this.#requests, requests],
      [this.#seconds, seconds],
    ]) {
      if (document.activeElement !== input) input.value = value;
    }
  }

  #submit() {
    return this.#change({ requests: Number(this.#requests.value), seconds: Number(this.#seconds.value) });
  }

  #change(change) {
    return attempt(() => this.#control.send("PATCH", "/quota", change));
  }
}
