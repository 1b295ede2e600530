// What rules a world: its clock, its quota, and whether it is strict or late.

import { find, h } from "./element.mjs";
import { button, field, form, textField } from "./form.mjs";
import { attempt } from "./notice.mjs";
import { dateAndTime, moment } from "./words.mjs";

const STEPS = ["1s", "1m", "1h", "1d"];

/** The clock: frozen, set, moved. */
export class Clock {
  #control;
  #face = h("output", { class: "face" });
  #toggle;
  #clock = null;
  #read = 0;

  constructor(control) {
    this.#control = control;
    this.#toggle = button("Freeze", () => this.#change({ frozen: !this.#clock.frozen }), { id: "freeze" });
    const span = textField("advance", "90s", { size: 6 });
    const set = textField("now", "", { size: 22, placeholder: "2026-01-01T00:00:00Z" });
    find("clock").append(
      h("p", { class: "line" }, this.#face, this.#toggle),
      form(
        () => this.#change({ advance: span.value }),
        field("Advance by", span, "A time such as 200ms, 1.5s, 2m, 1h or 3d."),
        h("button", { type: "submit" }, "Advance"),
        STEPS.map((step) =>
          button(step, () => this.#change({ advance: step }), { class: "quiet", "aria-label": `Advance by ${step}` }),
        ),
      ),
      form(
        () => this.#change({ now: set.value }),
        field("Set to (UTC)", set),
        h("button", { type: "submit" }, "Set"),
        button("Real time", () => this.#change({ now: new Date().toISOString(), frozen: false }), { class: "quiet" }),
      ),
    );
    setInterval(() => this.tick(), 250);
  }

  /** Show the clock of a state. */
  show({ clock }) {
    this.#clock = clock;
    this.#read = performance.now();
    this.#toggle.textContent = clock.frozen ? "Let it run" : "Freeze";
    this.tick();
  }

  /** The present time of the world, in milliseconds; null until it is known. */
  get now() {
    if (this.#clock === null) return null;
    return moment(this.#clock.now) + (this.#clock.frozen ? 0 : performance.now() - this.#read);
  }

  get frozen() {
    return this.#clock?.frozen ?? false;
  }

  tick() {
    const text = this.now === null ? "" : dateAndTime(this.now);
    if (this.#face.textContent !== text) this.#face.textContent = text;
    this.ticked?.();
  }

  #change(change) {
    return attempt(() => this.#control.send("PATCH", "/clock", change));
  }
}

/** The quota: whether requests are counted, how many a window allows, how many are left. */
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
      form(
        () => this.#change({ requests: Number(this.#requests.value), seconds: Number(this.#seconds.value) }),
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

  #change(change) {
    return attempt(() => this.#control.send("PATCH", "/quota", change));
  }
}

/** Whether the mock is strict, and how long each response is delayed. */
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
      form(
        () => change({ latency: this.#latency.value }),
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
