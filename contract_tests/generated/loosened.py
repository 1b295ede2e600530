"""The effective document as a generator of requests gets it: what the service tolerates is no mistake in it.

A generator calls every value that a schema forbids wrong, and expects a refusal. This document's own words say what
is tolerated all the same: a parameter that is `x-otherwise: default`, a field's rule that `x-refusals` does not name,
a text that is cast. In the copy these rules are gone, so that what is left of them must be kept by the service.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from contract_tests.document.facts import Facts
from contract_tests.document.schema import Schemas
from mock_server.document import plain

Node = dict[str, Any]

# The words of JSON Schema that a field's refusals can name.
RULES = ("enum", "pattern", "minLength", "maxLength")
# Letters of many scripts, a pair of surrogates in UTF-16, a combining sign and a change of direction.
WIDE = "Zażółć 日本 \U0001f514 e\u0301 \u202eabc\u202c"
# Pages that are too far for a signed word of 32 bits, for a JavaScript number, and near the end of 64 bits.
_FAR = (2**31, 2**53 + 1, 10**18 - 1)
_TEXT: Mapping[str, Any] = {"type": "string"}


def loosened(facts: Facts) -> Node:
    """Return a copy of the effective document without the rules that the service does not insist on."""
    document: Node = plain(facts.document)
    schemas = Schemas(document)
    for item in document["paths"].values():
        for node in (item, *item.values()):
            if isinstance(node, dict) and "parameters" in node:
                node["parameters"] = [_parameter(schemas, parameter) for parameter in node["parameters"]]
            if isinstance(node, dict) and "requestBody" in node:
                _loosen_body(schemas, node, document["x-service"])
    return document


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


def _parameter(schemas: Schemas, node: Mapping[str, Any]) -> Node:
    found = dict(schemas.resolve(node))
    schema = dict(schemas.resolve(found["schema"]))
    if found["in"] != "query":
        return {**found, "schema": schema}
    if schema.get("type") == "integer" and "enum" not in schema:
        schema["examples"] = [*schema.get("examples", ()), *_FAR]
    if found.get("x-otherwise", "default") == "default":
        samples = [*schema.pop("examples", schema.get("enum", ())), WIDE, ""]
        schema = {"anyOf": [schema, _TEXT], "examples": samples}
    return {**found, "schema": schema}


def _loosen_body(schemas: Schemas, operation: Node, service: Mapping[str, Any]) -> None:
    body = operation["requestBody"] = dict(schemas.resolve(operation["requestBody"]))
    content = body["content"] = {name: dict(media) for name, media in body["content"].items()}
    for media in content.values():
        media["schema"] = _form(schemas, media["schema"], service)
        examples = media.get("examples", {})
        media["examples"] = {name: dict(schemas.resolve(example)) for name, example in examples.items()}


def _form(schemas: Schemas, schema: Mapping[str, Any], service: Mapping[str, Any]) -> Node:
    form = dict(schemas.resolve(schema))
    insisted = form.get("x-refusals", {}).keys()
    form["properties"] = {name: _field(node, insisted) for name, node in schemas.properties(form).items()}
    if "required" not in insisted:
        form.pop("required", None)
    if service["unknown-fields"] != "ignored":
        form["additionalProperties"] = False
    return form


def _field(node: Mapping[str, Any], insisted: Collection[str]) -> Node:
    field = {key: value for key, value in node.items() if key not in RULES or key in insisted}
    # A switch casts whatever it is sent: the refusal of an enumeration is for the other fields.
    if "enum" in node and ("enum" not in field or "x-cast" in field):
        field.pop("enum", None)
        field["anyOf"] = [{"enum": node["enum"]}, _TEXT]
    return field
