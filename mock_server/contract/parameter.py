"""Parameters of the path and the query: what each does, and how its text becomes a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mock_server.contract.schema import Schemas
from mock_server.forms import php

# An integer as JSON and OpenAPI write it. Not `int()`: that also takes "1_0", " 1" and Arabic digits.
_STRICT_INTEGER = re.compile(r"(?:0|-?[1-9][0-9]{0,17})\Z")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `otherwise`: "default", or the refusal that an invalid value gets."""

    name: str
    role: str | None
    default: Any
    enum: frozenset[Any] | None
    minimum: int | None
    is_integer: bool
    lenient: bool  # cast as PHP casts, never invalid for its spelling
    otherwise: str
    properties: Mapping[str, str]

    def cast(self, text: str) -> int | str | None:
        """Return the value of a text, or None where the text spells none."""
        if not self.is_integer:
            return text
        if self.lenient:
            return php.to_int(text)
        return int(text) if _STRICT_INTEGER.match(text) else None

    def admits(self, value: int | str | None) -> bool:
        """Tell whether the document allows this value."""
        if value is None or (self.enum is not None and value not in self.enum):
            return False
        return self.minimum is None or not isinstance(value, int) or value >= self.minimum


def compile_parameters(schemas: Schemas, nodes: list[Any], location: str) -> tuple[Parameter, ...]:
    """Compile the parameters that stand in `location` ("query" or "path"), in the document's order."""
    resolved = [schemas.resolve(node) for node in nodes]
    return tuple(_parameter(schemas, node) for node in resolved if node["in"] == location)


def _parameter(schemas: Schemas, node: Mapping[str, Any]) -> Parameter:
    schema = schemas.resolve(node["schema"])
    return Parameter(
        name=node["name"],
        role=node.get("x-role"),
        default=schema.get("default"),
        enum=frozenset(schema["enum"]) if "enum" in schema else None,
        minimum=schema.get("minimum"),
        is_integer=schema.get("type") == "integer",
        lenient=node.get("x-cast") == "php-integer",
        otherwise=node.get("x-otherwise", "default"),
        properties=node.get("x-properties", {}),
    )
