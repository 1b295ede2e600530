// The world's clock: frozen, set, moved.

import { find, h } from "./element.mjs";
import { button, field, textField } from "./form.mjs";
import { attempt } from "./notice.mjs";
import { dateAndTime, moment } from "./words.mjs";

const STEPS = ["1s", "1m", "1h", "1d"];

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
      h(
        "form",
        {
          class: "fields",
          submit: (event) => {
            event.preventDefault();
            this.#change({ advance: span.value });
          },
        },
        field("Advance by", span, "A time such as 200ms, 1.5s, 2m, 1h or 3d."),
        h("button", { type: "submit" }, "Advance"),
        STEPS.map((step) =>
          button(step, () => this.#change({ advance: step }), { class: "quiet", "aria-label": `Advance by ${step}` }),
        ),
      ),
      h(
        "form",
        {
          class: "fields",
          submit: (event) => {
            event.preventDefault();
            this.#change({ now: set.value });
          },
        },
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
