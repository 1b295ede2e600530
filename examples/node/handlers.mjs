// Keeps the notification handlers of an account as a file lists them, and may be run again at any time.
//
//   BITPEAK_API_URL=http://127.0.0.1:4055/api BITPEAK_API_KEY=mock-key node handlers.mjs wanted.json
//
// A handler is known by its name. What is missing is created, what differs is updated, and nothing else is touched.
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";

const TRIES = 4;

// The response did not arrive or was an error, so it is unknown what the API did.
export class TryLater extends Error {}

export class Account {
  #url;
  #headers;
  #pause;
  #timeout;

  // `pause` is how the program waits, `timeout` is for one response; both are in milliseconds.
  constructor(url, key, { pause = sleep, timeout = 10_000 } = {}) {
    this.#url = `${url}/notification-handlers`;
    this.#headers = { Authorization: `Bearer ${key}` };
    this.#pause = pause;
    this.#timeout = timeout;
  }

  // Makes the account as wanted. If a response is lost, it looks again at what is there, and goes on from that.
  async sync(wanted) {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#syncOnce(wanted);
      } catch (error) {
        if (!(error instanceof TryLater) || attempt === TRIES - 1) throw error;
        await this.#pause(1000 * 2 ** attempt);
      }
    }
  }

  async #syncOnce(wanted) {
    const done = { created: 0, updated: 0, unchanged: 0 };
    const there = new Map();
    for await (const handler of this.#handlers()) there.set(handler.name, handler);
    for (const { is_enabled = true, ...handler } of wanted) {
      const form = { name: handler.name, type: handler.type, ...handler.settings };
      const found = there.get(handler.name);
      if (!found) {
        const created = await this.#call("POST", this.#url, form);
        // A new handler is enabled, whatever its form says.
        if (!is_enabled) await this.#call("POST", `${this.#url}/${created.data.id}`, { is_enabled: "0" });
        done.created++;
      } else if (
        isDeepStrictEqual([found.type, found.settings, found.is_enabled], [handler.type, handler.settings, is_enabled])
      ) {
        done.unchanged++;
      } else {
        await this.#call("POST", `${this.#url}/${found.id}`, { ...form, is_enabled: is_enabled ? "1" : "0" });
        done.updated++;
      }
    }
    return done;
  }

  async *#handlers() {
    for (let link = `${this.#url}/`; link; ) {
      const page = await this.#call("GET", link);
      yield* page.data;
      link = page.links.next;
    }
  }

  // Makes a call, again and again while the quota is used up.
  async #call(method, url, form) {
    for (;;) {
      const { response, text } = await this.#ask(method, url, form);
      if (response.status === 429) {
        const seconds = response.headers.get("Retry-After") ?? response.headers.get("X-RateLimit-Reset") ?? "1";
        await this.#pause(1000 * Number(seconds));
        continue;
      }
      if (response.status >= 500) throw new TryLater(`${method} ${url}: ${response.status}`);
      if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`);
      return JSON.parse(text);
    }
  }

  async #ask(method, url, form) {
    let body;
    if (form) {
      body = new FormData();
      for (const [name, value] of Object.entries(form)) body.append(name, value);
    }
    try {
      const response = await fetch(url, {
        method,
        headers: this.#headers,
        body,
        signal: AbortSignal.timeout(this.#timeout),
      });
      return { response, text: await response.text() };
    } catch (error) {
      throw new TryLater(`${method} ${url}: ${error.cause ?? error}`, { cause: error });
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = JSON.parse(await readFile(process.argv[2], "utf8"));
  const done = await new Account(process.env.BITPEAK_API_URL, process.env.BITPEAK_API_KEY).sync(wanted);
  console.log(`${done.created} created, ${done.updated} updated, ${done.unchanged} unchanged`);
}
