"""From one document to another: the OpenAPI Overlay 1.1 actions that lead there.

Source: https://spec.openapis.org/overlay/v1.1.html. An update merges objects, appends to lists and replaces primitive
values; whatever else changes is removed first and then put back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Action = dict[str, Any]

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def changes(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "$") -> list[Action]:
    """Return the actions that make `after` of `before`, in an order in which they apply."""
    actions: list[Action] = []
    added: dict[str, Any] = {}
    for key in before:
        if key not in after:
            actions.append({"target": path + step(key), "remove": True})
    for key, value in after.items():
        if key not in before:
            added[key] = value
        elif not _same(before[key], value):
            actions += _changed(before[key], value, path + step(key), key, added)
    return [*actions, *([{"target": path, "update": added}] if added else [])]


def step(key: str | int) -> str:
    """Return a key or an index as a segment of a JSONPath (RFC 9535)."""
    if isinstance(key, int):
        return f"[{key}]"
    if _PLAIN.match(key):
        return f".{key}"
    escaped = key.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{escaped}']"


def _changed(before: Any, after: Any, path: str, key: str, added: dict[str, Any]) -> Iterator[Action]:
    """Yield what changes below a key; what the parent's update can do goes into `added`."""
    if isinstance(before, dict) and isinstance(after, dict):
        yield from changes(before, after, path)
    elif isinstance(before, list) and isinstance(after, list) and _pairs_up(before, after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from changes(one, other, path + step(index))
    elif _is_primitive(before) and _is_primitive(after):
        added[key] = after
    else:
        yield {"target": path, "remove": True}
        added[key] = after


def _pairs_up(before: list[Any], after: list[Any]) -> bool:
    """Tell whether lists of objects can be changed item by item."""
    return len(before) == len(after) and all(isinstance(item, dict) for item in (*before, *after))


def _is_primitive(value: Any) -> bool:
    return not isinstance(value, (dict, list))


def _same(one: Any, other: Any) -> bool:
    """Tell whether two trees are the same; unlike `==`, 1 is not true and 1.0 is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))
    return type(one) is type(other) and bool(one == other)
