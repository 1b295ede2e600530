"""Plain data that remembers where each thing stood, so that an error can name a file and a line."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar, cast

Tree = TypeVar("Tree")


class Place(NamedTuple):
    """A line (1-based) of a file, named as the user named it; its text is `FILE:LINE`."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class DocumentError(ValueError):
    """One sentence on what is wrong with a document and what to do, after `FILE:LINE: `.

    `place` is None only where no file is at fault, such as an answer chosen on a command line.
    """

    def __init__(self, message: str, place: Place | None = None) -> None:
        super().__init__(message if place is None else f"{place}: {message}")
        self.message = message
        self.place = place


class Object(dict[str, Any]):
    """A dict that knows its own place and that of each key.

    Change it with `put` and `del`: a plain assignment leaves the key at its former place, or at the
    object's own.
    """

    __slots__ = ("place", "places")

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.places: dict[str, Place] = {}

    def put(self, key: str, value: Any, place: Place) -> None:
        """Set a key that stood at `place`."""
        self[key] = value
        self.places[key] = place

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        self.places.pop(key, None)

    def __deepcopy__(self, memo: dict[int, Any]) -> Object:
        return duplicate(self)


class Array(list[Any]):
    """A list that knows its own place and that of each item.

    Change it with `put`, `add` and `del`: the other ways leave the places of its items behind.
    """

    __slots__ = ("place", "places")

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.places: list[Place] = []

    def put(self, index: int, value: Any, place: Place) -> None:
        """Replace an item by one that stood at `place`."""
        self[index] = value
        self.places[index] = place

    def add(self, value: Any, place: Place) -> None:
        """Append an item that stood at `place`."""
        self.append(value)
        self.places.append(place)

    def __delitem__(self, index: Any) -> None:
        super().__delitem__(index)
        del self.places[index]

    def __deepcopy__(self, memo: dict[int, Any]) -> Array:
        return duplicate(self)


def place_of(container: Object | Array, key: str | int) -> Place:
    """Give the place of a key or an index, or the container's own where that key is not known."""
    if isinstance(container, Object):
        return container.places.get(str(key), container.place)
    try:
        return container.places[int(key)]
    except IndexError:
        return container.place


def duplicate(value: Tree) -> Tree:
    """Copy a value to its leaves, places included; nothing is shared with the original."""
    copy: Any = value
    if isinstance(value, Object):
        copy = Object(value.place)
        copy.places.update(value.places)
        for key, item in value.items():
            copy[key] = duplicate(item)
    elif isinstance(value, Array):
        copy = Array(value.place)
        copy.places.extend(value.places)
        copy.extend(duplicate(item) for item in value)
    return cast("Tree", copy)


def plain(value: Any) -> Any:
    """Copy a value to exact dicts and lists, for compiled code that takes no subclass of list."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
