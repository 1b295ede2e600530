// What the program does on good days and on bad ones: `node --test`, with a mock that listens.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Account, TryLater } from "./handlers.mjs";
import { World } from "./mock.mjs";

const WANTED = [
  { name: "On call", type: "telegram", settings: { telegram: "1:a", telegram_chat_id: "-100" } },
  { name: "Team channel", type: "slack", settings: { slack: "https://example.com/hook" } },
  { name: "Weekly mail", type: "email", settings: { email: "hello@example.com" }, is_enabled: false },
];
const CREATED = { operation: "create_notification_handler", status: "201" };

// An account in a world of its own; its waits move the world's clock, and are noted.
async function opened(options = {}) {
  const world = new World();
  const pauses = [];
  const pause = async (milliseconds) => {
    pauses.push(milliseconds);
    await world.advance(milliseconds);
  };
  await world.seed([]);
  return { world, pauses, account: new Account(world.url, world.key, { pause, ...options }) };
}

// They run side by side against one mock, and never meet.
describe("the account", { concurrency: true }, () => {
  it("is made as wanted, and left alone from then on", async () => {
    const { world, account } = await opened();
    assert.deepEqual(await account.sync(WANTED), { created: 3, updated: 0, unchanged: 0 });
    const seen = await world.handlers();
    assert.deepEqual(new Set(seen.map((handler) => handler.name)), new Set(WANTED.map((handler) => handler.name)));
    assert.equal(seen.find((handler) => handler.name === "Weekly mail").is_enabled, false);
    const before = await world.journal();
    assert.deepEqual(await account.sync(WANTED), { created: 0, updated: 0, unchanged: 3 });
    assert.deepEqual(await world.journal({ since: before.at(-1).number, method: "POST" }), []);
  });

  it("is read to its last page", async () => {
    const { world, account } = await opened();
    const filler = Array.from({ length: 60 }, (_, number) => ({ ...WANTED[1], name: `Filler ${number}` }));
    await world.seed([{ ...WANTED[1], settings: { slack: "https://example.com/old" } }, ...filler]);
    assert.deepEqual(await account.sync([WANTED[1]]), { created: 0, updated: 1, unchanged: 0 });
    assert.equal((await world.journal({ method: "GET" })).length, 3);
  });

  it("waits out a quota of an hour", async () => {
    const { world, account, pauses } = await opened();
    await world.freeze();
    await world.quota({ requests: 2, seconds: 3600 });
    const began = await world.now();
    assert.deepEqual(await account.sync(WANTED), { created: 3, updated: 0, unchanged: 0 });
    assert.deepEqual(pauses, [3_600_000, 3_600_000]);
    assert.equal((await world.now()) - began, 2 * 3_600_000);
  });

  it("survives an outage, and backs off", async () => {
    const { world, account, pauses } = await opened();
    await world.fail({ status: 503, times: 2 });
    assert.deepEqual(await account.sync(WANTED), { created: 3, updated: 0, unchanged: 0 });
    assert.deepEqual(pauses, [1000, 2000]);
  });

  it("gives up in the end", async () => {
    const { world, account } = await opened();
    await world.fail({ status: 502, times: null });
    await assert.rejects(account.sync(WANTED), TryLater);
  });

  for (const wire of ["truncate", "reset", "drop"]) {
    it(`creates nothing twice if the response is lost (${wire})`, async () => {
      const { world, account } = await opened();
      await world.fail({ operation: "create_notification_handler", wire, times: 1 });
      assert.deepEqual(await account.sync(WANTED.slice(0, 2)), { created: 1, updated: 0, unchanged: 1 });
      assert.equal((await world.handlers()).length, 2);
    });
  }

  it("does not wait for ever", async () => {
    const { world, account, pauses } = await opened({ timeout: 1000 });
    await world.fail({ latency: "1h" });
    const done = await account.sync(WANTED);
    assert.equal(done.created + done.unchanged, 3);
    assert.equal(pauses[0], 1000);
  });

  it("is another one with another key", async () => {
    const [one, other] = await Promise.all([opened(), opened()]);
    await Promise.all([one.account.sync(WANTED), other.account.sync(WANTED.slice(0, 1))]);
    assert.equal((await one.world.handlers()).length, 3);
    assert.equal((await other.world.handlers()).length, 1);
  });

  it("is what the program works on", async () => {
    const { world } = await opened();
    const program = fileURLToPath(new URL("handlers.mjs", import.meta.url));
    const wanted = fileURLToPath(new URL("../wanted.json", import.meta.url));
    const child = spawn(process.execPath, [program, wanted], {
      env: { ...process.env, BITPEAK_API_URL: world.url, BITPEAK_API_KEY: world.key },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "close");
    const created = await world.journal({ ...CREATED, wait: "10s", count: "3" });
    assert.deepEqual(created[0].request.parts.map((part) => [part.key, part.preview]).slice(0, 2), [
      ["name", "On call"],
      ["type", "telegram"],
    ]);
    assert.deepEqual(await ended, [0, null]);
  });
});
