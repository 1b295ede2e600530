// got: a FormData of the platform, or its option `form` for urlencoded.
import got from "got";
import { form, formData, headers, pairs, url } from "./arguments.mjs";

const body = form === "urlencoded" ? { form: Object.fromEntries(pairs) } : { body: formData() };
await got.post(url, { headers, ...body });
