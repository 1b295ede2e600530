// The list of exchanges. New ones are added at its end, and the reader's place further up stays.

import { fill, find, h } from "./element.mjs";
import { isNoticed, sieve } from "./sieve.mjs";
import { counted, moment, span, timeOfDay } from "./words.mjs";

const MOST_ROWS = 500;

export class Journal {
  #list = find("exchanges");
  #newest = find("newest");
  #rows = new Map();
  #chosen = null;

  /** `chosen` is called with the chosen exchange or null; `nothing` returns the text of an empty list. */
  constructor(chosen, nothing) {
    this.chosen = chosen;
    this.nothing = nothing;
    this.passes = sieve("", false);
    this.#list.addEventListener("keydown", (event) => this.#walk(event));
    this.#list.addEventListener(
      "scroll",
      () => {
        this.#newest.hidden = this.#atEnd();
      },
      { passive: true },
    );
    this.#newest.addEventListener("click", () => this.#toEnd());
    for (const id of ["sieve", "noticed"]) find(id).addEventListener("input", () => this.#sift());
    find("sieve").addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.focus();
    });
  }

  /** Replace the exchanges of the list. */
  begin(exchanges) {
    this.#rows.clear();
    this.#list.replaceChildren();
    this.choose(null);
    this.add(exchanges);
    this.#toEnd();
  }

  /** Add exchanges at the end. */
  add(exchanges) {
    const follow = this.#atEnd();
    for (const exchange of exchanges) {
      const row = this.#row(exchange);
      this.#rows.set(exchange.number, { exchange, row });
      row.hidden = !this.passes(exchange);
    }
    this.#list.append(...exchanges.map(({ number }) => this.#rows.get(number).row));
    if (follow) {
      this.#forgetOldest();
      this.#toEnd();
    } else if (exchanges.length) {
      this.#newest.hidden = false;
    }
    if (exchanges.length)
      find("heard").textContent = `${counted(exchanges.length, "new exchange")}, the last ${spoken(exchanges.at(-1))}`;
    this.#sayNothing();
  }

  /** Choose an exchange by its number, or none. */
  choose(number) {
    this.#rows.get(this.#chosen)?.row.setAttribute("aria-selected", "false");
    this.#chosen = number;
    const found = this.#rows.get(number);
    if (found) {
      found.row.setAttribute("aria-selected", "true");
      found.row.scrollIntoView({ block: "nearest" });
      this.#list.setAttribute("aria-activedescendant", found.row.id);
    } else {
      this.#list.removeAttribute("aria-activedescendant");
    }
    this.chosen(found?.exchange ?? null);
  }

  /** Choose the next exchange (1) or the one before (-1). */
  step(by) {
    const shown = [...this.#rows.values()].filter(({ row }) => !row.hidden).map(({ exchange }) => exchange.number);
    if (!shown.length) return;
    const known = shown.indexOf(this.#chosen);
    const at = known === -1 ? shown.length - Math.max(by, 0) : known; // begin at the newest if none is chosen
    const to = Math.min(Math.max(at + by, 0), shown.length - 1);
    this.choose(shown[to]);
  }

  focus() {
    this.#list.focus();
  }

  #row(exchange) {
    const { number, status, target, method, milliseconds } = exchange;
    return h(
      "li",
      {
        id: `row-${number}`,
        role: "option",
        "aria-selected": "false",
        class: `row class-${Math.floor(status / 100)}${isNoticed(exchange) ? " noticed" : ""}`,
        click: () => this.choose(number),
      },
      h("time", timeOfDay(moment(exchange.time))),
      h("span", { class: "method" }, method),
      h("span", { class: "target", title: target }, target),
      h("span", { class: "marks" }, marks(exchange)),
      h("span", { class: "status" }, status),
      h("span", { class: "span" }, span(milliseconds)),
    );
  }

  #walk(event) {
    const by = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    if (event.key === "Escape") this.choose(null);
    else if (by !== undefined) this.step(by);
    else return;
    event.preventDefault();
  }

  #sift() {
    this.passes = sieve(find("sieve").value, find("noticed").checked);
    for (const { exchange, row } of this.#rows.values()) row.hidden = !this.passes(exchange);
    this.#sayNothing();
    this.#toEnd();
  }

  #sayNothing() {
    const none = [...this.#rows.values()].every(({ row }) => row.hidden);
    const box = find("nothing");
    box.hidden = !none;
    if (none) fill(box, this.#rows.size ? h("p", "No exchange fits the filter.") : this.nothing());
  }

  #forgetOldest() {
    for (const [number, { row }] of this.#rows) {
      if (this.#rows.size <= MOST_ROWS) return;
      if (number !== this.#chosen) {
        row.remove();
        this.#rows.delete(number);
      }
    }
  }

  #atEnd() {
    return this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < 4;
  }

  #toEnd() {
    this.#list.scrollTop = this.#list.scrollHeight;
    this.#newest.hidden = true;
  }
}

function marks({ violations, fault, defect }) {
  return [
    violations.length > 0 &&
      h(
        "span",
        { class: "mark open", title: counted(violations.length, "violation") },
        `! ${violations.length}`,
        h("span", { class: "hidden" }, violations.length === 1 ? " violation" : " violations"),
      ),
    fault !== null && h("span", { class: "mark accent", title: `Fault ${fault} struck` }, "fault"),
    defect !== null && h("span", { class: "mark bad", title: "A defect of the mock" }, "defect"),
  ];
}

function spoken({ number, method, target, status, violations, fault, defect }) {
  return [
    `${number}: ${method} ${target}, answered ${status}`,
    violations.length > 0 && counted(violations.length, "violation"),
    fault !== null && "a fault struck",
    defect !== null && "a defect of the mock",
  ]
    .filter(Boolean)
    .join(", ");
}
