"""Says what is wrong with the JSON or a parameter of a control request: the field, its value, and what is allowed.

The allowed values come from openapi/control.yaml. Instead of a pattern, the description of its schema is shown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from mock_server.document import JsonShape, nearest

# Characters of a value that a sentence shows.
_SHOWN = 60

_NOUNS = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")

# Errors that explain more or less than a wrong value. A misspelt field also makes another one missing.
_RANKS = {"additionalProperties": 0, "required": 2, "minProperties": 3, "anyOf": 3}


class Complaints:
    """A JSON Schema of the control, which explains its errors. `name`: the parameter that it is for, if any."""

    def __init__(self, schema: Mapping[str, Any], name: str = "") -> None:
        self.schema = schema
        self._shape = JsonShape(schema)
        self._name = name

    def of(self, value: Any) -> str | None:
        """Return a sentence for what is wrong with a value, or None."""
        errors = [inner for error in self._shape.errors(value) for inner in _within(error)]
        return self._sentence(min(errors, key=_rank)) if errors else None

    def with_objects(self, value: Any) -> Any:
        """Return JSON with an empty object for each empty list that must be an object. PHP writes such lists."""
        for error in [inner for each in self._shape.errors(value) for inner in _within(each)]:
            kind: Any = error.kind
            if kind.name == "type" and error.instance == [] and "object" in kind.types:
                value = _replaced(value, list(error.instance_path))
        return value

    def _sentence(self, error: jsonschema_rs.ValidationError) -> str:
        kind: Any = error.kind
        node = self._shape.node(list(error.evaluation_path)[:-1])
        field = "/".join([*filter(None, [self._name]), *map(str, error.instance_path)])
        if kind.name == "additionalProperties":
            name, known = kind.unexpected[0], _fields(node)
            path = f"{field}/{name}" if field else name
            return f"Unknown field {path[:_SHOWN]!r}{nearest(name, known)}. Choose from {', '.join(known)}."
        if known := self._names_beside(error):
            name, needs = str(error.instance_path[-1]), _either([_NOUNS[each] for each in kind.types])
            choice = f"Choose from {', '.join(known)}. Any other name needs {needs}"
            return f"Unknown field {field[:_SHOWN]!r}{nearest(name, known)}. {choice}."
        if kind.name == "required":
            return f"{field or 'The body'} needs the field {kind.property!r}. Add it."
        if kind.name == "minProperties":
            fields = ", ".join(_fields(node))
            way = f"Send any of {fields}" if fields else "Add one, or leave it out"
            return f"{field or 'The body'} has no fields. {way}."
        if kind.name in {"anyOf", "not"}:
            return str(node["description"])
        sent: Any = error.instance
        is_word = kind.name == "enum" and isinstance(sent, str)
        meant = nearest(sent, map(str, kind.options)) if is_word else ""
        return f"Invalid {field or 'body'} {_written(sent)}{meant}: use {_allowed(kind, node)}."

    def _names_beside(self, error: jsonschema_rs.ValidationError) -> list[str]:
        """Return the names that an object has beside free ones, if the value under a free name has a wrong type."""
        kind: Any = error.kind
        way = [step for step in error.evaluation_path if step != "$ref"]
        if kind.name != "type" or way[-2:-1] != ["additionalProperties"]:
            return []
        steps = list(error.evaluation_path)
        last = len(steps) - 1 - steps[::-1].index("additionalProperties")
        return _fields(self._shape.node(steps[:last]))


def _within(error: jsonschema_rs.ValidationError) -> list[jsonschema_rs.ValidationError]:
    """Return the errors of the alternative that was meant: the first one, as the other one is null."""
    kind: Any = error.kind
    if kind.name != "oneOf" or not getattr(kind, "context", None):
        return [error]
    return [inner for each in kind.context[0] for inner in _within(each)]


def _rank(error: jsonschema_rs.ValidationError) -> int:
    kind: Any = error.kind
    return _RANKS.get(kind.name, 1)


def _fields(node: Mapping[str, Any]) -> list[str]:
    """Return the fields of an object that can be sent."""
    return [name for name, each in node.get("properties", {}).items() if not each.get("readOnly")]


def _allowed(kind: Any, node: Mapping[str, Any]) -> str:
    """Say what a schema allows."""
    if kind.name == "type" and "pattern" not in node:  # else the description says what the text looks like
        return _either([_NOUNS[name] for name in sorted(kind.types, key="null".__eq__)])
    if kind.name == "enum":
        return _either([each if isinstance(each, str) else json.dumps(each) for each in kind.options])
    if kind.name in _BOUNDS:
        return _range(node)
    said = str(node.get("description", "")).rstrip(".")
    return said[:1].lower() + said[1:] if said else "what /_mock/control.yaml allows"


def _range(node: Mapping[str, Any]) -> str:
    least, above, most = (node.get(word) for word in ("minimum", "exclusiveMinimum", "maximum"))
    if least is not None and most is not None:
        return f"{least}–{most}"
    if above is not None:
        return f"more than {above}" + (f" and at most {most}" if most is not None else "")
    return f"{least} or more" if least is not None else f"at most {most}"


def _either(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _written(value: Any) -> str:
    if isinstance(value, str):
        return repr(value[:_SHOWN])
    return (
        "{…}" if isinstance(value, dict) else "[…]" if isinstance(value, list) else json.dumps(value)[:_SHOWN]
    )


def _replaced(value: Any, path: list[str | int]) -> Any:
    """Return JSON with an empty object at a path. Only the containers on the path are copied."""
    if not path:
        return {}
    copy: Any = value.copy()
    copy[path[0]] = _replaced(value[path[0]], path[1:])
    return copy
