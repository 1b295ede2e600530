// Requests as lines for a terminal, which send the same bytes.

// What curl takes as it is: as the name of a field, as the value of one, as a body.
const PLAIN_NAME = /^[\w.[\]-]+$/;
const PLAIN_VALUE = /^[\w./:+-]([\w ./:@%+,-]*[\w./:@%+,-])?$/;
const TEXT = /^(?:[\t\n]|[^\p{Cc}\ufffd])*$/u;

/**
 * Write a request as a curl line. `fields` are sent as a multipart form, `body` as it is, `base64` after decoding. All
 * may be null.
 */
export function curl({ method, url, headers = {}, fields = null, body = null, base64 = null }) {
  const words = ["curl"];
  let before = "";
  let text = body;
  if (base64 !== null) {
    const decoded = new TextDecoder().decode(bytesOf(base64));
    if (TEXT.test(decoded)) text = decoded;
    else before = `printf %s ${base64} | base64 -d | `;
  }
  const implied = fields?.length || text !== null || before ? "POST" : "GET";
  if (method === "HEAD") words.push("--head");
  else if (method !== implied) words.push("-X", method);
  words.push(quoted(url));
  for (const [name, value] of Object.entries(headers)) words.push("-H", quoted(`${name}: ${value}`));
  // --form-string takes each value as it is. -F would read a file, cut at a semicolon, and drop quotes and outer blanks.
  for (const [name, value] of fields ?? [])
    words.push(PLAIN_VALUE.test(value) ? "-F" : "--form-string", quoted(`${name}=${value}`));
  // --data-raw takes a text that begins with @ as it is.
  if (text !== null) words.push("--data-raw", quoted(text));
  if (before) words.push("--data-binary", "@-");
  return before + words.join(" ");
}

/**
 * Return the fields of a multipart form if curl sends the same bytes for them but for the boundary, else null. `parts` are
 * those of the journal, with their whole texts.
 */
export function formOf(contentType, base64, parts) {
  const boundary = /^multipart\/form-data; *boundary="?([^";]+)"?$/i.exec(contentType)?.[1];
  if (!boundary || !parts.length) return null;
  const fields = parts.map(({ name, text }) => [name ?? "", text]);
  if (!fields.every(([name, text]) => PLAIN_NAME.test(name) && text !== null && TEXT.test(text))) return null;
  const line = `--${boundary}\r\nContent-Disposition: form-data; name="`;
  const body = `${fields.map(([name, text]) => `${line}${name}"\r\n\r\n${text}\r\n`).join("")}--${boundary}--\r\n`;
  return new TextDecoder("latin1").decode(bytesOf(base64)) === latin1(body) ? fields : null;
}

/** Quote a word for a POSIX shell, if it needs quotes. */
export function quoted(word) {
  return /^[\w./:@%+,=-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
}

function latin1(text) {
  return new TextDecoder("latin1").decode(new TextEncoder().encode(text));
}
