"""The wrong answers that a document makes possible: a response field missing, null, renamed, retyped, or one more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

import yaml

Schema = Mapping[str, Any]

# What stands in place of a value, by the type that it then has; the first that the schema does not allow is taken.
_OTHERS: Mapping[str, Any] = {"string": "bitpeak-mock", "integer": 4055}
_ADDED = "bitpeak-mock"
_EVERY = "*"


class Field(NamedTuple):
    """A place in an answer: a pointer by RFC 6901 with `*` for any item of an array; `required`: it must be there."""

    pointer: str
    types: frozenset[str]
    required: bool


class Mutant(NamedTuple):
    """One way in which an operation's answer is wrong. `order` arms it; `breaking`: the document rules it out."""

    operation: str
    field: str
    change: str
    breaking: bool
    order: Mapping[str, Any]


class Answers:
    """The answers of the operations, by the effective document in YAML."""

    def __init__(self, document: str) -> None:
        self._document: Mapping[str, Any] = yaml.load(document, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
        self._fields = {
            operation["operationId"]: self._read(operation)
            for methods in self._document["paths"].values()
            for operation in methods.values()
            if isinstance(operation, dict) and "operationId" in operation
        }

    def mutants(self, operation: str, function: str, answer: Any) -> Iterator[Mutant]:
        """Yield the mutants of an answer that an operation gave; faults know it by the name of its function."""
        for field in self._fields[operation]:
            for value in islice(_values(answer, field.pointer.split("/")[1:]), 1):
                yield from _changed(function, field, value)
        yield from _outages(function)

    def _read(self, operation: Mapping[str, Any]) -> list[Field]:
        fields: dict[str, Field] = {}
        for status, response in operation["responses"].items():
            content = self._resolved(response).get("content", {})
            if str(status).startswith("2"):
                for media in content.values():
                    for field in self._walk(media["schema"], "", required=True):
                        known = fields.get(field.pointer, field)
                        fields[field.pointer] = Field(
                            field.pointer, known.types | field.types, known.required or field.required
                        )
        return list(fields.values())

    def _walk(self, schema: Schema, pointer: str, *, required: bool) -> Iterator[Field]:
        schema = self._resolved(schema)
        types = schema.get("type", ())
        if types or "properties" in schema:
            yield Field(pointer, frozenset([types] if isinstance(types, str) else types), required)
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
        """Follow references within the document; what stands beside one is kept."""
        while "$ref" in schema:
            target: Any = self._document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                target = target[step.replace("~1", "/").replace("~0", "~")]
            schema = {**target, **{name: value for name, value in schema.items() if name != "$ref"}}
        return schema


def _changed(operation: str, field: Field, value: Any) -> Iterator[Mutant]:
    """Yield the mutants of one field that is in the answer; a change that the document allows is none."""

    def mutant(change: str, *, breaking: bool = True, **more: Any) -> Mutant:
        order = {"mutation": {"pointer": field.pointer, "change": change, **more}}
        return Mutant(operation, field.pointer, change, breaking, order)

    if field.pointer and field.required:
        yield mutant("missing")
        yield mutant("renamed")
    if field.pointer and field.types and not field.pointer.endswith(_EVERY):
        if "null" not in field.types:
            yield mutant("null")
        yield mutant("value", value=_retyped(field.types, value))
    if isinstance(value, dict):
        yield mutant("extra", breaking=False, value=_ADDED)


def _retyped(types: frozenset[str], value: Any) -> Any:
    """Return a value of another type: the same as a text, where that is another."""
    if "string" not in types and isinstance(value, (bool, int)):
        return str(value).lower()
    return next(other for name, other in _OTHERS.items() if name not in types)


def _outages(operation: str) -> Iterator[Mutant]:
    """Yield what is no answer at all."""
    yield Mutant(operation, "", "outage", True, {"status": 503})
    yield Mutant(operation, "", "truncated", True, {"wire": "truncate"})


def _values(answer: Any, steps: list[str]) -> Iterator[Any]:
    """Yield what stands at each place of an answer that the steps lead to."""
    if not steps:
        yield answer
    elif isinstance(answer, list) and steps[0] == _EVERY:
        for item in answer:
            yield from _values(item, steps[1:])
    elif isinstance(answer, dict):
        name = steps[0].replace("~1", "/").replace("~0", "~")
        if name in answer:
            yield from _values(answer[name], steps[1:])
