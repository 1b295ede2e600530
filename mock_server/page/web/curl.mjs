// Requests as lines for a terminal.

/**
 * Write a request as a curl line. `fields` are sent as a multipart form, `body` as it is. Both may be null.
 */
export function curl({ method, url, headers = {}, fields = null, body = null }) {
  const words = ["curl"];
  const implied = fields?.length || body !== null ? "POST" : "GET";
  if (method !== implied) words.push("-X", method);
  words.push(quoted(url));
  for (const [name, value] of Object.entries(headers)) words.push("-H", quoted(`${name}: ${value}`));
  // --form-string takes a value that begins with @ or < as it is; -F would read a file.
  for (const [name, value] of fields ?? [])
    words.push(/^[@<]|;/.test(value) ? "--form-string" : "-F", quoted(`${name}=${value}`));
  if (body !== null) words.push("--data-binary", quoted(body));
  return words.join(" ");
}

/** Quote a word for a POSIX shell, if it needs quotes. */
export function quoted(word) {
  return /^[\w./:@%+,=-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
