// Figures as a person reads them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, counted, dateAndTime, indented, moment, span } from "../../../mock_server/page/web/words.mjs";

test("bytes", () => {
  assert.deepEqual([0, 1, 1023, 1024, 8 * 1024 * 1024].map(bytes), [
    "0 bytes",
    "1 byte",
    "1,023 bytes",
    "1.0 KiB",
    "8.0 MiB",
  ]);
});

test("counted", () => {
  assert.deepEqual(
    [counted(1, "fault"), counted(0, "fault"), counted(2000, "call")],
    ["1 fault", "0 faults", "2,000 calls"],
  );
});

test("span", () => {
  assert.deepEqual([span(0.3141), span(1500)], ["0.31 ms", "1.50 s"]);
});

test("a moment without a zone is UTC", () => {
  const meant = Date.UTC(2026, 0, 2, 3, 4, 5);
  assert.equal(moment("2026-01-02 03:04:05"), meant);
  assert.equal(moment("2026-01-02T03:04:05Z"), meant);
  assert.equal(moment("2026-01-02T05:04:05+02:00"), meant);
  assert.equal(dateAndTime(meant), "2026-01-02 03:04:05");
});

test("malformed JSON stays as it is", () => {
  assert.equal(indented('{"a":[1]}'), '{\n  "a": [\n    1\n  ]\n}');
  assert.equal(indented("<!DOCTYPE html>"), "<!DOCTYPE html>");
});
