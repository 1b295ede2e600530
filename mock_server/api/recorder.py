"""Writes each exchange down: for the journal, for the coverage, for whoever listens."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from mock_server.api.auth import check_key, read_bearer
from mock_server.api.context import Context, Environ, target_of
from mock_server.api.response import Headers, Response
from mock_server.contract import Operation, Service
from mock_server.php.parts import SeenPart, parts_of
from mock_server.refusal import Refusal, Violation
from mock_server.server import HEAD_BYTES, HEADERS
from mock_server.state.faults import Fault
from mock_server.state.journal import (
    OVERHEAD,
    REHEARSED,
    WHOLE_ANSWER,
    WHOLE_REQUEST,
    Exchange,
    Message,
    Noted,
    Rehearsed,
    beginning,
    shorten,
)
from mock_server.state.world import World
from mock_server.state.worlds import Worlds

_LOG = logging.getLogger("mock_server.api.recorder")

# Hears of each exchange, after its answer is made.
Observer = Callable[[Noted], None]

_NAMED = {"CONTENT_TYPE": "Content-Type", "CONTENT_LENGTH": "Content-Length"}

# What a client says to prove who it is, is not for a journal.
_SECRET = {"HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION", "HTTP_COOKIE", "HTTP_X_BITPEAK_MOCK_TOKEN"}

_FORMS = frozenset({"multipart/form-data", "application/x-www-form-urlencoded"})


class Note(NamedTuple):
    """An exchange as it is noted in passing: what is at hand, and written out only when somebody reads it.

    `shown` and `said` are the answer's headers and body. The request's `headers`, by their keys in the environ, hold
    the key, and what is written out does not. `size` and `answered` are the lengths of the bodies, of which a long one
    is kept by its beginning alone; `parts` are those of such a request. `head` is the length of the request's head. The
    environ itself is not kept: most of it is the same for all requests.
    """

    method: str
    uri: str | None
    path: str
    query: str
    headers: Mapping[str, str]
    rehearsed: Rehearsed | None
    found: Operation | None
    status: str
    shown: Headers
    said: bytes
    seconds: float
    key: str
    refusal: str
    violations: tuple[Violation, ...]
    defect: str
    at: float
    fault: Fault | None
    body: bytes
    size: int
    answered: int
    parts: tuple[SeenPart, ...] | None
    head: int
    memory: int

    def written(self) -> Exchange:
        """Return the exchange, without any key."""
        found = self.found
        return Exchange(
            self.method,
            target_of(self.uri, self.path, self.query),
            int(self.status[:3]),
            self.seconds,
            shorten(self.key),
            "" if found is None else found.id,
            self.refusal,
            self.violations,
            self.defect,
            self.path,
            self.at,
            None if self.fault is None else self.fault.id,
            Message(tuple(_headers(self.headers, self.key)), self.size, self.body),
            Message(self.shown, self.answered, self.said),
            _FORMS if found is None else found.media_types,
            self.parts,
            self.rehearsed,
            self.head,
        )


# Not the class's own __new__, which takes three times as long: this is done for every request.
_make_note = partial(tuple.__new__, Note)


class Recorder:
    """Notes each exchange in the journal of the key's world, or of the lobby where the key has none."""

    def __init__(self, worlds: Worlds, service: Service, observers: Sequence[Observer]) -> None:
        self._worlds = worlds
        self._service = service
        self._observers = observers
        self._long = b"", b""  # the last long body, and its beginning

    def note(self, call: Context, answer: Response, seconds: float, refusal: str, defect: str) -> None:
        """Note one exchange. `refusal` and `defect` are empty where there was none."""
        world = call.account or self._world_meant(call)
        environ, parts = call.environ, None
        body, said = call.body or _unread(environ), answer.body
        size, answered = len(body), len(said)
        if size > WHOLE_REQUEST:  # too long to be kept and read again when somebody asks
            parts, body = _parts(call, body), beginning(body)
        if answered > WHOLE_ANSWER:
            said = self._beginning(said)
        headers, uri = environ.get(HEADERS) or _headers_in(environ), environ.get("REQUEST_URI")
        head = (environ[HEAD_BYTES] if HEAD_BYTES in environ else _length(headers)) + len(uri or call.path)
        exchange = _make_note((
            call.method, uri, call.path, environ.get("QUERY_STRING", ""), headers,
            environ.get(REHEARSED), call.found, answer.status, answer.headers, said, seconds, call.key, refusal,
            call.violations, defect, call.now, call.fault, body, size, answered, parts, head,
            OVERHEAD + head + len(body) + len(said),
        ))  # fmt: skip
        function = _function_meant(call) if call.found is None else call.found.function
        sighting = (function, refusal, call.situation)
        if world is None:
            self._worlds.lobby.add(exchange)
            self._worlds.seen_outside.add(sighting)
        else:
            world.journal.add(exchange)
            world.seen.add(sighting)
        for observer in self._observers:
            try:
                observer(exchange)
            except Exception:  # who watches must not break what is watched
                _LOG.exception("an observer failed")

    def _beginning(self, body: bytes) -> bytes:
        """Return what is remembered of a long body; of the same one, asked for again and again, the same object."""
        if body is not self._long[0]:
            self._long = body, beginning(body)
        return self._long[1]

    def _world_meant(self, call: Context) -> World | None:
        """Return the world of a request that was refused before its key was looked at, if the key is good."""
        try:
            key = read_bearer(call.environ.get("HTTP_AUTHORIZATION"), self._service)
            check_key(key, self._service)
        except Refusal:
            return None
        call.key = key
        world = self._worlds.of(key)
        call.now = world.clock.now()
        return world


def _function_meant(call: Context) -> str:
    """Return the function of the operation that a request would have reached, if any."""
    operation = None if call.route is None else call.route.operations.get(call.method)
    return "" if operation is None else operation.function


def _parts(call: Context, body: bytes) -> tuple[SeenPart, ...]:
    readable = _FORMS if call.found is None else call.found.media_types
    return parts_of(call.environ.get("CONTENT_TYPE"), body, readable)


def _unread(environ: Environ) -> bytes:
    """Return the body that nobody read, where there is one and it can still be read."""
    if not environ.get("CONTENT_LENGTH"):
        return b""
    stream = environ.get("wsgi.input")
    return stream.getvalue() if isinstance(stream, io.BytesIO) else b""


def _headers_in(environ: Environ) -> dict[str, str]:
    """Return the headers of a request that came by another server than ours."""
    return {name: value for name, value in environ.items() if name[:5] == "HTTP_" or name in _NAMED}


def _length(headers: Mapping[str, str]) -> int:
    return sum(len(name) + len(value) for name, value in headers.items())


def _headers(headers: Mapping[str, str], key: str) -> Iterator[tuple[str, str]]:
    """Yield the request's headers, their names as HTTP spells them."""
    for name, value in headers.items():
        if name[:5] == "HTTP_":
            if name in _SECRET:
                value = value.replace(key, shorten(key)) if key and key in value else "…"
            yield name[5:].replace("_", "-").title(), value
        elif name in _NAMED and value:
            yield _NAMED[name], value
