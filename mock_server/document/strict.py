"""The document of a strict mock, which declares what such a mock refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mock_server.document.source import Object, duplicate, follow, operations_in

# What each way to clean a text changes in it, and the blanks at its ends.
_CHANGED: Mapping[str, str] = {"strip-tags": "<\\x00", "escape-quotes": "\"'"}
_BLANKS = " \\t\\n\\r\\x00\\x0b"


def declared_strictly(data: Object) -> Object:
    """Return a copy of a document that declares what a strict mock refuses, and its response.

    The response is the named example `violation` of the refusals of any operation. An operation that has a response of
    the same status gets it as another example. The schemas of forms forbid unknown fields, fields of other types, and
    texts that the service would change.
    """
    strict = duplicate(data)
    for form in _forms_of(strict):
        form.put("additionalProperties", False, form.place)
        _restrict_to_types(form)
        _restrict_to_clean_texts(strict, form)
    refusals: Mapping[str, Any] = strict["x-service"]["refusals"]
    for status, refusal in refusals.items():
        for kind, content in refusal.get("content", {}).items():
            if "violation" not in content.get("examples", {}):
                continue
            for operation in operations_in(strict):
                responses = operation["responses"]
                own = responses.get(status, {}).get("content", {}).get(kind)
                if own is None:
                    responses.setdefault(status, duplicate(refusal))
                else:
                    own.setdefault("examples", {})["violation"] = content["examples"]["violation"]
    return strict


def _forms_of(data: Object) -> Iterator[Object]:
    """Yield the schemas of all request bodies, references followed."""
    for operation in operations_in(data):
        for content in follow(data, operation.get("requestBody", {})).get("content", {}).values():
            yield follow(data, content["schema"])


def _restrict_to_types(schema: Object) -> None:
    """Let a form have fields of one type only, together with the field of the type (`x-available-when`)."""
    owners: dict[str, dict[str, list[str]]] = {}  # the field that names the type, and the types of each field
    for name, node in schema.get("properties", {}).items():
        for key, types in (node.get("x-available-when") or {}).items() if isinstance(node, Object) else ():
            owners.setdefault(key, {})[name] = list(types)
    for key, fields in owners.items():
        branches = [
            {
                "required": [key],
                "properties": {
                    key: {"const": each},
                    **{name: False for name in fields if each not in fields[name]},
                },
            }
            for each in dict.fromkeys(each for own in fields.values() for each in own)
        ]
        others: dict[str, Any] = {"properties": dict.fromkeys(fields, False)}
        schema.put("anyOf", [*branches, others], schema.place)


def _restrict_to_clean_texts(data: Object, schema: Object) -> None:
    """Let the fields of a form have only texts that the service stores unchanged (`x-clean`)."""
    for node in schema.get("properties", {}).values():
        words = {**follow(data, node), **node}.get("x-clean", ())
        inner = "".join(_CHANGED.get(word, "") for word in words)
        if inner:
            outer = inner + (_BLANKS if "trim" in words else "")
            pattern = f"^(?:[^{outer}](?:[^{inner}]*[^{outer}])?)?$"
            node.put("allOf", [{"pattern": pattern}], node.place)
