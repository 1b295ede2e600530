"""Properties as they were seen, as JSON Schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_TYPES = (
    (bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array"), (dict, "object"),
)  # fmt: skip


def kind_of(value: Any) -> str:
    """Return the JSON type of a value."""
    return next((name for kind, name in _TYPES if isinstance(value, kind)), "null")


def described(key: str, values: Sequence[Any]) -> dict[str, Any]:
    """Return the schema of a property that no document knows, from the values that it was seen to have.

    What always has one value gets it as its default; an id, or what changes, is the service's affair and is readOnly.
    An id that several rows share, such as that of their user, is the account's: it has a default all the same.
    """
    kinds = sorted({kind_of(value) for value in values})
    schema: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else kinds}
    if any(value != values[0] for value in values):
        return schema | {"readOnly": True}
    if key == "id" or key.endswith("_id"):
        shared = {"description": "An id that the rows of an account share.", "default": values[0]}
        return schema | {"readOnly": True} | (shared if len(values) > 1 else {})
    return schema | {"default": values[0]}


def extra(known: Iterable[str], rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the schemas of the keys that every row has and nobody knows."""
    shared = [key for key in (rows[0] if rows else ()) if all(key in row for row in rows)]
    return {key: described(key, [row[key] for row in rows]) for key in shared if key not in set(known)}


def missing(known: Iterable[str], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the known keys that no row has."""
    return [key for key in known if rows and not any(key in row for row in rows)]


def adjust(schema: dict[str, Any], more: Mapping[str, dict[str, Any]], fewer: Iterable[str]) -> None:
    """Put properties into an object's schema, and take others away."""
    properties = schema.setdefault("properties", {})
    required = [key for key in schema.get("required", ()) if key not in set(fewer)]
    for key in fewer:
        properties.pop(key, None)
    properties.update(more)
    schema["required"] = [*required, *(key for key in more if key not in required)]
