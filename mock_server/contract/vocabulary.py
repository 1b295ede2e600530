"""The closed list of the document's own words: a word it does not know stops the start."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import jsonschema_rs

from mock_server.document import DocumentError, home, place_at, place_of, plain, read

# Below these keys stand names or data of the document's author, not words.
_NAMES = frozenset(
    {"properties", "headers", "schemas", "responses", "parameters", "paths", "securitySchemes"}
)
_DATA = frozenset({"example", "examples", "value", "enum", "const", "default"})


@cache
def words() -> Mapping[str, Any]:
    """Return the vocabulary: word to its meaning and schema, as openapi/vocabulary.yaml has it."""
    vocabulary: Mapping[str, Any] = read(home() / "vocabulary.yaml")["words"]
    return vocabulary


@cache
def _validator(word: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(plain(words()[word]["schema"]))


def check(document: Any) -> None:
    """Raise DocumentError, with file and line, at the first `x-` word that is unknown or has a wrong value."""
    for container, key in words_in(document):
        if key not in words():
            near = difflib.get_close_matches(key, words(), n=1)
            hint = f"did you mean {near[0]}?" if near else "the list of words is openapi/vocabulary.yaml."
            raise DocumentError(f"the word {key} is not in the vocabulary; {hint}", place_of(container, key))
        for error in _validator(key).iter_errors(plain(container[key])):
            path = [key, *error.instance_path]
            # The end of the message says what is allowed; its beginning repeats the value, however long.
            what = f"{'/'.join(map(str, path))} has a value it cannot have: {error.message[-200:]}."
            raise DocumentError(what, place_at(container, path))


def words_in(node: Any, *, named: bool = False) -> Iterator[tuple[Any, str]]:
    """Yield each mapping and key that is an `x-` word. `named`: the mapping's keys are names, not words."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if not named and key.startswith("x-"):
                yield node, key
                if key != "x-service":  # the only word that holds further words and references
                    continue
            if named or key not in _DATA:
                yield from words_in(value, named=not named and key in _NAMES)
    elif isinstance(node, list):
        for item in node:
            yield from words_in(item)
