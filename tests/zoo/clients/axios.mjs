// axios: a FormData of the platform, URLSearchParams, or the package form-data, whose stream goes in chunks.
import axios from "axios";
import FormDataStream from "form-data";
import { bytesOf, fields, form, formData, headers, pairs, url } from "./arguments.mjs";

function stream() {
  const body = new FormDataStream();
  for (const { kind, name, value } of fields) {
    if (kind === "file") body.append(name, bytesOf(value), { filename: value });
    else body.append(name, value);
  }
  return body;
}

const bodies = { multipart: formData, urlencoded: () => new URLSearchParams(pairs), chunked: stream };
await axios.post(url, bodies[form](), { headers });
