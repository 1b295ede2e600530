"""The document's schemas: resolves references, checks values, and compares its words with the vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import Any

import jsonschema_rs
import msgspec

from mock_server.document import (
    DocumentError,
    JsonShape,
    Object,
    Place,
    home,
    nearest,
    place_of,
    plain,
    read,
    shape,
)

# Compiled schemas, by their text and that of the components they refer to. Many places of a document have the same
# schema, and so have the documents that one process compiles: each answer to a question makes another.
_VALIDATORS: dict[tuple[str, str], Any] = {}
_MOST_VALIDATORS = 256

# Says what is wrong with a value, or None.
Check = Callable[[Any], str | None]

# Says what is wrong with a JSON text, or None. Raises ValueError if it is not JSON.
CheckText = Callable[[bytes], str | None]

# The keys below these keys are names, not words.
_NAMES = frozenset(
    {"properties", "headers", "schemas", "responses", "parameters", "paths", "securitySchemes", "examples"}
)
# Below these keys is an author's data, in which `$ref` has no meaning.
_DATA = frozenset({"example", "value", "enum", "const", "default"})


class Schemas:
    """The document's schemas, with references resolved against the document itself."""

    def __init__(self, document: Object) -> None:
        self.document = document
        self._named: dict[str, Any] = {}  # by pointer: most are resolved many times

    @cached_property
    def _components(self) -> dict[str, Any]:
        return {"schemas": plain(self.document.get("components", {}).get("schemas", {}))}

    @cached_property
    def _components_text(self) -> str:
        return repr(self._components)

    def at(self, pointer: str, place: Place | None = None) -> Any:
        """Return what a pointer such as `#/components/schemas/Name` names. Raises DocumentError."""
        if pointer in self._named:
            return self._named[pointer]
        node: Any = self.document
        if not pointer.startswith("#/"):
            raise DocumentError(f"The reference {pointer!r} leaves the document. Write #/….", place)
        for step in pointer[2:].split("/"):
            step = step.replace("~1", "/").replace("~0", "~")
            try:
                node = node[int(step)] if isinstance(node, list) else node[step]
            except (KeyError, IndexError, ValueError, TypeError):  # a text has no steps either
                what = f"The reference {pointer!r} names nothing in the document. Correct it."
                raise DocumentError(what, place) from None
        self._named[pointer] = node
        return node

    def resolve(self, node: Object) -> Object:
        """Return the mapping with its reference followed. Words beside `$ref` override the referenced ones."""
        if "$ref" not in node:
            return node
        seen = {node["$ref"]}
        target = self._object_at(node)
        while "$ref" in target:
            if target["$ref"] in seen:
                what = f"The reference {target['$ref']!r} goes round in a circle. Break it."
                raise DocumentError(what, place_of(node, "$ref"))
            seen.add(target["$ref"])
            target = _merge(self._object_at(target), target)
        return target if len(node) == 1 else _merge(target, node)

    def _object_at(self, node: Object) -> Object:
        """Return the mapping that a reference names."""
        place = place_of(node, "$ref")
        target = self.at(node["$ref"], place)
        if not isinstance(target, Object):
            raise DocumentError(f"The reference {node['$ref']!r} does not name a mapping. Correct it.", place)
        return target

    def check(self, schema: Object) -> Check:
        """Compile a schema to a function that returns what is wrong with a value, or None."""
        validator = self._validator(schema)
        return lambda value: None if validator.is_valid(value) else _complaint(validator, value)

    def check_text(self, schema: Object) -> CheckText:
        """Compile a schema to the same for a JSON text."""
        validator = self._validator(schema)

        def check(text: bytes) -> str | None:
            value = msgspec.json.decode(text)
            return None if validator.is_valid(value) else _complaint(validator, value)

        return check

    def _validator(self, schema: Object) -> Any:
        """Compile a schema, or return what was compiled of the same schema elsewhere."""
        whole = plain(schema)
        text = repr(whole)
        refers = "'$ref'" in text  # to compile the components takes longer than most schemas
        key = text, self._components_text if refers else ""
        validator = _VALIDATORS.get(key)
        if validator is None:
            if refers:
                whole["components"] = self._components
            try:
                validator = jsonschema_rs.validator_for(whole)
            except (ValueError, jsonschema_rs.ReferencingError) as error:
                reason = getattr(error, "message", None) or str(error)
                raise DocumentError(f"The schema cannot be compiled: {reason}.", schema.place) from error
            if len(_VALIDATORS) >= _MOST_VALIDATORS:
                _VALIDATORS.clear()
            _VALIDATORS[key] = validator
        return validator


def _complaint(validator: Any, value: Any) -> str:
    """Return a validator's first error about a value."""
    error = next(iter(validator.iter_errors(value)))
    return f"{'/'.join(map(str, error.instance_path)) or 'the value'}: {error.message}"


def _merge(target: Object, node: Object) -> Object:
    """Return the target overridden by the words beside a `$ref`, each with its own place."""
    merged = Object(target.place)
    for source in (target, node):
        for key, value in source.items():
            if key != "$ref" or source is target:
                merged.put(key, value, place_of(source, key))
    return merged


def check_document(document: Object) -> list[tuple[Object, str]]:
    """Return each mapping and key that is a word of the document.

    Raises DocumentError, with file and line, if the mock cannot read the document.
    """
    words, found = vocabulary(), words_of(document)
    for container, word in found:
        if word != "$ref" and word not in words:
            what = f"The word {word} is not in the vocabulary{nearest(word, words)}. See openapi/vocabulary.yaml."
            raise DocumentError(what, place_of(container, word))
        if word != "$ref":
            _shape_of(word).check(container, (word,))
    shape("openapi").check(document)
    schemas = Schemas(document)
    for container, word in found:
        if word == "$ref":
            schemas.resolve(container)
    return found


@cache
def vocabulary() -> Mapping[str, Any]:
    """Return the document's own words: each with its meaning and schema, as openapi/vocabulary.yaml has it."""
    words: Mapping[str, Any] = read(home() / "vocabulary.yaml")["words"]
    return words


@cache
def _shape_of(word: str) -> JsonShape:
    return JsonShape(vocabulary()[word]["schema"])


def words_of(node: Any) -> list[tuple[Object, str]]:
    """Return each mapping and key that is an `x-` word or a reference, in the order of the document."""
    found: list[tuple[Object, str]] = []
    _gather(node, False, found)
    return found


def _gather(node: Any, named: bool, found: list[tuple[Object, str]]) -> None:
    """Add the words below a node to `found`. `named`: the mapping's keys are names."""
    if isinstance(node, Object):
        for key, value in node.items():
            is_own = key.startswith("x-")
            if not named and (is_own or (key == "$ref" and isinstance(value, str))):
                found.append((node, key))
            # Words other than x-service hold no words.
            if isinstance(value, dict | list) and (
                named or (key not in _DATA and (not is_own or key == "x-service"))
            ):
                _gather(value, not named and key in _NAMES, found)
    elif isinstance(node, list):
        for item in node:
            _gather(item, False, found)
