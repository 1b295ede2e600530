// A form that sends a request to the API with the world's key. It is a request like any other, also in the journal.

import { curl } from "./curl.mjs";
import { fill, h } from "./element.mjs";
import { choice, copyButton, field, form, textField } from "./form.mjs";
import { fieldsOf } from "./schema.mjs";
import { indented } from "./words.mjs";

/** Return the elements of a form for one operation, made from the parameters and the body in its document. */
export function trial({ document, method, path, parameters, body, base, session }) {
  const asked = parameters.map((parameter) => ({
    ...parameter,
    input: inputFor(parameter.name, parameter.schema, parameter.required),
  }));
  const fields = body
    ? fieldsOf(document, body.schema).map((one) => ({ ...one, input: inputFor(one.name, one.schema, false) }))
    : [];
  const line = h("pre", { class: "line-of-curl", tabindex: "0", "aria-label": "The same as a curl line" });
  const result = h("output", { class: "result" });
  const request = () => requestOf({ method, path, asked, fields, body, base, key: session.key });

  const refresh = () => {
    for (const one of fields) one.label.hidden = !available(one.schema, fields);
    line.textContent = curl(request());
  };
  for (const one of [...asked, ...fields])
    one.label = field(one.name + (one.required ? " *" : ""), one.input, one.schema.description ?? "");
  const asking = form(
    async () => {
      fill(result, h("p", { class: "soft" }, "…"));
      fill(result, await outcome(request()));
    },
    body?.examples.length > 0 && field("Example", exampleChoice(body.examples, fields, refresh)),
    [...asked, ...fields].map(({ label }) => label),
    h("button", { type: "submit", class: "first" }, "Send"),
  );
  asking.addEventListener("input", refresh);
  refresh();
  return [
    h("h3", "Try it"),
    asking,
    h(
      "div",
      { class: "copied" },
      line,
      copyButton(() => line.textContent, "the curl line"),
    ),
    result,
  ];
}

function inputFor(name, schema, required) {
  const first = schema.examples?.[0] ?? "";
  if (!schema.enum)
    return textField(name, required ? String(first) : "", { placeholder: String(schema.default ?? "") });
  return choice(name, {
    "": ["", ...schema.enum].map((value) => ({ value, label: value === "" ? "(not sent)" : String(value) })),
  });
}

function exampleChoice(examples, fields, refresh) {
  const list = choice("example", {
    "": [{ value: "", label: "(none)" }, ...examples.map(({ name }) => ({ value: name, label: name }))],
  });
  const take = (example) => {
    for (const { name, input } of fields) input.value = example?.value[name] ?? "";
  };
  list.addEventListener("change", () => {
    take(examples.find(({ name }) => name === list.value));
    refresh();
  });
  list.value = examples[0].name;
  take(examples[0]);
  return list;
}

/** Whether the document allows a field together with the values of the others. */
function available(schema, fields) {
  return Object.entries(schema["x-available-when"] ?? {}).every(([name, values]) => {
    const chosen = fields.find((one) => one.name === name)?.input.value;
    return !chosen || values.includes(chosen);
  });
}

function requestOf({ method, path, asked, fields, body, base, key }) {
  const query = new URLSearchParams();
  let filled = path;
  for (const { name, in: where, input } of asked) {
    if (where === "path") filled = filled.replace(`{${name}}`, encodeURIComponent(input.value));
    else if (input.value !== "") query.set(name, input.value);
  }
  const sent = fields
    .filter(({ input, label }) => input.value !== "" && !label?.hidden)
    .map(({ name, input }) => [name, input.value]);
  return {
    method,
    url: base + filled + (query.size ? `?${query}` : ""),
    headers: { Authorization: `Bearer ${key}` },
    fields: body ? sent : null,
  };
}

async function outcome({ method, url, headers, fields }) {
  let body;
  if (fields?.length) {
    body = new FormData();
    for (const [name, value] of fields) body.append(name, value);
  }
  try {
    const response = await fetch(url, { method, headers, body, cache: "no-store" });
    const text = await response.text();
    return [
      h(
        "p",
        h("span", { class: `status class-${Math.floor(response.status / 100)}` }, response.status),
        ` ${response.headers.get("Content-Type") ?? "no content type"}`,
      ),
      text
        ? h("pre", { tabindex: "0", "aria-label": "Answer" }, indented(text))
        : h("p", { class: "soft" }, "No body."),
    ];
  } catch {
    return h(
      "p",
      { class: "remark bad" },
      "The response is missing or incomplete. An armed fault on the wire looks like this.",
    );
  }
}
