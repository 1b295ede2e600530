"""A rehearsal of an upgrade: the responses that another document would have given, beside the actual ones.

The mock of the other document is called the shadow. It begins with the same seed and is given the same requests. Both
responses are compared as a client would read them: the status, and JSON as data. Times may differ by a few seconds.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from mock_server.state.journal import Rehearsed

_TIME = "%Y-%m-%d %H:%M:%S"
_DRIFT = 5.0  # seconds that the times in two responses to one request may differ by


class Change(NamedTuple):
    """What would change for one kind of call: both statuses, and the places in the bodies that differ."""

    operation: str
    status: int
    then: int
    places: tuple[str, ...]


class Rehearsal:
    """Counts what would change under the other document, which is called `name`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.calls = 0
        self._lock = threading.Lock()
        self._changes: Counter[Change] = Counter()

    def compare(self, operation: str, status: int, body: bytes, rehearsed: Rehearsed) -> None:
        """Note how the shadow's response differs from this one: in the exchange, and in the count."""
        places = ("status",) if status != rehearsed.status else ()
        rehearsed.places = (*places, *_places(_parsed(body), _parsed(rehearsed.body), ""))
        with self._lock:
            self.calls += 1
            if rehearsed.places:
                # All rows of a list differ alike: count the list once.
                kinds = tuple(dict.fromkeys(_without_numbers(place) for place in rehearsed.places))
                self._changes[Change(operation, status, rehearsed.status, kinds)] += 1

    def changes(self) -> list[tuple[Change, int]]:
        """Return each change with its count, the most frequent first."""
        with self._lock:
            return self._changes.most_common()


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except ValueError:
        return body


def _places(one: Any, other: Any, place: str) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*one, *(key for key in other if key not in one)]:
            if key in one and key in other:
                yield from _places(one[key], other[key], f"{place}/{key}")
            else:
                yield f"{place}/{key}"
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other, strict=True)):
            yield from _places(*pair, f"{place}/{number}")
    elif (type(one), one) != (type(other), other) and not _is_one_time(one, other):
        yield place or "body"


def _is_one_time(one: Any, other: Any) -> bool:
    try:
        apart = datetime.strptime(one, _TIME) - datetime.strptime(other, _TIME)
    except (TypeError, ValueError):
        return False
    return abs(apart.total_seconds()) <= _DRIFT


def _without_numbers(place: str) -> str:
    return "/".join("…" if step.isdigit() else step for step in place.split("/"))
