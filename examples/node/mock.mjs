// A world of a running mock: all that a test needs of it, in plain HTTP. Each test takes a world of its own, by its key.
import { randomUUID } from "node:crypto";

const MOCK = process.env.BITPEAK_MOCK_URL ?? "http://127.0.0.1:4055";
// A mock in a container asks for a token.
const TOKEN = process.env.BITPEAK_MOCK_CONTROL_TOKEN;
const headers = TOKEN ? { "X-Bitpeak-Mock-Token": TOKEN } : {};

export class World {
  key = `mock-${randomUUID()}`;
  url = `${MOCK}/api`;

  async #ask(method, path, { body, ...query } = {}) {
    const target = `${MOCK}/_mock${path}?${new URLSearchParams({ key: this.key, ...query })}`;
    const response = await fetch(target, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(JSON.parse(text).errors[0].title);
    return text && JSON.parse(text);
  }

  seed(handlers) {
    return this.#ask("PUT", "/state", { body: { handlers } });
  }
  async handlers() {
    return (await this.#ask("GET", "/state")).handlers;
  }
  fail(fault) {
    return this.#ask("POST", "/faults", { body: fault });
  }
  quota(quota) {
    return this.#ask("PATCH", "/quota", { body: quota });
  }
  freeze() {
    return this.#ask("PATCH", "/clock", { body: { frozen: true } });
  }
  advance(milliseconds) {
    return this.#ask("PATCH", "/clock", { body: { advance: `${milliseconds}ms` } });
  }
  async now() {
    return Date.parse((await this.#ask("GET", "/clock")).now);
  }
  // The exchanges that fit; with `wait` and `count`, as soon as there are so many.
  async journal(wanted = {}) {
    return (await this.#ask("GET", "/journal", wanted)).exchanges;
  }
}
