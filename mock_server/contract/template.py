"""Answers compiled from response schemas: literal JSON with holes for the facts that `x-value` names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

from mock_server.contract.schema import Schemas
from mock_server.contract.text import Quote, write
from mock_server.document import DocumentError, Object, Place, place_of

# A hole that takes ready-made bytes: one handler, or the handlers of a page.
_ROW_HOLES = ("row", "rows")

# Writes JSON from the texts of words.
Filled = Callable[[Mapping[str, str]], bytes]

# A word in a format, or a percent sign, which is written as two.
_WORD = re.compile(r"%\(([^)]+)\)s|%%")

# How deep the objects of an answer may nest: far deeper than any does, unless it contains itself.
_DEEPEST = 30

# What each fact is in JSON: a property must admit all of it.
_KINDS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("id", "page", "page-size", "total", "total-pages"), frozenset({"integer"})),
    **dict.fromkeys(("type", "name", "settings-text", "created"), frozenset({"string"})),
    **dict.fromkeys(("link-first", "link-self"), frozenset({"string"})),
    **dict.fromkeys(("changed", "link-last", "link-next", "link-previous"), frozenset({"string", "null"})),
    "page-text": frozenset({"string", "integer"}),
    "enabled": frozenset({"boolean"}),
    "enabled-integer": frozenset({"integer"}),
    "settings": frozenset({"object"}),
    "never": frozenset({"null"}),
    "rows": frozenset({"array"}),
    "row": frozenset({"object"}),
}

# Where a property has another type than the fact, the fact is written in that type.
_AS_TYPED = {("enabled", "integer"): "enabled-integer", ("settings", "string"): "settings-text"}

_ZEROS: dict[str, Any] = {
    "string": "",
    "integer": 0,
    "number": 0,
    "boolean": False,
    "array": [],
    "object": {},
}


@dataclass(frozen=True, slots=True)
class Template:
    """JSON text before and after the hole for rows, each written from the values' JSON texts, by `x-value` word.

    `hole` is "row", "rows" or None; without one, `tail` is empty. `properties` maps each property that has an
    `x-value` at the top level to that word, which is how a seed in the wire's own form is read back.
    """

    head: Filled
    tail: Filled
    hole: str | None
    properties: Mapping[str, str]

    def ends(self, values: Mapping[str, str]) -> tuple[bytes, bytes]:
        """Return what stands before the hole and after it. `values`: word to JSON text."""
        return self.head(values), self.tail(values)

    def render(self, values: Mapping[str, str]) -> bytes:
        """Return the body of a template without a hole."""
        return self.head(values)


def _filled(text: str) -> Filled:
    """Return what fills a `%` format over words. Which words those are is found out now, and not for each answer."""
    words: list[str] = []

    def place(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0]
        words.append(found[1])
        return "%s"

    places = _WORD.sub(place, text)
    if not words:
        constant = (places % ()).encode()
        return lambda _: constant
    pick = itemgetter(*words)  # of one word, its text; of several, a tuple: `%` takes either
    return lambda values: (places % pick(values)).encode()


def joined(ends: tuple[bytes, bytes], rows: Sequence[bytes]) -> bytes:
    """Return a body: the rows, with commas, between its ends. A large page is copied once and no more."""
    if len(rows) < 2:
        return b"".join((ends[0], *rows, ends[1]))
    pieces = [*rows]
    pieces[0] = ends[0] + pieces[0]
    pieces[-1] += ends[1]
    return b",".join(pieces)


def compile_template(schemas: Schemas, schema: Object, quote: Quote, words: frozenset[str]) -> Template:
    """Compile an object schema, which may show the facts that `words` names.

    Raises DocumentError where a property has no source, or one that it does not admit.
    """
    text = _Writer(schemas, quote, words).write_object(schema)
    if sum(text.count(f"%({hole})s") for hole in _ROW_HOLES) > 1:
        raise DocumentError("an answer has one place for its handlers: keep one.", schema.place)
    for hole in _ROW_HOLES:
        head, mark, tail = text.partition(f"%({hole})s")
        if mark:
            return Template(_filled(head), _filled(tail), hole, _properties(schemas, schema))
    return Template(_filled(text), _filled(""), None, _properties(schemas, schema))


def check_required(schema: Object) -> None:
    """Raise DocumentError where a schema requires what none of its properties describes: nothing would fill it."""
    for name in schema.get("required", ()):
        if name not in schema.get("properties", ()):
            what = (
                f"{name!r} is required and none of the properties: describe it there, or do not require it."
            )
            raise DocumentError(what, place_of(schema, "required"))


def _properties(schemas: Schemas, schema: Object) -> dict[str, str]:
    resolved = {key: schemas.resolve(node) for key, node in schema.get("properties", {}).items()}
    return {key: node["x-value"] for key, node in resolved.items() if "x-value" in node}


class _Writer(NamedTuple):
    schemas: Schemas
    quote: Quote
    words: frozenset[str]

    def write_object(self, schema: Object, depth: int = 0) -> str:
        if depth > _DEEPEST:
            raise DocumentError("the answer has no end: its schema contains itself.", schema.place)
        check_required(schema)
        if _types(schema) and "object" not in _types(schema):
            raise DocumentError("an answer is an object, which `type` does not admit.", schema.place)
        pairs = ",".join(self._members(schema.get("properties") or Object(schema.place), depth))
        return "{" + pairs + "}"

    def _members(self, properties: Object, depth: int) -> Iterator[str]:
        for key, node in properties.items():
            source = self._rendered(self.schemas.resolve(node), place_of(properties, key), depth)
            yield f"{self._literal(key)}:{source}"

    def _rendered(self, node: Object, place: Place, depth: int) -> str:
        kinds = _types(node)
        if "x-value" in node:
            return self._hole(node, kinds)
        if "properties" in node or "required" in node:
            return self.write_object(node, depth + 1)
        return self._literal(_constant(node, kinds, place))

    def _hole(self, node: Object, kinds: list[str]) -> str:
        word, place = node["x-value"], place_of(node, "x-value")
        if word not in self.words:
            known = ", ".join(sorted(self.words)) or "none"
            raise DocumentError(f"the fact {word!r} is none that this answer can show: {known}.", place)
        word = next((_AS_TYPED[word, kind] for kind in kinds if (word, kind) in _AS_TYPED), word)
        admitted = {*kinds, "integer"} if "number" in kinds else {*kinds}
        if kinds and not _KINDS[word] <= admitted:
            fact = " or ".join(sorted(_KINDS[word]))
            raise DocumentError(f"the fact {word!r} is {fact}, which `type` does not admit.", place)
        hole = "null" if word == "never" else f"%({word})s"
        return f"[{hole}]" if word == "rows" else hole

    def _literal(self, value: Any) -> str:
        return write(value, self.quote).replace("%", "%%")


def _constant(node: Object, kinds: list[str], place: Place) -> Any:
    """Choose what a property without a source always shows: what its schema gives first, else its type's zero."""
    for key in ("const", "default"):
        if key in node:
            return node[key]
    for key in ("examples", "enum"):
        if node.get(key):
            return node[key][0]
    if "null" in kinds or not kinds:
        return None
    if kinds[0] not in _ZEROS:
        raise DocumentError(f"the type {kinds[0]!r} is none of JSON Schema's.", place)
    return node.get("minimum", _ZEROS[kinds[0]])


def _types(node: Mapping[str, Any]) -> list[str]:
    kind = node.get("type", [])
    return [kind] if isinstance(kind, str) else list(kind)
