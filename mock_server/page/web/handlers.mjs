// The items of each resource of the world, such as handlers, as the service shows them. The columns are the fields that they
// have.

import { fill, find, h } from "./element.mjs";
import { button } from "./form.mjs";
import { attempt, notice } from "./notice.mjs";
import { row, table } from "./prose.mjs";
import { undoing } from "./undo.mjs";
import { counted } from "./words.mjs";

const MOST_ROWS = 200;
const MOMENT = /^\d{4}-\d\d-\d\d /;

export class Handlers {
  #control;
  #names;
  #shown = "";

  /**
   * `names` are those of the resources. `presets` are examples of the control document's: `{name, summary, value}`,
   * states to put; those of other resources are left out.
   */
  constructor(control, names, presets) {
    this.#control = control;
    this.#names = names;
    const fitting = presets.filter(({ value }) => Object.keys(value).every((part) => names.includes(part)));
    find("handlers-name").textContent = titled(names);
    fill(
      find("handlers-head"),
      h("h2", titled(names)),
      h("span", { class: "soft", id: "handlers-sum" }),
      h("span", { class: "space" }),
      h(
        "div",
        { class: "presets" },
        fitting.map(({ name, summary, value }) =>
          button(summary ?? name, () => this.#put(value, summary ?? name), { class: "quiet" }),
        ),
        button("Reset world", () => this.#reset(), { id: "reset" }),
      ),
    );
  }

  /** Show the items of a state, the newest of each resource first. */
  show(state) {
    const text = JSON.stringify([this.#names.map((name) => state[name]), state.next_id]);
    if (text === this.#shown) return;
    this.#shown = text;
    const several = this.#names.length > 1;
    find("handlers-count").textContent = countOf(state, this.#names);
    find("handlers-sum").textContent = several ? "" : summary(state[this.#names[0]], state.next_id);
    fill(
      find("handlers-body"),
      this.#names.map((name) => [
        several &&
          h("h3", titled([name]), " ", h("span", { class: "soft" }, summary(state[name], state.next_id[name]))),
        state[name].length
          ? tableOf(name, newest(state[name]))
          : h("p", { class: "empty" }, `No ${name}. Create one by the API, or seed the world here.`),
      ]),
    );
  }

  #put(state, name) {
    return this.#change("PUT", "/state", state, `The world was changed: ${name}.`);
  }

  #reset() {
    return this.#change("POST", "/reset", undefined, "The world is as it was on first use.");
  }

  /** Change the world that is shown now, and offer to undo that change in that world. */
  #change(method, path, body, sentence) {
    const query = { key: this.#control.key };
    return attempt(async () => {
      const before = await this.#control.get("/state", query);
      const after = await this.#control.send(method, path, body, query);
      const began = performance.now();
      if (query.key !== this.#control.key) return; // another world is shown by now
      notice(sentence, {
        label: `Undo (${counted(countOf(before, this.#names), nounOf(this.#names))})`,
        act: () => attempt(() => this.#undo(before, after, performance.now() - began, query)),
      });
    });
  }

  async #undo(before, after, elapsed, query) {
    const now = await this.#control.get("/state", query);
    const { state, kept } = undoing(this.#names, before, after, now, elapsed);
    if (Object.keys(state).length) await this.#control.send("PUT", "/state", state, query);
    if (kept.length) notice(`What has changed since stays as it is: ${kept.join(", ")}.`);
  }
}

function newest(items) {
  return items.toSorted((one, other) => other.id - one.id).slice(0, MOST_ROWS);
}

function summary(items, next) {
  return items.length > MOST_ROWS
    ? `the newest ${MOST_ROWS} of ${items.length.toLocaleString("en")}`
    : `next id ${next}`;
}

function countOf(state, names) {
  return names.reduce((sum, name) => sum + state[name].length, 0);
}

function nounOf(names) {
  return names.length > 1 ? "item" : names[0].replace(/s$/, "");
}

function titled(names) {
  const text = names.join(", ");
  return text[0].toUpperCase() + text.slice(1);
}

function tableOf(name, items) {
  const columns = [...new Set(items.flatMap((item) => Object.keys(item)))];
  return table(
    `${titled([name])}, newest first`,
    columns.map(breakable),
    items.map((item) => row(columns.map((column) => cell(item[column])))),
    "handlers",
  );
}

/** A time that may be wrapped only between date and time of day. */
function whole(moment) {
  return moment.split(" ").map((part, at) => [at > 0 && " ", h("span", { class: "unbroken" }, part)]);
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
