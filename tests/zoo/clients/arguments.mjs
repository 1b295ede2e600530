// What every client is asked: URL KEY FORM, and for each field `text NAME VALUE` or `file NAME PATH`.
import { readFileSync } from "node:fs";

const [, , url, key, form, ...rest] = process.argv;
const fields = [];
for (let at = 0; at < rest.length; at += 3) {
  const [kind, name, value] = rest.slice(at, at + 3);
  fields.push({ kind, name, value });
}

export { fields, form, url };
export const headers = { Authorization: `Bearer ${key}` };
export const bytesOf = (path) => readFileSync(path);
export const pairs = fields.map(({ name, value }) => [name, value]);

// The form of the platform itself.
export function formData() {
  const body = new FormData();
  for (const { kind, name, value } of fields) {
    if (kind === "file") body.append(name, new File([bytesOf(value)], value));
    else body.append(name, value);
  }
  return body;
}
