// Reads any OpenAPI document.

const METHODS = ["get", "put", "post", "delete", "patch"];

/** Follow all references of a node. Keywords beside a reference count, too (OpenAPI 3.1). */
export function resolve(document, node) {
  let found = node;
  while (found && typeof found === "object" && "$ref" in found) {
    const { $ref, ...beside } = found;
    found = { ...at(document, $ref), ...beside };
  }
  return found;
}

function at(document, reference) {
  return reference
    .slice(2)
    .split("/")
    .map((word) => decodeURIComponent(word).replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce((node, word) => node?.[word], document);
}

/** Return each operation of a document as `{id, method, path, parameters, operation}`. */
export function operationsOf(document) {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).map((method) => ({
      id: item[method].operationId,
      method: method.toUpperCase(),
      path,
      parameters: [...(item.parameters ?? []), ...(item[method].parameters ?? [])].map((node) =>
        resolve(document, node),
      ),
      operation: item[method],
    })),
  );
}

/** Return the body that an operation takes, in its first media type: `{mediaType, required, schema, examples}`, or null. */
export function bodyOf(document, operation) {
  const body = resolve(document, operation.requestBody);
  if (!body) return null;
  const [mediaType, content] = Object.entries(body.content)[0];
  return {
    mediaType,
    required: body.required ?? false,
    schema: resolve(document, content.schema),
    examples: examplesOf(document, content),
  };
}

/** Return the fields of an object schema as `{name, schema, required}`. */
export function fieldsOf(document, schema) {
  return Object.entries(schema?.properties ?? {}).map(([name, node]) => ({
    name,
    schema: resolve(document, node),
    required: (schema.required ?? []).includes(name),
  }));
}

/** Return the responses of an operation as `{status, description, headers, examples}`. */
export function answersOf(document, operation) {
  return Object.entries(operation.responses).map(([status, node]) => {
    const response = resolve(document, node);
    return {
      status,
      description: response.description,
      headers: Object.keys(response.headers ?? {}),
      examples: Object.values(response.content ?? {}).flatMap((content) => examplesOf(document, content)),
    };
  });
}

/** Return the status and title of each refusal that a document names: `{name: {status, title}}`. */
export function refusalsOf(document) {
  const general = Object.entries(document["x-service"]?.refusals ?? {});
  const declared = operationsOf(document).flatMap(({ operation }) => Object.entries(operation.responses));
  const pairs = [...general, ...declared]
    .filter(([status]) => status >= "400")
    .flatMap(([status, node]) =>
      answersOf(document, { responses: { [status]: node } })[0].examples.map(({ name, value }) => [
        name,
        { status, title: value?.errors?.[0]?.title ?? "" },
      ]),
    );
  return Object.fromEntries(pairs);
}

/** Return the examples of an operation's body, by the operation's id: `{name, summary, value}`. */
export function examplesIn(document, id) {
  const found = operationsOf(document).find((one) => one.id === id);
  return found ? (bodyOf(document, found.operation)?.examples ?? []) : [];
}

function examplesOf(document, content) {
  return Object.entries(content.examples ?? {}).map(([name, node]) => ({ name, ...resolve(document, node) }));
}

/** Describe the values of a schema: 'integer, at least 1, default 25'. */
export function constraint(schema) {
  const type = [schema.type].flat().filter(Boolean).join(" or ");
  const choices = schema.enum?.map((value) => String(value)).join(", ");
  return [
    type,
    choices && `one of ${choices}`,
    schema.minimum !== undefined && `at least ${schema.minimum}`,
    schema.maximum !== undefined && `at most ${schema.maximum}`,
    schema.minLength && "not empty",
    schema.default !== undefined && schema.default !== null && `default ${schema.default}`,
    schema["x-cut"] && `cut at ${schema["x-cut"]}`,
  ]
    .filter(Boolean)
    .join("; ");
}
