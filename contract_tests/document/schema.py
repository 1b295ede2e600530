"""The document's schemas by reference and path, and the texts of its refusals."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

# Values that are new each time, by their form.
_FORMS = (
    ("uuid", re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")),
    ("now:iso", re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)")),
    ("now", re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b")),
    (
        "now:http",
        re.compile(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"),
    ),
)
_HEX = re.compile(r"\b(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{12,128}\b")


# What a refusal lists of its problems.
_LISTS: Mapping[str, type] = {"{items}": list, "{items-by-field}": dict}


def read(body: bytes, media_type: str | None) -> Any:
    """Return a body as data if it is JSON, else as text."""
    text = body.decode("utf-8", "replace")
    if media_type is not None and "json" in media_type:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


def by_form(text: str) -> str:
    """Return a text with placeholders for values that are new each time: two services make them of the same form."""
    for name, pattern in _FORMS:
        text = pattern.sub(f"{{{name}}}", text)
    return _HEX.sub(lambda found: f"{{hex:{len(found[0])}}}", text)


def fits(template: Any, value: Any) -> bool:
    """Tell whether a body could come from a template; a placeholder stands for any text."""
    if isinstance(template, str) and template in _LISTS:
        return isinstance(value, _LISTS[template])
    if isinstance(template, str) and isinstance(value, str):
        pieces = [re.escape(piece) for piece in re.split(r"\{[a-z]+(?::[A-Za-z0-9,]+)?\}", template)]
        return re.fullmatch(".*".join(pieces), value, re.DOTALL) is not None
    if isinstance(template, dict) and isinstance(value, dict):
        if template.keys() == value.keys():
            return all(fits(template[key], value[key]) for key in template)
        return len(template) == len(value) and all(map(fits, _pairs(template), _pairs(value)))
    if isinstance(template, list) and isinstance(value, list):
        return len(template) == len(value) and all(map(fits, template, value))
    if template == "{now:unix}":
        return isinstance(value, int)
    return type(template) is type(value) and bool(template == value)


def _pairs(value: Mapping[str, Any]) -> list[list[Any]]:
    return [[key, each] for key, each in value.items()]


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
