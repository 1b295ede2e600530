// The list of exchanges. New ones are added at its end, and the reader's place further up stays.

import { fill, find, h } from "./element.mjs";
import { hasRemark, sieve, struckBy } from "./sieve.mjs";
import { counted, moment, span, timeOfDay } from "./words.mjs";

const MOST_ROWS = 500;
const LONGEST_ID = 12;

export class Journal {
  #list = find("exchanges");
  #newest = find("newest");
  #rows = new Map();
  #chosen = null;
  #total = 0;
  // The end is followed until somebody scrolls up: a pane that changes its height leaves it, too, and means nothing.
  #follows = true;
  #top = 0;

  /** `chosen` is called with the chosen exchange or null; `nothing` returns the text of an empty list. */
  constructor(chosen, nothing) {
    this.chosen = chosen;
    this.nothing = nothing;
    this.passes = sieve("", false);
    this.#list.addEventListener("keydown", (event) => this.#walk(event));
    this.#list.addEventListener(
      "scroll",
      () => {
        this.#follows = this.#isFollowed();
        this.#top = this.#list.scrollTop;
        this.#newest.hidden = this.#follows;
      },
      { passive: true },
    );
    this.#newest.addEventListener("click", () => this.#toEnd());
    for (const id of ["sieve", "remarked"]) find(id).addEventListener("input", () => this.#sift());
    find("sieve").addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.focus();
    });
  }

  /** Replace the exchanges of the list. `total` counts those before them, too. */
  begin(exchanges, total) {
    this.#total = total;
    this.#rows.clear();
    this.#list.replaceChildren();
    this.choose(null);
    this.add(exchanges);
    this.#toEnd();
  }

  /** Say how many of `total` exchanges the list holds, and how many of them the filter lets pass. */
  count(total) {
    this.#total = total;
    const all = this.#rows.size;
    const passing = [...this.#rows.values()].filter(({ row }) => !row.hidden).length;
    const held = total > all ? `the last ${all.toLocaleString("en")} of ${total.toLocaleString("en")}` : `${all}`;
    const isSifted = find("sieve").value.trim() !== "" || find("remarked").checked;
    find("journal-sum").textContent = isSifted ? `${passing} among ${held}` : total > all ? held : "";
  }

  /** Add exchanges at the end. */
  add(exchanges) {
    const follow = this.#isFollowed();
    for (const exchange of exchanges) {
      const row = this.#row(exchange);
      this.#rows.set(exchange.number, { exchange, row });
      row.hidden = !this.passes(exchange);
    }
    this.#list.append(...exchanges.map(({ number }) => this.#rows.get(number).row));
    if (follow) this.#forgetOldest();
    else if (exchanges.length) this.#newest.hidden = false;
    if (exchanges.length)
      find("heard").textContent = `${counted(exchanges.length, "new exchange")}, the last ${spoken(exchanges.at(-1))}`;
    this.#sayNothing();
    if (follow) this.#toEnd(); // at last, since the sentences above can change the height of the pane
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
        class: `row class-${Math.floor(status / 100)}${hasRemark(exchange) ? " remarked" : ""}`,
        click: () => this.choose(number),
      },
      h("time", timeOfDay(moment(exchange.time))),
      h("span", { class: "method" }, method),
      h("span", { class: "target", title: target }, ends(target)),
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
    this.passes = sieve(find("sieve").value, find("remarked").checked);
    for (const { exchange, row } of this.#rows.values()) row.hidden = !this.passes(exchange);
    this.#sayNothing();
    this.#toEnd();
  }

  #sayNothing() {
    const none = [...this.#rows.values()].every(({ row }) => row.hidden);
    const box = find("nothing");
    box.hidden = !none;
    if (none) fill(box, this.#rows.size ? h("p", "No exchange fits the filter.") : this.nothing());
    this.count(Math.max(this.#total, this.#rows.size));
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

  #isFollowed() {
    return this.#atEnd() || (this.#follows && this.#list.scrollTop >= this.#top);
  }

  #toEnd() {
    this.#list.scrollTop = this.#list.scrollHeight;
    this.#follows = true;
    this.#top = this.#list.scrollTop;
    this.#newest.hidden = true;
  }
}

/** Return a target in two parts, of which the first is cut if there is no room: the other tells it from its like. */
function ends(target) {
  const [path] = target.split("?");
  const at = path.lastIndexOf("/");
  // After a name, and not an id, the query tells more.
  const cut = path.length - at > LONGEST_ID && path !== target ? path.length : Math.max(at, 0);
  return [h("span", { class: "start-of" }, target.slice(0, cut)), h("span", target.slice(cut))];
}

function marks(exchange) {
  const { violations, hint, fault, defect } = exchange;
  return [
    violations.length > 0 &&
      h(
        "span",
        { class: "mark open", title: counted(violations.length, "violation") },
        `! ${violations.length}`,
        h("span", { class: "hidden" }, violations.length === 1 ? " violation" : " violations"),
      ),
    hint && h("span", { class: "mark accent", title: hint }, "?", h("span", { class: "hidden" }, " hint")),
    fault !== null && h("span", { class: "mark accent", title: `An armed fault: ${struckBy(exchange)}` }, "fault"),
    defect !== null && h("span", { class: "mark bad", title: "A defect of the mock" }, "defect"),
  ];
}

function spoken(exchange) {
  const { number, method, target, status, violations, hint, fault, defect } = exchange;
  return [
    `${number}: ${method} ${target}, answered ${status}`,
    violations.length > 0 && counted(violations.length, "violation"),
    hint && "a hint",
    fault !== null && `an armed fault: ${struckBy(exchange)}`,
    defect !== null && "a defect of the mock",
  ]
    .filter(Boolean)
    .join(", ");
}
