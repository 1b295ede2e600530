// Node's fetch: a FormData, URLSearchParams, or a stream of the form's bytes, which goes in chunks.
import { form, formData, headers, pairs, url } from "./arguments.mjs";

const options = { method: "POST", headers };
if (form === "urlencoded") options.body = new URLSearchParams(pairs);
else if (form === "multipart") options.body = formData();
else {
  const encoded = new Response(formData());
  options.headers["Content-Type"] = encoded.headers.get("Content-Type");
  options.body = encoded.body;
  options.duplex = "half";
}
const answer = await fetch(url, options);
if (!answer.ok) throw new Error(`${answer.status}`);
