// A curl line does what it says when a shell reads it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { curl, quoted } from "../../../mock_server/page/web/curl.mjs";

// What a POSIX shell makes of a line: its words.
function words(line) {
  return execFileSync("sh", ["-c", `printf '%s\\0' ${line}`], { encoding: "utf8" })
    .split("\0")
    .slice(0, -1);
}

test("a shell reads every text back as it was", () => {
  for (const text of [
    "plain",
    "two words",
    "it's",
    '$HOME `id` "x"',
    "a\nb",
    "<img src=x onerror=alert(1)>",
    "ü",
    "-F",
    "!x",
    "\\",
    "",
  ]) {
    assert.deepEqual(words(quoted(text)), [text]);
  }
});

test("the method is written only if curl would take another", () => {
  const url = "http://127.0.0.1/api";
  assert.deepEqual(words(curl({ method: "GET", url })), ["curl", url]);
  assert.deepEqual(words(curl({ method: "DELETE", url })), ["curl", "-X", "DELETE", url]);
  assert.deepEqual(words(curl({ method: "POST", url, fields: [["a", "1"]] })), ["curl", url, "-F", "a=1"]);
  assert.deepEqual(words(curl({ method: "POST", url, fields: [] })), ["curl", "-X", "POST", url]);
  assert.deepEqual(words(curl({ method: "POST", url, body: "{}" })), ["curl", url, "--data-binary", "{}"]);
});

test("a value that curl would read as a file, or as its type, goes out as it is", () => {
  for (const value of ["@secret", "<secret", "a;type=text/html"]) {
    assert.deepEqual(words(curl({ method: "POST", url: "u", fields: [["name", value]] })), [
      "curl",
      "u",
      "--form-string",
      `name=${value}`,
    ]);
  }
});
