// What the page finds in a document, whichever it is.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  answersOf,
  bodyOf,
  constraint,
  examplesIn,
  fieldsOf,
  operationsOf,
  refusalsOf,
  resolve,
} from "../../../mock_server/page/web/schema.mjs";

const REFUSED = {
  description: "No.",
  content: { "application/json": { examples: { gone: { $ref: "#/components/examples/gone" } } } },
};
const DOCUMENT = {
  paths: {
    "/things/{id}": {
      parameters: [{ $ref: "#/components/parameters/id" }],
      get: {
        operationId: "show_thing",
        responses: { 200: { description: "It." }, 404: { $ref: "#/components/responses/Refused" } },
      },
      post: {
        operationId: "change_thing",
        requestBody: {
          content: {
            "multipart/form-data": {
              schema: {
                type: "object",
                required: ["name"],
                properties: { name: { $ref: "#/components/schemas/Name", minLength: 1 } },
              },
              examples: { rename: { summary: "Another name", value: { name: "B" } } },
            },
          },
        },
        responses: { 200: { description: "Done." } },
      },
    },
  },
  components: {
    parameters: { id: { name: "id", in: "path", schema: { type: "integer" } } },
    schemas: { Name: { type: "string", description: "A name." } },
    responses: { Refused: REFUSED },
    examples: { gone: { value: { errors: [{ title: "Gone.", status: 404 }] } } },
  },
};

test("operations with the parameters of their path", () => {
  const found = operationsOf(DOCUMENT);
  assert.deepEqual(
    found.map(({ id, method }) => [id, method]),
    [
      ["show_thing", "GET"],
      ["change_thing", "POST"],
    ],
  );
  assert.equal(found[1].parameters[0].name, "id");
});

test("what stands beside a reference counts", () => {
  assert.deepEqual(resolve(DOCUMENT, { $ref: "#/components/schemas/Name", minLength: 1 }), {
    type: "string",
    description: "A name.",
    minLength: 1,
  });
});

test("the body, its fields and its examples", () => {
  const body = bodyOf(DOCUMENT, DOCUMENT.paths["/things/{id}"].post);
  assert.equal(body.mediaType, "multipart/form-data");
  assert.deepEqual(
    fieldsOf(DOCUMENT, body.schema).map(({ name, required }) => [name, required]),
    [["name", true]],
  );
  assert.deepEqual(
    examplesIn(DOCUMENT, "change_thing").map(({ name, summary }) => [name, summary]),
    [["rename", "Another name"]],
  );
  assert.equal(bodyOf(DOCUMENT, DOCUMENT.paths["/things/{id}"].get), null);
  assert.deepEqual(examplesIn(DOCUMENT, "no_such_operation"), []);
});

test("answers and refusals", () => {
  assert.deepEqual(
    answersOf(DOCUMENT, DOCUMENT.paths["/things/{id}"].get).map(({ status }) => status),
    ["200", "404"],
  );
  assert.deepEqual(refusalsOf(DOCUMENT), { gone: { status: "404", title: "Gone." } });
});

test("what a schema asks, in words", () => {
  assert.equal(constraint({ type: "integer", minimum: 1, default: 1 }), "integer; at least 1; default 1");
  assert.equal(constraint({ type: ["string", "null"], enum: ["a", "b"] }), "string or null; one of a, b");
});
