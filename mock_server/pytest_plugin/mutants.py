"""What can be wrong with a response: a field is missing, null, renamed, of another type, or one too many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

import yaml

Schema = Mapping[str, Any]

# Values to put in place of another, by type. The first whose type the schema does not allow is taken.
_OTHERS: Mapping[str, Any] = {"string": "bitpeak-mock", "integer": 4055}
_ADDED = "bitpeak-mock"
_EVERY = "*"


class ResponseField(NamedTuple):
    """A place in a response: a pointer by RFC 6901, with `*` for any item of an array."""

    pointer: str
    types: frozenset[str]
    required: bool


class WrongResponse(NamedTuple):
    """One way in which a response is wrong. `order` arms it as a fault; `breaking`: the document rules it out."""

    operation: str
    field: str
    change: str
    breaking: bool
    order: Mapping[str, Any]


class ResponseSchemas:
    """The fields of the successful responses of each operation, read from the effective document in YAML."""

    def __init__(self, document: str) -> None:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self._document: Mapping[str, Any] = yaml.load(document, loader)  # noqa: S506 - a safe loader
        self._fields = {
            operation["operationId"]: self._read(operation)
            for methods in self._document["paths"].values()
            for operation in methods.values()
            if isinstance(operation, dict) and "operationId" in operation
        }

    def wrong(self, operation: str, function: str, body: Any) -> Iterator[WrongResponse]:
        """Yield what can be wrong with a response. Faults name its operation by `function`."""
        for field in self._fields[operation]:
            for value in islice(_values(body, field.pointer.split("/")[1:]), 1):
                yield from _changed(function, field, value)
        yield WrongResponse(function, "", "outage", True, {"status": 503})
        yield WrongResponse(function, "", "truncated", True, {"wire": "truncate"})

    def _read(self, operation: Mapping[str, Any]) -> list[ResponseField]:
        fields: dict[str, ResponseField] = {}
        for status, response in operation["responses"].items():
            content = self._resolved(response).get("content", {})
            if str(status).startswith("2"):
                for media in content.values():
                    for field in self._walk(media["schema"], "", required=True):
                        known = fields.get(field.pointer, field)
                        types, required = known.types | field.types, known.required or field.required
                        fields[field.pointer] = ResponseField(field.pointer, types, required)
        return list(fields.values())

    def _walk(self, schema: Schema, pointer: str, *, required: bool) -> Iterator[ResponseField]:
        schema = self._resolved(schema)
        types = schema.get("type", ())
        if types or "properties" in schema:
            yield ResponseField(pointer, frozenset([types] if isinstance(types, str) else types), required)
        for name, below in schema.get("properties", {}).items():
            step = name.replace("~", "~0").replace("/", "~1")
            yield from self._walk(below, f"{pointer}/{step}", required=name in schema.get("required", ()))
        if "items" in schema:
            yield from self._walk(schema["items"], f"{pointer}/{_EVERY}", required=False)
        for word in ("allOf", "anyOf", "oneOf"):
            for branch in schema.get(word, ()):
                yield from self._walk(branch, pointer, required=False)
        if "then" in schema:
            yield from self._walk(schema["then"], pointer, required=False)

    def _resolved(self, schema: Schema) -> Schema:
        """Follow references within the document. What stands beside a reference is kept."""
        while "$ref" in schema:
            target: Any = self._document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                target = target[step.replace("~1", "/").replace("~0", "~")]
            schema = {**target, **{name: value for name, value in schema.items() if name != "$ref"}}
        return schema


def _changed(function: str, field: ResponseField, value: Any) -> Iterator[WrongResponse]:
    """Yield what can be wrong with one field of a response. What the document allows is not wrong."""

    def wrong(change: str, *, breaking: bool = True, **more: Any) -> WrongResponse:
        order = {"mutation": {"pointer": field.pointer, "change": change, **more}}
        return WrongResponse(function, field.pointer, change, breaking, order)

    if field.pointer and field.required:
        yield wrong("missing")
        yield wrong("renamed")
    if field.pointer and field.types and not field.pointer.endswith(_EVERY):
        if "null" not in field.types:
            yield wrong("null")
        yield wrong("value", value=_retyped(field.types, value))
    if isinstance(value, dict):
        yield wrong("extra", breaking=False, value=_ADDED)


def _retyped(types: frozenset[str], value: Any) -> Any:
    """Return a value of another type: the same as a text, if a text is not allowed."""
    if "string" not in types and isinstance(value, (bool, int)):
        return str(value).lower()
    return next(other for name, other in _OTHERS.items() if name not in types)


def _values(body: Any, steps: list[str]) -> Iterator[Any]:
    """Yield the value at each place of a body that the steps lead to."""
    if not steps:
        yield body
    elif isinstance(body, list) and steps[0] == _EVERY:
        for item in body:
            yield from _values(item, steps[1:])
    elif isinstance(body, dict):
        name = steps[0].replace("~1", "/").replace("~0", "~")
        if name in body:
            yield from _values(body[name], steps[1:])
