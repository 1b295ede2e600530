// The parts of the page. On a wide window the journal always shows, and the tabs choose what is beside it.

import { find } from "./element.mjs";

const JOURNAL = "tab-journal";
const wide = matchMedia("(min-width: 62rem)");

export class Tabs {
  #tabs = [...find("tabs").querySelectorAll("[role=tab]")];
  #chosen = JOURNAL;

  /** `shown` is called with the id of each pane that becomes visible. */
  constructor(shown) {
    this.shown = shown;
    for (const tab of this.#tabs) tab.addEventListener("click", () => this.choose(tab.id));
    find("tabs").addEventListener("keydown", (event) => this.#walk(event));
    wide.addEventListener("change", () => this.choose(this.#chosen));
    this.choose(wide.matches ? "tab-handlers" : JOURNAL);
  }

  /** The ids of the tabs, in their order. */
  get ids() {
    return this.#tabs.map((tab) => tab.id);
  }

  /** Show a part. */
  choose(id) {
    if (wide.matches && id === JOURNAL) {
      this.#chosen = this.#chosen === JOURNAL ? "tab-handlers" : this.#chosen;
    } else {
      this.#chosen = id;
    }
    for (const tab of this.#tabs) {
      const chosen = tab.id === this.#chosen;
      const pane = find(tab.getAttribute("aria-controls"));
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      pane.classList.toggle("shown", chosen);
      if (!chosen) continue;
      tab.scrollIntoView({ block: "nearest", inline: "nearest" });
      this.shown(pane.id);
    }
  }

  /** Show a part and put the focus there. */
  go(id) {
    this.choose(id);
    const pane = find(find(id).getAttribute("aria-controls"));
    pane.focus();
  }

  #walk(event) {
    const tabs = this.#tabs.filter((tab) => tab.offsetParent !== null);
    const at = tabs.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const tab = tabs[(to + tabs.length) % tabs.length];
    this.choose(tab.id);
    tab.focus();
  }
}
