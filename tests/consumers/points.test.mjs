// A suite of a Node consumer: its own test runner, fetch, and the control by HTTP.
// MOCK is the address of a mock, PROGRAM the command bitpeak-mock, CAPSULE a file that pytest left of a failed test, and
// ORDER a seed for the order of the tests.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text as textOf } from "node:stream/consumers";
import * as runner from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const { MOCK, PROGRAM, CAPSULE, ORDER = "1" } = process.env;
const PATH = "/api/notification-handlers";
const LISTS = ["list_notification_handlers", "list_notification_handlers_without_slash"];

let seed = Number(ORDER);
let planned = [];
const it = (name, body) => planned.push([name, body]);

function random() {
  seed = (seed * 48271) % 2147483647; // Lehmer's generator, as Math.random takes no seed
  return seed / 2147483647;
}

/** Run the tests of a function in a random order. */
function describe(name, options, plan) {
  runner.describe(name, options, () => {
    planned = [];
    plan();
    const order = planned.map((each) => [random(), each]).sort(([one], [other]) => one - other);
    for (const [, [title, body]] of order) runner.it(title, body);
  });
}

class World {
  constructor(key = `mock-${randomUUID()}`, headers = {}) {
    this.key = key;
    this.headers = headers;
  }

  api(method, path = PATH, fields = undefined, headers = {}) {
    const body = fields && new FormData();
    for (const [name, text] of Object.entries(fields ?? {})) body.append(name, text);
    const all = { Authorization: `Bearer ${this.key}`, ...this.headers, ...headers };
    return fetch(MOCK + path, { method, body, headers: all });
  }

  async control(method, path, body = undefined) {
    const response = await fetch(`${MOCK}/_mock${path}${path.includes("?") ? "&" : "?"}key=${this.key}`, {
      method,
      headers: this.headers,
      body: body && (typeof body === "string" ? body : JSON.stringify(body)),
    });
    const text = await response.text();
    return { status: response.status, json: text ? JSON.parse(text) : null };
  }

  async journal(query = "") {
    return (await this.control("GET", `/journal${query}`)).json.exchanges;
  }
}

/** Call until the mock is well again, as often as `most` says, and wait as long as it says. */
async function patient(call, most = 5) {
  const response = await call();
  if (response.status !== 503 || most === 0) return response;
  await sleep(Number(response.headers.get("retry-after")) * 1000);
  return patient(call, most - 1);
}

/** Run a command to its end. */
async function run(command, words, input = "", env = {}) {
  const child = spawn(command, words, { env: { ...process.env, ...env } });
  child.stdin.on("error", () => {}).end(input);
  const [out, log, [code]] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, "close")]);
  assert.equal(code, 0, log);
  return { out, pid: child.pid };
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

  it("shows a long text whole", async () => {
    const world = new World();
    const url = `https://example.com/${"x".repeat(400)}`;
    await world.api("POST", PATH, { name: "Team", type: "slack", slack: url });
    const [{ request }] = await world.journal("?bodies=true");
    assert.equal(request.parts.find(({ name }) => name === "slack").text, url);
  });

  it("undoes in one world, and only what is named", async () => {
    const [world, other] = [new World(), new World()];
    const { handlers } = (await world.control("GET", "/state")).json;
    await world.control("PUT", "/state", { handlers: [] });
    await world.control("POST", "/faults", { status: 503 });
    await other.api("POST", PATH, { name: "New", type: "email" });
    await world.control("PUT", "/state", { handlers });
    const [mine, others] = await Promise.all([world, other].map((each) => each.control("GET", "/state")));
    assert.deepEqual([mine.json.handlers, mine.json.faults.length], [handlers, 1]);
    assert.deepEqual([others.json.handlers.map(({ name }) => name), others.json.faults], [["Work email", "New"], []]);
  });

  it("never says that there was none of what it has forgotten", async () => {
    const world = new World();
    await world.api("GET", `${PATH}/?colour=red`);
    const others = Array.from({ length: 15 });
    for (let turn = 0; turn < 67; turn++) await Promise.all(others.map(() => world.api("GET", `${PATH}/1`)));
    assert.equal((await world.control("GET", "/journal?violation=any")).status, 410);
    assert.equal((await world.control("GET", "/journal?limit=1&partial=true")).json.violated, 1);
    const [{ number }] = await world.journal("?limit=1&partial=true");
    assert.equal(number, 1006);
  });

  it("meets a client that tries again", async () => {
    const world = new World();
    await world.control("POST", "/faults", { status: 503, times: 2, headers: { "Retry-After": "0" } });
    assert.equal((await patient(() => world.api("GET"))).status, 200);
    assert.deepEqual(
      (await world.journal()).map(({ status }) => status),
      [503, 503, 200],
    );
  });

  it("keeps what a fault on the wire spoilt", async () => {
    const world = new World();
    await world.control("POST", "/faults", { wire: "truncate", times: 1 });
    await assert.rejects(async () => (await world.api("GET")).text());
    assert.equal((await world.api("GET")).status, 200);
    assert.deepEqual(
      (await world.journal()).map(({ wire }) => wire),
      ["truncate", null],
    );
  });

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

describe("a world of a program", { concurrency: true }, () => {
  it("is given to it by the environment", async () => {
    const world = new World();
    const program = `fetch(process.env.URL, { headers: { Authorization: "Bearer " + process.env.KEY } })`;
    await run(process.execPath, ["-e", program], "", { URL: `${MOCK}${PATH}`, KEY: world.key });
    assert.equal((await world.journal("?count=1&wait=20s"))[0].status, 200);
  });

  for (const [query, says] of [
    ["", "Name the world: add ?key=mock-key or"],
    ["?key=real", "The key must begin with 'mock'"],
    ["?key=mock-a&strict=yes", "Unknown parameter 'strict'."],
  ]) {
    it(`is never taken for granted (${query})`, async () => {
      const response = await fetch(`${MOCK}/_mock/faults${query}`, { method: "POST", body: '{"status": 503}' });
      assert.equal(response.status, 400);
      assert.ok((await response.json()).errors[0].title.startsWith(says));
    });
  }
});

describe("a capsule", { concurrency: true }, () => {
  const ends = ["drop", "reset", "empty", "truncate", "slow", null];

  it("is replayed to its end", async () => {
    const { out } = await run(PROGRAM, ["replay", CAPSULE]);
    assert.equal(out, `same    GET ${PATH}/1 200\n`.repeat(ends.length));
  });

  it("becomes a script that makes all calls", async () => {
    const script = (await run(PROGRAM, ["replay", CAPSULE, "--as", "curl"])).out;
    const { pid } = await run("sh", [], script, { MOCK });
    const calls = await new World(`mock-replay-${pid}-1`).journal();
    assert.deepEqual(
      calls.map(({ wire }) => wire),
      ends,
    );
  });

  it("becomes an archive of what arrived", async () => {
    const { log } = JSON.parse((await run(PROGRAM, ["replay", CAPSULE, "--as", "har"])).out);
    assert.deepEqual(
      log.entries.map(({ response }) => response.status),
      [0, 0, 200, 200, 200, 200],
    );
  });
});

describe("a clock that the test replaces", { concurrency: false }, () => {
  for (const apis of [["Date"], ["setTimeout"]]) {
    it(`holds no wait and no latency (${apis})`, async (context) => {
      context.mock.timers.enable({ apis });
      // Each call has a connection of its own: with fake timers, Node 24 waits for one that it could use again.
      const world = new World(undefined, { Connection: "close" });
      assert.equal((await world.control("GET", "/journal?method=DELETE&wait=20ms")).status, 409);
      await world.control("POST", "/faults", { latency: "10ms", virtual: false });
      assert.equal((await world.api("GET")).status, 200);
    });
  }
});

// Somebody's settings for another mock.
const FOREIGN = {
  BITPEAK_MOCK_PORT: "tcp://10.0.0.1:80",
  BITPEAK_MOCK_UPSTREAM: "http://127.0.0.1:1",
  BITPEAK_MOCK_RECORD: "today.jsonl",
  BITPEAK_MOCK_CONTROL_TOKEN: "secret",
  BITPEAK_MOCK_STRICT: "1",
};

/** Start a mock for few connections, beside modules of its names and foreign settings. It must end without a traceback. */
async function withOwn(test) {
  const folder = await mkdtemp(join(tmpdir(), "points-"));
  for (const name of ["email", "contract_tests"]) await mkdir(join(folder, name));
  for (const name of ["mock_server", "queue", "click", "email/__init__", "contract_tests/__init__"])
    await writeFile(join(folder, `${name}.py`), "raise SystemExit(9)");
  await writeFile(join(folder, "today.jsonl"), "a recording");
  const command = 'ulimit -n 40; exec "$0" serve --port 0 --ignore-env';
  const own = spawn("sh", ["-c", command, PROGRAM], { cwd: folder, env: { ...process.env, ...FOREIGN } });
  const log = textOf(own.stderr);
  try {
    for await (const line of createInterface({ input: own.stdout })) {
      if (line.startsWith("ready ")) {
        await test(new URL(line.slice("ready ".length)));
        break;
      }
    }
  } finally {
    own.kill();
    const [code] = own.exitCode === null ? await once(own, "exit") : [own.exitCode];
    assert.deepEqual([code, /Traceback/.test(await log)], [0, false], await log);
    assert.equal(await readFile(join(folder, "today.jsonl"), "utf-8"), "a recording");
    await rm(folder, { recursive: true });
  }
}

describe("a mock that the suite starts", { concurrency: true }, () => {
  it("has no setting of another mock", () =>
    withOwn(async ({ origin }) => {
      const seeded = await fetch(`${origin}/_mock/state?key=mock`, { method: "PUT", body: '{"handlers": []}' });
      assert.equal(seeded.status, 200);
      const list = await fetch(`${origin}${PATH}?colour=red`, { headers: { Authorization: "Bearer mock" } });
      assert.deepEqual([list.status, (await list.json()).data], [200, []]);
    }));

  it("ends although a process that was left has a connection to it", async () => {
    let left;
    await withOwn(async ({ port, hostname }) => {
      const connection = connect(Number(port), hostname);
      await once(connection, "connect");
      connection.write(`GET ${PATH}/ HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
      await once(connection, "data");
      left = spawn("sleep", ["600"], { stdio: ["ignore", "ignore", "ignore", connection] });
    });
    assert.equal(left.exitCode, null);
    left.kill();
    await once(left, "exit");
  });

  it("says how it does when descriptors run out", () =>
    withOwn(async ({ port, hostname, origin }) => {
      const others = Array.from({ length: 12 }, () => connect(Number(port), hostname).on("error", () => {}));
      await Promise.all(others.map((other) => once(other, "connect")));
      for (const path of ["health", "control.yaml", "journal?key=mock"]) {
        assert.equal((await fetch(`${origin}/_mock/${path}`)).status, 200);
      }
      for (const other of others) other.destroy();
    }));

  it("logs no traceback if clients reset", () =>
    withOwn(async ({ port, hostname, origin }) => {
      for (let turn = 0; turn < 20; turn++) {
        const client = connect(Number(port), hostname).on("error", () => {});
        await once(client, "connect");
        client.write(`GET ${PATH}/ HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`);
        client.resetAndDestroy();
      }
      assert.equal((await fetch(`${origin}/_mock/health`)).status, 200);
    }));
});
