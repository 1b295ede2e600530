// What an undo puts back, and what it leaves alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { undoing } from "../../../mock_server/page/web/undo.mjs";

const ROW = { id: 1, name: "Mine" };
const FRESH = {
  handlers: [],
  next_id: 2,
  clock: { now: "2026-01-01T00:00:00.000Z", frozen: false },
  quota: { enforced: false, requests: 60, seconds: 60, used: 0, remaining: 60, reset: 0 },
  faults: [],
  answers: {},
  rules: { strict: false, latency: "0" },
};
const FULL = { ...FRESH, handlers: [ROW], next_id: 9 };

function undone(before, after, now, elapsed = 1000) {
  return undoing(["handlers"], before, after, now, elapsed);
}

test("only what the change made another is put back", () => {
  assert.deepEqual(undone(FULL, FRESH, FRESH), { state: { handlers: [ROW], next_id: 9 }, kept: [] });
  assert.deepEqual(undone(FRESH, FRESH, FRESH), { state: {}, kept: [] });
});

test("what has changed since stays", () => {
  const fault = { id: 1, status: 503, hits: 0 };
  const now = { ...FRESH, faults: [fault], answers: { "create-status": "ok" }, rules: { strict: true, latency: "0" } };
  assert.deepEqual(undone(FULL, FRESH, now), { state: { handlers: [ROW], next_id: 9 }, kept: [] });
  const other = { ...FRESH, handlers: [{ id: 2, name: "Newer" }], next_id: 3 };
  assert.deepEqual(undone(FULL, FRESH, other), { state: {}, kept: ["handlers"] });
  const armed = { ...FULL, faults: [fault] };
  assert.deepEqual(undone(armed, FRESH, { ...FRESH, faults: [{ ...fault, id: 2 }] }).kept, ["faults"]);
});

test("a clock that a reset let run is frozen again, and one that was moved goes on", () => {
  const frozen = { now: "2030-01-01T00:00:00.000Z", frozen: true };
  const ticked = { now: "2026-01-01T00:00:10.000Z", frozen: false };
  const now = { ...FRESH, clock: ticked };
  assert.deepEqual(undone({ ...FRESH, clock: frozen }, FRESH, now, 10_000).state, { clock: frozen });
  const moved = { now: "2030-01-01T00:00:00.000Z", frozen: false };
  assert.deepEqual(undone({ ...FRESH, clock: moved }, FRESH, now, 10_000).state, {
    clock: { now: "2030-01-01T00:00:10.000Z", frozen: false },
  });
  const set = { ...FRESH, clock: { now: "2027-01-01T00:00:00.000Z", frozen: true } };
  assert.deepEqual(undone({ ...FRESH, clock: frozen }, FRESH, set, 10_000), { state: {}, kept: ["clock"] });
});

test("requests since do not keep a quota from being put back, and other rules do", () => {
  const quota = { enforced: true, requests: 5, seconds: 60, used: 3, remaining: 2, reset: 9 };
  const used = { ...FRESH.quota, used: 1, remaining: 59 };
  assert.deepEqual(undone({ ...FRESH, quota }, FRESH, { ...FRESH, quota: used }).state, { quota });
  assert.deepEqual(undone({ ...FRESH, quota }, FRESH, { ...FRESH, quota: { ...used, requests: 7 } }).kept, ["quota"]);
});

test("of several resources each is put back by itself", () => {
  const names = ["one", "two"];
  const before = { one: [ROW], two: [ROW], next_id: { one: 2, two: 5 } };
  const after = { one: [], two: [ROW], next_id: { one: 1, two: 5 } };
  assert.deepEqual(undoing(names, before, after, after, 0).state, { one: [ROW], next_id: { one: 2 } });
});
