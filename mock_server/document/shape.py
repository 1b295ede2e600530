"""Checks the shape of a hand-written Object key by key, with the place in every error."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from mock_server.document.places import Array, DocumentError, Object, place_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def nearest(word: str, words: Iterable[str]) -> str:
    """Give ` (did you mean 'x'?)` for the closest of some words, or nothing where none is close."""
    close = difflib.get_close_matches(word, list(words), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def check_keys(container: Object, known: Collection[str], what: str, *, extensible: bool = False) -> None:
    """Refuse keys that are not known; `extensible` lets those through that begin with `x-`."""
    for key in container:
        if key in known or (extensible and key.startswith("x-")):
            continue
        listed = ", ".join(known)
        message = f"{what} has no key {key!r}{nearest(key, known)}, its keys are {listed}"
        raise DocumentError(message, place_of(container, key))


def required(container: Object, key: str, what: str) -> Any:
    """Give the value of a key that must be there."""
    if key not in container:
        raise DocumentError(f"{what} needs the key {key!r}, add it", container.place)
    return container[key]


def text(container: Object, key: str, what: str) -> str:
    """Give the text of a key that must be there; `1.0` unquoted is a number and refused."""
    value = required(container, key, what)
    if not isinstance(value, str) or not value.strip():
        raise DocumentError(f"{key!r} of {what} must be text, quote it", place_of(container, key))
    return value


def flag(container: Object, key: str, what: str) -> bool:
    """Give a boolean, false where the key is absent."""
    value = container.get(key, False)
    if not isinstance(value, bool):
        raise DocumentError(f"{key!r} of {what} must be true or false", place_of(container, key))
    return value


def an_object(container: Object | Array, key: str | int, what: str) -> Object:
    """Give the Object at a key or an index, which must be there."""
    if isinstance(container, Object):
        if key not in container:
            raise DocumentError(f"{what} is missing, add it", container.place)
        value = container[str(key)]
    else:
        value = container[int(key)]
    if not isinstance(value, Object):
        raise DocumentError(f"{what} must be a mapping, write `key: value` lines", place_of(container, key))
    return value


def an_array(container: Object, key: str, what: str, *, least: int = 0) -> Array:
    """Give the Array at a key that must be there and hold at least so many items."""
    value = required(container, key, what)
    if not isinstance(value, Array):
        raise DocumentError(f"{key!r} of {what} must be a list, write `- ` lines", place_of(container, key))
    if len(value) < least:
        raise DocumentError(f"{key!r} of {what} needs at least {least} entry", place_of(container, key))
    return value
