// Which exchanges the filter lets pass.

import assert from "node:assert/strict";
import { test } from "node:test";
import { sieve } from "../../../mock_server/page/web/sieve.mjs";

const PLAIN = {
  method: "GET",
  target: "/api/things/4",
  status: 200,
  operation: "list_things",
  refusal: null,
  violations: [],
  fault: null,
  defect: null,
};
const REFUSED = {
  ...PLAIN,
  method: "POST",
  status: 404,
  refusal: "not_found",
  violations: [{ code: "unknown-field" }],
};

test("each word must fit", () => {
  const passes = (text, exchange) => sieve(text, false)(exchange);
  assert.ok(passes("", PLAIN));
  assert.ok(passes("get THINGS", PLAIN));
  assert.ok(!passes("get 404", PLAIN));
  assert.ok(passes("4xx post", REFUSED));
  assert.ok(passes("not_found", REFUSED));
  assert.ok(passes("unknown", REFUSED));
});

test("a status is a status and no part of a path", () => {
  assert.ok(!sieve("404", false)({ ...PLAIN, target: "/api/things/404" }));
});

test("only what the mock has something to say about", () => {
  const noticed = sieve("", true);
  assert.ok(!noticed(PLAIN));
  assert.ok(noticed(REFUSED));
  assert.ok(noticed({ ...PLAIN, fault: 3 }));
  assert.ok(noticed({ ...PLAIN, defect: "broken" }));
});
