"""Parameters of the path and the query: what each does, and how its text becomes a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mock_server.contract.schema import Check, Schemas
from mock_server.document import DocumentError, Object, Place, place_of, plain
from mock_server.php import values

# An integer as JSON and OpenAPI write it. Not `int()`: that also takes "1_0", " 1" and Arabic digits.
_STRICT_INTEGER = re.compile(r"(?:0|-?[1-9][0-9]{0,17})\Z")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `otherwise`: "default", or the refusal that an invalid value gets.

    `enum`: the values allowed, where they are few; `check` says of any value what is wrong with it;
    `properties`: its values to the response properties that they name, where the two differ.
    """

    name: str
    role: str | None
    default: Any
    enum: tuple[Any, ...]
    check: Check
    is_integer: bool
    lenient: bool  # cast as PHP casts, never invalid for its spelling
    otherwise: str
    properties: Mapping[str, str]
    place: Place

    def cast(self, text: str) -> int | str | None:
        """Return the value of a text, or None where the text spells none."""
        if not self.is_integer:
            return text
        if self.lenient:
            return values.to_int(text)
        return int(text) if _STRICT_INTEGER.match(text) else None

    def admits(self, value: int | str | None) -> bool:
        """Tell whether the document allows this value."""
        return value is not None and self.check(value) is None


def compile_parameters(schemas: Schemas, nodes: list[Object], location: str) -> tuple[Parameter, ...]:
    """Compile the parameters that stand in `location` ("query" or "path"), in the document's order.

    Raises DocumentError where a default is none of the values allowed.
    """
    resolved = [schemas.resolve(node) for node in nodes]
    return tuple(_parameter(schemas, node) for node in resolved if node["in"] == location)


def _parameter(schemas: Schemas, node: Object) -> Parameter:
    schema = schemas.resolve(node["schema"])
    check = schemas.check(node["schema"])
    if "default" in schema and (complaint := check(plain(schema["default"]))):
        what = f"the default of {node['name']} is not allowed by its own schema: {complaint}."
        raise DocumentError(what, place_of(schema, "default"))
    return Parameter(
        name=node["name"],
        role=node.get("x-role"),
        default=schema.get("default"),
        enum=tuple(schema.get("enum", ())),
        check=check,
        is_integer=schema.get("type") == "integer",
        lenient=node.get("x-cast") == "php-integer",
        otherwise=node.get("x-otherwise", "default"),
        properties=node.get("x-properties", {}),
        place=place_of(node, "name"),
    )
