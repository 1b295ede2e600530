"""Writes each exchange down: for the journal, for the coverage, for whoever listens."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from mock_server.answer import Answer
from mock_server.auth import check_key, read_bearer
from mock_server.call import Call, Environ
from mock_server.contract import Service
from mock_server.journal import WHOLE_ANSWER, WHOLE_REQUEST, Exchange, Message, beginning, shorten
from mock_server.parts import SeenPart, parts_of
from mock_server.refusal import Refusal
from mock_server.world import World
from mock_server.worlds import Worlds

_LOG = logging.getLogger("mock_server.recorder")

# Hears of each exchange, after its answer is made.
Observer = Callable[[Exchange], None]

_NAMED = {"CONTENT_TYPE": "Content-Type", "CONTENT_LENGTH": "Content-Length"}

# What a client says to prove who it is, is not for a journal.
_SECRET = {"HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION", "HTTP_COOKIE", "HTTP_X_BITPEAK_MOCK_TOKEN"}

_FORMS = frozenset({"multipart/form-data", "application/x-www-form-urlencoded"})


class Outcome(NamedTuple):
    """How a call ended: the answer, the seconds it took, the refusal and the defect, where there was one."""

    answer: Answer
    seconds: float
    refusal: str
    defect: str


class Recorder:
    """Notes each exchange in the journal of the key's world, or of the lobby where the key has none."""

    def __init__(self, worlds: Worlds, service: Service, observers: Sequence[Observer]) -> None:
        self._worlds = worlds
        self._service = service
        self._observers = observers

    def note(self, call: Call, outcome: Outcome) -> None:
        """Note one exchange."""
        world = call.account or self._world_meant(call)
        exchange = exchange_of(call, outcome)
        function = call.operation.function if call.operation_found else _function_meant(call)
        sighting = (function, outcome.refusal, call.situation)
        if world is None:
            self._worlds.lobby.add(exchange)
            self._worlds.seen_outside[sighting] += 1
        else:
            with world.lock:
                world.journal.add(exchange)
                world.seen[sighting] += 1
        for observer in self._observers:
            try:
                observer(exchange)
            except Exception:  # who watches must not break what is watched
                _LOG.exception("an observer failed")

    def _world_meant(self, call: Call) -> World | None:
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


def _function_meant(call: Call) -> str:
    """Return the function of the operation that a request would have reached, if any."""
    operation = None if call.route is None else call.route.operations.get(call.method)
    return "" if operation is None else operation.function


def exchange_of(call: Call, outcome: Outcome) -> Exchange:
    """Return the exchange of a call that was answered."""
    answer, body, known = outcome.answer, _body(call), call.operation_found
    readable = call.operation.media_types if known else _FORMS
    parts: tuple[SeenPart, ...] | None = None
    if len(body) > WHOLE_REQUEST:  # too long to be kept and read again when somebody asks
        parts = parts_of(call.environ.get("CONTENT_TYPE"), body, readable)
    return Exchange(
        call.method,
        call.target,
        int(answer.status[:3]),
        outcome.seconds,
        shorten(call.key),
        call.operation.id if known else "",
        outcome.refusal,
        tuple(call.violations),
        outcome.defect,
        call.path,
        call.now,
        None if call.fault is None else call.fault.id,
        Message(tuple(_headers(call.environ, call.key)), len(body), beginning(body, WHOLE_REQUEST)),
        Message(tuple(answer.headers), len(answer.body), beginning(answer.body, WHOLE_ANSWER)),
        readable,
        parts,
    )


def _body(call: Call) -> bytes:
    """Return the body, where it was read or still can be."""
    if call.body is not None:
        return call.body
    stream = call.environ.get("wsgi.input")
    return stream.getvalue() if isinstance(stream, io.BytesIO) else b""


def _headers(environ: Environ, key: str) -> Iterator[tuple[str, str]]:
    """Yield the request's headers, their names as HTTP spells them."""
    for name, value in environ.items():
        if name[:5] == "HTTP_":
            if name in _SECRET:
                value = value.replace(key, shorten(key)) if key and key in value else "…"
            yield name[5:].replace("_", "-").title(), value
        elif name in _NAMED and value:
            yield _NAMED[name], value
