"""The base document with one of its nodes deleted or replaced."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from mock_server.document import Array, Document, Object, Place, digest_of, load, place_of

Path = tuple[str | int, ...]

# Each way to what is put in a node's place; None deletes it.
WAYS: dict[str, Callable[[Place], Any] | None] = {
    "deleted": None,
    "null": lambda _: None,
    "text": lambda _: "broken",
    "number": lambda _: 5,
    "huge number": lambda _: 10**30,
    "boolean": lambda _: True,
    "mapping": Object,
    "list": Array,
    "reference": lambda place: _reference("#/components/schemas/Value", place),
    "reference to nothing": lambda place: _reference("#/components/schemas/Nothing", place),
}


@cache
def base() -> Document:
    return load()


def _reference(pointer: str, place: Place) -> Object:
    node = Object(place)
    node.put("$ref", pointer, place)
    return node


def paths(node: Any = None, path: Path = ()) -> Iterator[Path]:
    """Yield the path of each node but the root."""
    node = base().data if node is None and not path else node
    steps = node if isinstance(node, Object) else range(len(node)) if isinstance(node, Array) else ()
    for step in steps:
        yield (*path, step)
        yield from paths(node[step], (*path, step))


def mutant(path: Path, way: str) -> Document:
    """Return the base with the node at a path changed in one way. What does not hold the node is the base's own."""
    data: Any = _shallow(base().data)
    node = data
    for step in path[:-1]:
        below = _shallow(node[step])
        node.put(step, below, place_of(node, step))
        node = below
    make = WAYS[way]
    if make is None:
        del node[path[-1]]
    else:
        place = place_of(node, path[-1])
        node.put(path[-1], make(place), place)
    return dataclasses.replace(base(), data=data, digest=digest_of(data))


def _shallow(node: Object | Array) -> Any:
    """Copy a node, but not what it holds."""
    copy: Any = type(node)(node.place)
    copy.places = node.places.copy()
    (copy.update if isinstance(node, Object) else copy.extend)(node)
    return copy
