// The handlers of the world, as the service shows them. The columns are the fields that they have.

import { fill, find, h } from "./element.mjs";
import { button } from "./form.mjs";
import { attempt, notice } from "./notice.mjs";
import { row, table } from "./table.mjs";
import { counted } from "./words.mjs";

const MOST_ROWS = 200;
const MOMENT = /^\d{4}-\d\d-\d\d /;

export class Handlers {
  #control;
  #shown = "";

  /** `presets` are examples of the control document's: `{name, summary, value}`, states to put. */
  constructor(control, presets) {
    this.#control = control;
    fill(
      find("handlers-head"),
      h("h2", "Handlers"),
      h("span", { class: "soft", id: "handlers-sum" }),
      h("span", { class: "space" }),
      presets.map(({ name, summary, value }) =>
        button(summary ?? name, () => this.#put(value, summary ?? name), { class: "quiet" }),
      ),
      button("Reset world", () => this.#reset(), { id: "reset" }),
    );
  }

  /** Show the handlers of a state, newest first. */
  show({ handlers, next_id: next }) {
    const text = JSON.stringify([handlers, next]);
    if (text === this.#shown) return;
    this.#shown = text;
    const rows = handlers.toSorted((one, other) => other.id - one.id).slice(0, MOST_ROWS);
    find("handlers-count").textContent = handlers.length;
    find("handlers-sum").textContent =
      rows.length < handlers.length
        ? `the newest ${rows.length} of ${handlers.length.toLocaleString("en")}`
        : `next id ${next}`;
    fill(
      find("handlers-body"),
      rows.length
        ? tableOf(rows)
        : h("p", { class: "empty" }, "No handlers. Create one by the API, or seed the world here."),
    );
  }

  async #put(state, name) {
    const before = await this.#snapshot();
    if (await attempt(() => this.#control.send("PUT", "/state", state)))
      this.#offerUndo(`The world was changed: ${name}.`, before);
  }

  async #reset() {
    const before = await this.#snapshot();
    if (await attempt(() => this.#control.send("POST", "/reset")))
      this.#offerUndo("The world is as it was on first use.", before);
  }

  async #snapshot() {
    try {
      return await this.#control.get("/state");
    } catch {
      return null; // the next request then fails, too, and shows why
    }
  }

  #offerUndo(sentence, before) {
    notice(
      sentence,
      before && {
        label: `Undo (${counted(before.handlers.length, "handler")})`,
        act: () => attempt(() => this.#control.send("PUT", "/state", before)),
      },
    );
  }
}

function tableOf(handlers) {
  const columns = [...new Set(handlers.flatMap((handler) => Object.keys(handler)))];
  return table(
    "Handlers, newest first",
    columns.map(breakable),
    handlers.map((handler) => row(columns.map((name) => cell(handler[name])))),
    "handlers",
  );
}

/** A time that may be wrapped only between date and time of day. */
function whole(moment) {
  return moment.split(/(?<= )/).map((part) => h("span", { class: "unbroken" }, part));
}

/** A name that may be wrapped after each underscore. */
function breakable(name) {
  return name.split(/(?<=_)/).flatMap((part) => [h("wbr"), part]);
}

function cell(value) {
  if (value === null || value === undefined) return h("span", { class: "soft" }, "–");
  if (typeof value === "boolean") return h("span", { class: value ? "yes" : "no" }, String(value));
  if (typeof value !== "object") return MOMENT.test(value) ? whole(value) : String(value);
  return h(
    "dl",
    { class: "settings" },
    Object.entries(value).map(([name, inner]) =>
      h("div", h("dt", name), h("dd", inner === "" ? h("span", { class: "soft" }, "empty") : String(inner))),
    ),
  );
}
