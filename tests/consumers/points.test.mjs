// A suite of a Node consumer: its own test runner, fetch, and the control by HTTP.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";

const MOCK = process.env.MOCK;
const PATH = "/api/notification-handlers";
const LISTS = ["list_notification_handlers", "list_notification_handlers_without_slash"];

class World {
  constructor(key = `mock-${randomUUID()}`) {
    this.key = key;
  }

  api(method, path = PATH, fields = undefined, headers = {}) {
    const body = fields && new FormData();
    for (const [name, text] of Object.entries(fields ?? {})) body.append(name, text);
    return fetch(MOCK + path, { method, body, headers: { Authorization: `Bearer ${this.key}`, ...headers } });
  }

  async control(method, path, body = undefined) {
    const response = await fetch(`${MOCK}/_mock${path}${path.includes("?") ? "&" : "?"}key=${this.key}`, {
      method,
      body: body && (typeof body === "string" ? body : JSON.stringify(body)),
    });
    const text = await response.text();
    return { status: response.status, json: text ? JSON.parse(text) : null };
  }

  async journal(query = "") {
    return (await this.control("GET", `/journal${query}`)).json.exchanges;
  }
}

describe("a private world", { concurrency: true }, () => {
  for (const turn of [1, 2, 3, 4, 5, 6]) {
    it(`begins alike (${turn})`, async () => {
      const world = new World();
      assert.equal((await (await world.api("GET", `${PATH}/`)).json()).meta.total, 1);
      await world.api("POST", PATH, { name: `Turn ${turn}`, type: "slack", slack: "s" });
      assert.equal((await world.journal()).length, 2);
    });
  }

  for (const operation of LISTS) {
    it(`means all spellings of ${operation}`, async () => {
      const world = new World();
      await world.control("POST", "/faults", { status: 503, times: 2, operation });
      assert.deepEqual([(await world.api("GET")).status, (await world.api("GET", `${PATH}/`)).status], [503, 503]);
      assert.equal((await world.journal(`?operation=${operation}`)).length, 2);
    });
  }

  for (const query of ["?method=POTS", "?path=/notification-handler", "?violation=oops", "?operation=list"]) {
    it(`refuses the filter ${query}`, async () => {
      const { status, json } = await new World().control("GET", `/journal${query}`);
      assert.equal(status, 400);
      assert.match(json.errors[0].title, /^(Unknown|Invalid) /);
    });
  }

  for (const id of ["7.0", "7"]) {
    it(`takes the id ${id}`, async () => {
      const world = new World();
      await world.control(
        "PUT",
        "/state",
        `{"handlers": [{"type": "email", "name": "a", "id": ${id}}], "answers": []}`,
      );
      const created = await world.api("POST", PATH, { name: "b", type: "email" });
      assert.equal(await created.text(), '{"data":{"id":8}}');
    });
  }

  for (const [order, says] of [
    [{ wire: "melt" }, "Invalid wire 'melt': use drop, reset, empty, truncate, slow or null."],
    [{ status: 200 }, "Invalid status 200: use 400–599."],
    [{ status: 503, tims: 2 }, "Unknown field 'tims' (did you mean 'times'?)."],
    [{ headers: { "Content-Length": "1" } }, "Invalid headers "],
    [{ latency: "soon" }, "Invalid latency 'soon': use a time such as 200ms"],
  ]) {
    it(`says what is wrong with ${JSON.stringify(order)}`, async () => {
      const { status, json } = await new World().control("POST", "/faults", order);
      assert.equal(status, 400);
      assert.ok(json.errors[0].title.startsWith(says), json.errors[0].title);
    });
  }

  it("sends a true Retry-After", async () => {
    const world = new World();
    await world.control("POST", "/faults", { refusal: "rate_limited", headers: { "Retry-After": "30" } });
    const response = await world.api("GET");
    assert.deepEqual([response.status, response.headers.get("retry-after")], [429, "30"]);
  });

  for (const status of [400, 408, 418, 504, 599]) {
    it(`fails with ${status} and a body of its own`, async () => {
      const world = new World();
      await world.control("POST", "/faults", { status, body: { message: "later" } });
      const response = await world.api("GET");
      assert.deepEqual([response.status, await response.json()], [status, { message: "later" }]);
      assert.deepEqual((await world.journal())[0].beyond, ["status", "body"]);
    });
  }

  it("tells a sequence", async () => {
    const world = new World();
    await world.control("POST", "/faults", { status: 500, scenario: "outage", next: "over" });
    await world.control("POST", "/faults", { refusal: "rate_limited", scenario: "outage", state: "over" });
    assert.deepEqual([(await world.api("GET")).status, (await world.api("GET")).status], [500, 429]);
  });

  for (const wire of ["drop", "reset"]) {
    it(`breaks the connection until it is healed (${wire})`, async () => {
      const world = new World();
      await world.control("POST", "/faults", { wire });
      await assert.rejects(world.api("GET"));
      await world.control("DELETE", "/faults");
      assert.equal((await world.api("GET")).status, 200);
    });
  }

  it("keeps a fault that found nothing to change", async () => {
    const world = new World();
    await world.control("POST", "/faults", { mutation: { pointer: "/data/0/name", change: "missing" } });
    await world.api("GET", `${PATH}/1`);
    assert.equal((await world.control("GET", "/faults")).json.faults[0].hits, 0);
    assert.equal("name" in (await (await world.api("GET")).json()).data[0], false);
  });

  for (const [method, path, fields, says] of [
    ["PUT", `${PATH}/1`, undefined, "An update is a POST here."],
    ["GET", "/notification-handlers", undefined, "The base path is missing."],
    ["POST", PATH, { name: "a", type: "Slack" }, "Invalid type 'Slack' (did you mean 'slack'?)."],
    ["POST", PATH, { type: "slack" }, "The field 'name' is missing or empty."],
  ]) {
    it(`hints: ${says}`, async () => {
      const world = new World();
      await world.api(method, path, fields);
      const [{ hint }] = await world.journal();
      assert.ok(hint.startsWith(says), hint);
    });
  }

  it("is in the list of worlds", async () => {
    const world = new World();
    await world.api("GET");
    const { worlds } = await (await fetch(`${MOCK}/_mock/worlds`)).json();
    assert.ok(worlds.some(({ key, exchanges }) => key === `${world.key.slice(0, 6)}…${world.key.length}` && exchanges));
  });
});

describe("a shared world", { concurrency: true }, () => {
  const shared = new World();
  for (const turn of [1, 2, 3, 4, 5, 6]) {
    it(`is one for all (${turn})`, async () => {
      const created = await shared.api("POST", PATH, { name: `Turn ${turn}`, type: "email" });
      const { id } = (await created.json()).data;
      const [found] = (await shared.journal(`?method=post&path=/notification-handlers`)).filter(({ request }) =>
        request.parts.some(({ preview }) => preview === `Turn ${turn}`),
      );
      assert.equal(JSON.parse(found.answer.body).data.id, id);
    });
  }
});
