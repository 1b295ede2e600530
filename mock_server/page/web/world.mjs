// The world that the page shows, and its changes by consumers, tests and other tabs.

import { ControlError } from "./control.mjs";

// The page remembers fewer exchanges than the mock, so that it stays quick.
const REMEMBERED = 500;
// How long one request for changes stays open: shorter than the limits of proxies.
const WAIT = "20s";
const NOTHING = { exchanges: [], total: 0, cleared: 0, next: 0 };
// The interval at which many changes are shown.
const BREATH = 120;
// The journal's refusal if it has evicted the requested exchanges.
const EVICTED = 410;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 8000;

/**
 * Events: `state` (anything in the world), `exchanges` (`detail` has the new ones), `lobby`, `begin` (all that was known is
 * void), and `pulse` (`detail` is null while all is well, else the ControlError).
 */
export class World extends EventTarget {
  #control;
  #running = null;
  #cleared = 0;
  #next = 0;
  #lobbyNext = 0;

  constructor(control) {
    super();
    this.#control = control;
    this.#forget();
  }

  /** Follow the world from its beginning. The former world is not followed any more. */
  begin() {
    this.stop();
    this.#forget();
    this.#tell("begin");
    this.resume();
  }

  /** Follow it from the last known event. */
  resume() {
    if (this.#running !== null) return;
    this.#running = new AbortController();
    this.#follow(this.#running.signal);
  }

  stop() {
    this.#running?.abort();
    this.#running = null;
  }

  /** Read an exchange again, with all bytes that the mock remembers of it. Throws an Error with a sentence. */
  async whole({ number }, isLobby) {
    const query = { since: number - 1, bodies: true, partial: true, ...(isLobby && { lobby: true, key: null }) };
    const found = (await this.#control.get("/journal", query)).exchanges.find((each) => each.number === number);
    if (!found) throw new Error("The mock does not remember this exchange any more.");
    return found;
  }

  async #follow(signal) {
    let revision = null;
    let pause = FIRST_PAUSE;
    while (!signal.aborted) {
      try {
        const query = revision === null ? {} : { since: revision, wait: WAIT };
        const seen = (await this.#control.get("/changes", query, signal)).revision;
        if (seen !== revision) await this.#read(signal);
        revision = seen;
        pause = FIRST_PAUSE;
        this.#tell("pulse", null);
        await sleep(BREATH);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ControlError)) throw error;
        revision = null; // a restarted mock counts from its own beginning
        this.#tell("pulse", error);
        await sleep(pause);
        pause = Math.min(pause * 2, LONGEST_PAUSE);
      }
    }
  }

  async #read(signal) {
    const [state, journal, lobby] = await Promise.all([
      this.#control.get("/state", {}, signal),
      this.#news({ since: this.#next }, signal),
      this.#news({ since: this.#lobbyNext, lobby: true, key: null }, signal),
    ]);
    if (signal.aborted) return;
    // The world is another one, or the journal has evicted some exchanges: all that was known is void.
    if (journal === null || lobby === null) {
      this.#forget();
      this.#tell("begin");
      await this.#read(signal);
      return;
    }
    if (journal.cleared !== this.#cleared) {
      this.#cleared = journal.cleared;
      this.exchanges = [];
      this.#tell("begin");
    }
    this.state = state;
    this.total = journal.total - journal.cleared;
    this.lobbyTotal = lobby.total - lobby.cleared;
    this.#next = journal.next;
    this.exchanges = [...this.exchanges, ...journal.exchanges].slice(-REMEMBERED);
    this.#lobbyNext = lobby.next;
    this.lobby = [...this.lobby, ...lobby.exchanges].slice(-REMEMBERED);
    this.#tell("state");
    if (lobby.exchanges.length) this.#tell("lobby", lobby.exchanges);
    if (journal.exchanges.length) this.#tell("exchanges", journal.exchanges);
  }

  /** Return the exchanges after `since`, or null if the journal has evicted some. */
  async #news({ since, ...query }, signal) {
    try {
      const news = await this.#control.get("/journal", { ...query, limit: REMEMBERED, since: since || null }, signal);
      return news.next < since ? null : news;
    } catch (error) {
      if (error.status !== EVICTED) throw error;
      if (since === 0) return NOTHING; // there is nothing left to show
      return null;
    }
  }

  #forget() {
    this.state = null;
    this.exchanges = [];
    this.lobby = [];
    this.total = 0; // exchanges that the world has seen since its journal was cleared, and the lobby
    this.lobbyTotal = 0;
    this.#cleared = 0;
    this.#next = 0;
    this.#lobbyNext = 0;
  }

  #tell(type, detail = undefined) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
