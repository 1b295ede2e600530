"""Checks a file against its JSON Schema. Errors name the file, the line and the field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any

import jsonschema_rs

from mock_server.document.source import Array, DocumentError, Object, home, place_at, plain, read

_TYPES = {
    "string": "must be text. Quote it.",
    "object": "must be a mapping. Write `key: value` lines.",
    "array": "must be a list. Write `- ` lines.",
    "boolean": "must be true or false.",
    "integer": "must be a whole number.",
    "number": "must be a number.",
}
_FEW = {
    "minItems": "has too few entries. Add one.",
    "minProperties": "has too few keys. Add one.",
    "minLength": "must not be empty.",
}


def nearest(word: str, words: Iterable[str]) -> str:
    """Return ` (did you mean 'x'?)` for the closest of some words, or nothing if none is close."""
    import difflib  # late: only mistakes need it

    close = difflib.get_close_matches(word, list(words), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def unknown_word(what: str, word: str, words: Iterable[str]) -> str:
    """Return a sentence on an unknown word.

    >>> unknown_word("key", "nmae", ["id", "name"])
    "Unknown key 'nmae' (did you mean 'name'?). Choose from id, name."
    """
    listed = list(words)
    choice = f" Choose from {', '.join(listed)}." if listed else ""
    return f"Unknown {what} {word[:60]!r}{nearest(word, listed)}.{choice}"


class JsonShape:
    """A JSON Schema whose errors name the field and the remedy.

    A `description` in the schema is the remedy, such as "must be 3.1.x. Write 3.1.0.". Without one, the words are the
    validator's own.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema: dict[str, Any] = plain(schema)
        # Masked, because a message must not quote half a document.
        self._validator = jsonschema_rs.validator_for(
            self._schema, mask="this value", retriever=lambda uri: _schema(uri.rpartition("/")[2])
        )

    def check(self, root: Object | Array, at: tuple[str | int, ...] = ()) -> None:
        """Raise DocumentError if the value at a path below `root` has another shape."""
        value: Any = root
        for step in at:
            value = value[step]
        found = [self._fault(root, at, error) for error in self.errors(plain(value))]
        if found:
            raise min(found, key=lambda fault: (fault[0], fault[1].place or root.place))[1]

    def errors(self, value: Any) -> list[jsonschema_rs.ValidationError]:
        """Return the validator's errors about plain data."""
        return [] if self._validator.is_valid(value) else list(self._validator.iter_errors(value))

    def _fault(
        self, root: Object | Array, at: tuple[str | int, ...], error: jsonschema_rs.ValidationError
    ) -> tuple[int, DocumentError]:
        """Return the error and its rank: a misspelt key says more than a wrong value, and a missing key less."""
        kind: Any = error.kind
        path, rank = [*at, *error.instance_path], 1
        if kind.name == "propertyNames":
            path.append(kind.error.instance)
        place, node = place_at(root, path), self.node(list(error.evaluation_path)[:-1])
        if kind.name == "additionalProperties":
            key = kind.unexpected[0]
            rank, what = 0, unknown_word("key", key, node.get("properties", ()))
            place = place_at(root, [*path, key])
        elif kind.name == "required":
            rank, what = 2, f"The key {kind.property!r} is missing. Add it."
        elif "description" in node:
            what = node["description"]
        elif kind.name == "type":
            what = _TYPES.get(kind.types[0], f"{error.message}.")
        elif kind.name == "enum":
            what = f"must be one of {', '.join(map(str, kind.options))}."
        else:
            what = _FEW.get(kind.name, f"{error.message}.")
        field = "/".join(map(str, path))
        field = f"entry {field}" if path and isinstance(path[0], int) else field
        about = f"{field}{' ' if what[0].islower() else ': '}{what}"
        return rank, DocumentError(about if field else what[0].upper() + what[1:], place)

    def node(self, path: list[str | int]) -> dict[str, Any]:
        """Return the part of the schema at a validator's path, which follows references."""
        root: Any = self._schema
        node = root
        for step in path:
            steps, target = [step], node.get(step) if isinstance(node, dict) else None
            if step == "$ref" and isinstance(target, str):
                file, _, pointer = target.partition("#")
                root = node = _schema(file.rpartition("/")[2]) if file else root
                steps = [*pointer.split("/")[1:]]
            for name in steps:
                node = node.get(name, {}) if isinstance(node, dict) else node[name]
        return node if isinstance(node, dict) else {}


@cache
def _schema(file: str) -> dict[str, Any]:
    """Return a schema of openapi/schemas; empty for one from elsewhere, such as the meta-schema of JSON Schema."""
    path = home() / "schemas" / file
    schema: dict[str, Any] = plain(read(path)) if path.is_file() else {}
    return schema


@cache
def shape(name: str) -> JsonShape:
    """Return one of the shapes in openapi/schemas, such as "overlay"."""
    return JsonShape(_schema(f"{name}.yaml"))


@lru_cache(maxsize=256)
def linear(pattern: str) -> Any:
    """Return a validator of texts in which a pattern is found, in linear time.

    The engine has no look-around and no back-references, with which a pattern from an untrusted document could run
    forever. Raises ValueError if the pattern is wrong or needs them.
    """
    return jsonschema_rs.validator_for({"pattern": pattern}, pattern_options=jsonschema_rs.RegexOptions())


def is_linear(pattern: str) -> bool:
    """Tell whether `linear` takes a pattern."""
    try:
        linear(pattern)
    except ValueError:
        return False
    return True
