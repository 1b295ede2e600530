"""The effective document as a generator of requests gets it: what the service tolerates is not a mistake in it.

A generator calls every value that a schema forbids wrong, and expects a refusal. This document's rows say what is
tolerated all the same: a rule of a field or a parameter without a row that refuses what breaks it, a text that is cast.
In the copy these rules are gone, so that what is left of them must be kept by the service.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from contract_tests.document.demand import refusing
from contract_tests.document.facts import DocumentedOperation, DocumentedRefusal, Facts
from contract_tests.document.schema import SchemaPaths
from mock_server.document import plain
from mock_server.document.rows import Rows, form_rows, parameter_rows, react

Node = dict[str, Any]

# The words of JSON Schema that a row can insist on, by the treatment of what breaks them.
RULES: Mapping[str, str] = {
    "enum": "not-listed",
    "pattern": "malformed",
    "minLength": "shorter-than",
    "maxLength": "longer-than",
}
# Letters of many scripts, a pair of surrogates in UTF-16, a combining sign and a change of direction.
WIDE = "Zażółć 日本 \U0001f514 e\u0301 \u202eabc\u202c"
# Pages that are too far for a signed word of 32 bits, for a JavaScript number, and near the end of 64 bits.
_FAR = (2**31, 2**53 + 1, 10**18 - 1)
_TEXT: Mapping[str, Any] = {"type": "string"}


def loosened(facts: Facts) -> Node:
    """Return a copy of the effective document without the rules that the service does not insist on."""
    document: Node = plain(facts.document)
    schemas = SchemaPaths(document)
    for item in document["paths"].values():
        for node in (item, *item.values()):
            if isinstance(node, dict) and "parameters" in node:
                node["parameters"] = [_parameter(schemas, parameter) for parameter in node["parameters"]]
            if isinstance(node, dict) and "requestBody" in node:
                _loosen_body(schemas, node, document["x-service"])
    for operation in facts.operations.values():
        _share(schemas, document, operation, refusing(facts, operation.id))
    return document


def _share(
    schemas: SchemaPaths,
    document: Node,
    operation: DocumentedOperation,
    refusals: Mapping[str, DocumentedRefusal],
) -> None:
    """Declare at an operation the responses of the service as a whole to which its rows lead."""
    responses = document["paths"][operation.path][operation.method.lower()]["responses"]
    for refusal in refusals.values():
        status = str(refusal.status)
        if refusal.name not in operation.refusals:
            shared = schemas.resolve(document["x-service"]["refusals"][status])
            own = schemas.resolve(responses.get(status, {}))
            responses[status] = {**shared, **own, "content": {**shared["content"], **own.get("content", {})}}


def without_foreign_keys(document: Node) -> Node:
    """Hide the optional fields named `*_id` in a loosened document's forms, and return the document.

    A machine that follows links takes such a property for the id of another resource, which nothing creates, and then
    never sends the form at all. It does not look at patterns of names.
    """
    for item in document["paths"].values():
        for node in item.values():
            for media in _content(node).values():
                form = media["schema"]
                keys = [name for name in form["properties"] if name.lower().endswith(("_id", "-id"))]
                hidden = {
                    name: form["properties"].pop(name)
                    for name in keys
                    if name not in form.get("required", ())
                }
                form["patternProperties"] = {f"^{re.escape(name)}$": field for name, field in hidden.items()}
    return document


def _content(operation: Any) -> Node:
    body: Node = operation.get("requestBody", {}) if isinstance(operation, dict) else {}
    return dict(body.get("content", {}))


def _parameter(schemas: SchemaPaths, node: Mapping[str, Any]) -> Node:
    found = dict(schemas.resolve(node))
    schema = dict(schemas.resolve(found["schema"]))
    if found["in"] != "query":
        return {**found, "schema": schema}
    if schema.get("type") == "integer" and "enum" not in schema:
        schema["examples"] = [*schema.get("examples", ()), *_FAR]
    if not any(row.refusal for row in parameter_rows(found, schema)):
        samples = [*schema.pop("examples", schema.get("enum", ())), WIDE, ""]
        schema = {"anyOf": [schema, _TEXT], "examples": samples}
    return {**found, "schema": schema}


def _loosen_body(schemas: SchemaPaths, operation: Node, service: Mapping[str, Any]) -> None:
    body = operation["requestBody"] = dict(schemas.resolve(operation["requestBody"]))
    content = body["content"] = {name: dict(media) for name, media in body["content"].items()}
    for media in content.values():
        media["schema"] = _form(schemas, media["schema"], service)
        examples = media.get("examples", {})
        media["examples"] = {name: dict(schemas.resolve(example)) for name, example in examples.items()}


def _form(schemas: SchemaPaths, schema: Mapping[str, Any], service: Mapping[str, Any]) -> Node:
    form, fields = dict(schemas.resolve(schema)), schemas.properties(schema)
    rows = form_rows(form, fields, service)
    form["properties"] = {name: _field(node, rows.fields[name]) for name, node in fields.items()}
    absent = {name: react(rows.fields[name], None, node).outcome for name, node in fields.items()}
    if required := [name for name in form.pop("required", ()) if absent[name] == "refuse"]:
        form["required"] = required
    if any(row.refusal for row in rows.unknown):
        form["additionalProperties"] = False
    return form


def _field(node: Mapping[str, Any], rows: Rows) -> Node:
    refused = {row.treatment for row in rows if row.refusal}
    insisted = {word for word, treatment in RULES.items() if treatment in refused}
    field = {key: value for key, value in node.items() if key not in RULES or key in insisted}
    # A switch casts whatever it is sent: the refusal of an enumeration is for the other fields.
    if "enum" in node and ("enum" not in field or "x-cast" in field):
        field.pop("enum", None)
        field["anyOf"] = [{"enum": node["enum"]}, _TEXT]
    return field
