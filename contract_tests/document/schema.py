"""Walks a document's schemas: references resolved, `x-value` words found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The keys that lead from the top of an answer to a place in it.
Steps = tuple[str, ...]

_DEEPEST = 12


class SchemaPaths:
    """The schemas of one document."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data

    def find(self, reference: str) -> Any:
        """Return what a local reference names. Raises KeyError if nothing stands there."""
        node: Any = self._data
        for step in reference.removeprefix("#").strip("/").split("/"):
            key = step.replace("~1", "/").replace("~0", "~")
            node = node[int(key)] if isinstance(node, list) else node[key]
        return node

    def resolve(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follow references; what stands beside one is laid over what it names."""
        for _ in range(_DEEPEST):
            if "$ref" not in node:
                break
            beside = {key: value for key, value in node.items() if key != "$ref"}
            node = {**self.find(node["$ref"]), **beside}
        return node

    def properties(self, schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """Return an object's properties, resolved."""
        found: dict[str, Mapping[str, Any]] = {}
        for key, node in self.resolve(schema).get("properties", {}).items():
            found[key] = self.resolve(node)
        return found

    def words(self, schema: Mapping[str, Any]) -> dict[str, str]:
        """Return an object's property by `x-value` word."""
        named = {node.get("x-value"): key for key, node in self.properties(schema).items()}
        return {word: key for word, key in named.items() if word is not None}

    def path_to(self, schema: Mapping[str, Any], word: str, depth: int = 0) -> Steps:
        """Return the keys to the property that has an `x-value` word; empty if no property has it."""
        if depth > _DEEPEST:
            return ()
        properties = self.properties(schema)
        for key, node in properties.items():
            if node.get("x-value") == word:
                return (key,)
        for key, node in properties.items():
            if below := self.path_to(node, word, depth + 1):
                return (key, *below)
        return ()

    def at(self, schema: Mapping[str, Any], steps: Steps) -> Mapping[str, Any]:
        """Return the schema of a place, an empty one if the place has no schema."""
        for step in steps:
            schema = self.properties(schema).get(step, {})
        return schema
