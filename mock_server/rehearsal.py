"""A rehearsal of an upgrade: each request is answered by today's document, and by another one in its shadow.

The shadow has worlds of its own, forked from the same seed, so that it goes through the same life. What the two answer
is compared as a client would read it: status, media type, JSON as data. Times are the same within a few seconds.
"""

from __future__ import annotations

import io
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from mock_server.api.response import Response
from mock_server.state.journal import REHEARSED, Rehearsed

_TIME = "%Y-%m-%d %H:%M:%S"
_DRIFT = 5.0  # seconds that two answers to one request may be apart

Environ = dict[str, Any]


class Change(NamedTuple):
    """What would change for a kind of call: both statuses, and the places in the answers that differ."""

    operation: str
    status: int
    then: int
    places: tuple[str, ...]


class Rehearsal:
    """Asks the shadow, and counts what would change. `name` is what the other document is called."""

    def __init__(self, name: str, shadow: Callable[[Environ], Response]) -> None:
        self.name = name
        self.calls = 0
        self._shadow = shadow
        self._lock = threading.Lock()
        self._changes: Counter[Change] = Counter()

    def ask(self, environ: Environ) -> Rehearsed:
        """Have the shadow answer, and leave the request as it was for whoever answers it in earnest."""
        other = self.follow(environ)
        rehearsed = environ[REHEARSED] = Rehearsed(int(other.status[:3]), other.body)
        return rehearsed

    def follow(self, environ: Environ) -> Response:
        """Have the shadow go through what the mock goes through: a reset of a world is one of both."""
        length = environ.get("CONTENT_LENGTH") or ""
        has_end = bool(environ.get("wsgi.input_terminated"))
        size = int(length[:20]) if length.isdigit() else -1 if has_end else 0
        body = environ["wsgi.input"].read(size) if size else b""
        environ["wsgi.input"] = io.BytesIO(body)
        return self._shadow({**environ, "wsgi.input": io.BytesIO(body)})

    def compare(self, answer: Response, rehearsed: Rehearsed, operation: str) -> None:
        """Note what would change: in the exchange, and in the count."""
        status = int(answer.status[:3])
        places = ("status",) if status != rehearsed.status else ()
        rehearsed.places = (*places, *_places(_parsed(answer.body), _parsed(rehearsed.body), ""))
        with self._lock:
            self.calls += 1
            if rehearsed.places:
                # The items of a list differ alike: a call is told once.
                kinds = tuple(dict.fromkeys(_without_numbers(place) for place in rehearsed.places))
                self._changes[Change(operation, status, rehearsed.status, kinds)] += 1

    def changes(self) -> list[tuple[Change, int]]:
        """Return what would change, the most frequent first, with how often it was met."""
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
