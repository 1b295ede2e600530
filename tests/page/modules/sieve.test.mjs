// Which exchanges the filter lets pass.

import assert from "node:assert/strict";
import { test } from "node:test";
import { sieve, struckBy } from "../../../mock_server/page/web/sieve.mjs";

const PLAIN = {
  method: "GET",
  target: "/api/things/4",
  status: 200,
  operation: "list_things",
  refusal: null,
  violations: [],
  hint: null,
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
  const remarked = sieve("", true);
  assert.ok(!remarked(PLAIN));
  assert.ok(remarked(REFUSED));
  assert.ok(remarked({ ...PLAIN, hint: "An update is a POST here." }));
  assert.ok(remarked({ ...PLAIN, fault: 3 }));
  assert.ok(remarked({ ...PLAIN, defect: "broken" }));
});

test("what was sent, answered and remarked is found", () => {
  const exchange = {
    ...REFUSED,
    violations: [{ code: "unknown-field", sentence: "Unknown field 'nme' is ignored. Remove it." }],
    request: { body: "--B", parts: [{ name: "slack", preview: "https://hooks.example/T1" }] },
    answer: { body: '{"errors":[]}' },
    hint: "An update is a POST here.",
    defect: "Item 3 would violate the document",
  };
  for (const word of ["nme", "ignored", "slack", "hooks.example/t1", "errors", "update", "item"]) {
    assert.ok(sieve(word, false)(exchange), word);
  }
  assert.ok(!sieve("hooks.example/T2", false)(exchange));
});

test("a fault is named by what it did", () => {
  assert.equal(struckBy({ refusal: "rate_limited", wire: null, status: 429 }), "429 rate_limited");
  assert.equal(struckBy({ refusal: "outage-503", wire: null, status: 503 }), "503");
  assert.equal(struckBy({ refusal: null, wire: "truncate", status: 200 }), "truncate on the wire");
  assert.equal(struckBy({ refusal: null, wire: null, status: 200 }), "a changed or late answer");
});
