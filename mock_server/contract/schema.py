"""References resolved and schemas compiled: JSON Schema 2020-12, as OpenAPI 3.1 has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import jsonschema_rs
import orjson

from mock_server.document import DocumentError, Object, Place, place_of, plain

# Says what is wrong with a value, or nothing.
Check = Callable[[Any], str | None]

# Says what is wrong with a JSON text, or nothing. Raises ValueError where it is no JSON.
CheckText = Callable[[bytes], str | None]


class Schemas:
    """The document's schemas, with references resolved against the document itself."""

    def __init__(self, document: Object) -> None:
        self.document = document
        self._components = {"schemas": plain(document.get("components", {}).get("schemas", {}))}

    def at(self, pointer: str, place: Place | None = None) -> Any:
        """Return what a pointer such as `#/components/schemas/Name` names. Raises DocumentError."""
        node: Any = self.document
        if not pointer.startswith("#/"):
            raise DocumentError(f"the reference {pointer!r} leaves the document: write it as #/…", place)
        for step in pointer[2:].split("/"):
            step = step.replace("~1", "/").replace("~0", "~")
            try:
                node = node[int(step)] if isinstance(node, list) else node[step]
            except (KeyError, IndexError, ValueError, TypeError):  # a text has no steps either
                raise DocumentError(
                    f"the reference {pointer!r} names nothing in the document.", place
                ) from None
        return node

    def resolve(self, node: Object) -> Object:
        """Return the mapping with its reference followed; words beside `$ref` win over the referenced ones."""
        if "$ref" not in node:
            return node
        seen = {node["$ref"]}
        target = self._object_at(node)
        while "$ref" in target:
            if target["$ref"] in seen:
                raise DocumentError(
                    f"the reference {target['$ref']!r} goes round in a circle.", place_of(node, "$ref")
                )
            seen.add(target["$ref"])
            target = _merge(self._object_at(target), target)
        return target if len(node) == 1 else _merge(target, node)

    def _object_at(self, node: Object) -> Object:
        """Return the mapping that a reference names."""
        place = place_of(node, "$ref")
        target = self.at(node["$ref"], place)
        if not isinstance(target, Object):
            raise DocumentError(f"the reference {node['$ref']!r} names no mapping.", place)
        return target

    def check(self, schema: Object) -> Check:
        """Compile a schema to a function that says in a sentence what is wrong with a value, or None."""
        validator = self._validator(schema)
        is_valid = validator.is_valid
        return lambda value: None if is_valid(value) else _complaint(validator, value)

    def check_text(self, schema: Object) -> CheckText:
        """Compile a schema to the same for a JSON text. Each answer is checked: this one saves it a few calls."""
        validator = self._validator(schema)
        is_valid, parse = validator.is_valid, orjson.loads

        def say(text: bytes) -> str | None:
            value = parse(text)
            return None if is_valid(value) else _complaint(validator, value)

        return say

    def _validator(self, schema: Object) -> jsonschema_rs.Validator:
        whole = {**plain(schema), "components": self._components}
        try:
            return jsonschema_rs.validator_for(whole)
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            reason = getattr(error, "message", None) or str(error)
            raise DocumentError(f"the schema cannot be compiled: {reason}.", schema.place) from error


def _complaint(validator: jsonschema_rs.Validator, value: Any) -> str:
    error = next(iter(validator.iter_errors(value)))
    at = "/".join(str(step) for step in error.instance_path)
    return f"{at or 'the value'}: {error.message}"


def place_at(node: Object, path: Iterable[str | int]) -> Place:
    """Return the place of what stands at a validator's path below a node."""
    place = node.place
    below: Any = node
    for step in path:
        # The validator gives a key of digits, such as a status, as a number.
        key = str(step) if isinstance(below, Object) else step
        place, below = place_of(below, key), below[key]
    return place


def _merge(target: Object, node: Object) -> Object:
    """Return the target with the words beside a `$ref` on top, each at its own place."""
    merged = Object(target.place)
    for source in (target, node):
        for key, value in source.items():
            if key != "$ref" or source is target:
                merged.put(key, value, place_of(source, key))
    return merged
