// One exchange in full: the request, its parts as the parser saw them, the remarks of the mock, and the response.

import { curl, formOf } from "./curl.mjs";
import { h } from "./element.mjs";
import { button, copyButton } from "./form.mjs";
import { row, rowHead, table } from "./prose.mjs";
import { struckBy } from "./sieve.mjs";
import { bytes, dateAndTime, indented, moment, span } from "./words.mjs";

// Headers that curl sets by itself.
const OWN_HEADERS = new Set([
  "host",
  "content-length",
  "accept",
  "accept-encoding",
  "connection",
  "user-agent",
  "authorization",
  "content-type",
]);

/**
 * Return the elements that show an exchange. `close` closes the view; `origin` and `key` are for its curl line, for which
 * `whole` reads the exchange with all of its bytes.
 */
export function exchangeView(exchange, { close, whole, origin, key }) {
  const { number, method, target, status, request, answer } = exchange;
  return [
    h(
      "header",
      h(
        "h3",
        h("span", { class: "method" }, method),
        " ",
        h("span", { class: "target" }, target),
        " ",
        h("span", { class: `status class-${Math.floor(status / 100)}` }, status),
      ),
      copyButton(async () => asCurl(await whole(), origin, key), "as a curl line", "Copy as curl"),
      button("×", close, { class: "quiet", "aria-label": "Close the exchange (Escape)" }),
    ),
    remarks(exchange),
    h(
      "p",
      { class: "soft facts" },
      [
        `Number ${number}`,
        dateAndTime(moment(exchange.time)),
        span(exchange.milliseconds),
        exchange.operation,
        exchange.refusal && `refused as ${exchange.refusal}`,
        exchange.key && `key ${exchange.key}`,
      ]
        .filter(Boolean)
        .map((fact) => h("span", fact)),
    ),
    h("section", h("h4", "Request"), headers(request), parts(request.parts ?? []), body(request)),
    h("section", h("h4", "Answer"), headers(answer), body(answer)),
  ];
}

function remarks(exchange) {
  const { violations, hint, fault, defect } = exchange;
  return [
    ...violations.map(({ code, sentence }) => h("p", { class: "remark open" }, h("b", code), " ", sentence)),
    hint && h("p", { class: "remark accent" }, h("b", "hint"), ` ${hint}`),
    fault !== null &&
      h("p", { class: "remark accent" }, h("b", "fault"), ` An armed fault made this answer: ${struckBy(exchange)}.`),
    defect !== null && h("p", { class: "remark bad" }, h("b", "defect"), ` The mock broke its own document: ${defect}`),
  ];
}

function headers(message) {
  const entries = Object.entries(message.headers);
  return h(
    "details",
    h("summary", `${entries.length} headers, ${bytes(message.bytes)}`),
    h(
      "dl",
      { class: "headers" },
      entries.map(([name, value]) => h("div", h("dt", name), h("dd", value))),
    ),
  );
}

function parts(list) {
  if (!list.length) return null;
  return table(
    "What the parser made of the form",
    ["Part", "Kind", "Content", "Size"],
    list.map((part) =>
      row(
        [
          rowHead(
            part.name ?? h("i", "no name"),
            part.key !== part.name && h("small", part.key === null ? "kept by no one" : `read as ${part.key}`),
          ),
          [part.kind, part.content_type && h("small", part.content_type)],
          [
            part.file_name !== null && h("small", `file name ${part.file_name || "empty"}`),
            h("span", { class: "preview" }, part.preview),
            !part.valid_utf8 && h("small", { class: "open" }, "not UTF-8"),
          ],
          [bytes(part.bytes), h("small", { title: `SHA-256 ${part.sha256}` }, part.sha256.slice(0, 8))],
        ],
        `kind-${part.kind}`,
      ),
    ),
    "parts",
  );
}

function body({ body: text, bytes: size }) {
  if (size === 0) return h("p", { class: "soft" }, "No body.");
  if (text === null) return h("p", { class: "soft" }, `${bytes(size)} that are not text.`);
  return h("pre", { tabindex: "0", "aria-label": "Body" }, indented(text));
}

/** Write a curl line that sends the same bytes. Throws an Error with a sentence if they are not known. */
function asCurl({ method, target, request }, origin, key) {
  if (request.base64 === null && request.bytes > 0)
    throw new Error("The mock does not remember the whole body of this request, so no curl line can repeat it.");
  const own = Object.entries(request.headers).filter(([name]) => !OWN_HEADERS.has(name.toLowerCase()));
  const fields = formOf(contentType(request), request.base64 ?? "", request.parts ?? []);
  const sent = fields || !request.bytes ? {} : { "Content-Type": contentType(request) };
  return curl({
    method,
    url: origin + target,
    headers: { Authorization: `Bearer ${key}`, ...Object.fromEntries(own), ...sent },
    fields,
    base64: fields || !request.bytes ? null : request.base64,
  });
}

function contentType(request) {
  return Object.entries(request.headers).find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? "";
}
