// A curl line does what it says when a shell reads it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { curl, formOf, quoted } from "../../../mock_server/page/web/curl.mjs";

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
  assert.deepEqual(words(curl({ method: "POST", url, body: "{}" })), ["curl", url, "--data-raw", "{}"]);
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

// What a request with these bytes becomes, read by a shell whose curl prints its words and what is piped into it.
function sent(bytes) {
  const line = curl({ method: "POST", url: "http://127.0.0.1/x", base64: Buffer.from(bytes).toString("base64") });
  const shell = `curl() { printf '%s\\0' "$@"; case "$*" in *@-) cat;; esac; }; ${line}`;
  const said = execFileSync("sh", ["-c", shell]);
  const text = said.toString("latin1");
  if (text.includes("--data-binary\0@-\0")) return said.subarray(said.indexOf("@-\0") + 3);
  const words = said.toString("utf8").split("\0");
  return Buffer.from(words[words.indexOf("--data-raw") + 1]);
}

test("a body is sent byte for byte", () => {
  for (const body of ["{}", "@file", "it's\n", " a ", 'say "hi"', "\r\n", "a\0b", "\x1b[0m", "ü".repeat(3000)]) {
    assert.deepEqual(sent(Buffer.from(body)), Buffer.from(body), body);
  }
  const binary = Buffer.from([0, 255, 254, 10, 13, 128]);
  assert.deepEqual(sent(binary), binary);
});

test("a value of a form keeps quotes, blanks and what would name a file", () => {
  for (const value of ['"abc"', " blank", "blank ", "a;type=x", "@file", "<file", "", "a\nb", "x".repeat(3000)]) {
    const words_ = words(curl({ method: "POST", url: "http://127.0.0.1/x", fields: [["name", value]] }));
    assert.equal(words_.at(-2), /^x+$/.test(value) ? "-F" : "--form-string", value);
    assert.equal(words_.at(-1), `name=${value}`);
  }
});

test("a form is one only if curl sends the same bytes", () => {
  const type = "multipart/form-data; boundary=B";
  const body = (head, value) => `--B\r\nContent-Disposition: form-data; ${head}\r\n\r\n${value}\r\n--B--\r\n`;
  const of = (text, parts, contentType = type) => formOf(contentType, Buffer.from(text).toString("base64"), parts);
  const part = { name: "a", text: "ü" };
  assert.deepEqual(of(body('name="a"', "ü"), [part]), [["a", "ü"]]);
  assert.equal(of(body('name="a"; filename="f"', "ü"), [part]), null);
  assert.equal(of(body('name="a"', "ü"), [{ ...part, text: null }]), null);
  assert.equal(of(body('name="a=b"', "ü"), [{ ...part, name: "a=b" }]), null);
  assert.equal(of(body('name="a"', "ü"), [part], "text/plain"), null);
  assert.equal(of("", []), null);
});
