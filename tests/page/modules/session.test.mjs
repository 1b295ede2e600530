// The key stays in the address; the token does not.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Session } from "../../../mock_server/page/web/session.mjs";

function browser(hash) {
  const stored = new Map();
  const location = { hash, pathname: "/_mock/" };
  const history = {
    replaceState: (_state, _title, address) => {
      location.hash = new URL(address, "http://x").hash;
    },
  };
  const storage = {
    getItem: (name) => stored.get(name) ?? null,
    setItem: (name, value) => stored.set(name, value),
    removeItem: (name) => stored.delete(name),
  };
  return { location, session: new Session(location, history, storage), stored };
}

test("the address names the world", () => {
  assert.equal(browser("#key=mock-anna").session.key, "mock-anna");
  assert.equal(browser("").session.key, "");
});

test("a token is taken out of the address and kept for the tab", () => {
  const { location, session } = browser("#token=s3cret&key=mock-anna");
  assert.equal(session.token, "s3cret");
  assert.equal(session.key, "mock-anna");
  assert.equal(location.hash, "#key=mock-anna");
});

test("an empty token forgets it", () => {
  const { session, stored } = browser("#token=s3cret");
  session.token = "";
  assert.equal(session.token, "");
  assert.equal(stored.size, 0);
});

test("choosing a world writes it into the address", () => {
  const { location, session } = browser("");
  session.choose("mock-ä&b");
  assert.equal(session.read(), false);
  assert.equal(session.key, "mock-ä&b");
  location.hash = "#key=mock-bert";
  assert.equal(session.read(), true);
  assert.equal(session.key, "mock-bert");
});
