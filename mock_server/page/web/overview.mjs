// The world at a glance, in the bar: its time, and everything that changes its usual behaviour.

import { fill, find, h } from "./element.mjs";
import { armedOf } from "./faults.mjs";
import { counted, dateAndTime } from "./words.mjs";

export class Overview {
  #time = h("time", { title: "The world's time, in UTC" });
  #facts = h("span");

  constructor() {
    fill(find("overview"), this.#time, this.#facts);
  }

  /** Show the time, in milliseconds, or null if it is unknown. */
  tick(now) {
    const text = now === null ? "" : dateAndTime(now);
    if (this.#time.textContent !== text) this.#time.textContent = text;
  }

  /** Show what is special in a state. */
  show({ clock, quota, faults, rules }) {
    const facts = [
      clock.frozen && "frozen",
      quota?.enforced && `${quota.remaining} of ${quota.requests} left`,
      armedOf(faults).length > 0 && `${counted(armedOf(faults).length, "fault")} armed`,
      rules.strict && "strict",
      rules.latency !== "0" && `late by ${rules.latency}`,
    ].filter(Boolean);
    fill(
      this.#facts,
      facts.map((fact) => h("span", { class: "fact" }, fact)),
    );
  }
}
