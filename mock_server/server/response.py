"""Calls the app, and turns its response into the bytes of HTTP/1.1 (PEP 3333, RFC 9112)."""

from __future__ import annotations

import logging
import re
import time
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

Wire = Literal["drop", "reset", "empty", "truncate", "slow"]
"""How a response goes wrong on the wire.

`drop`: the connection is closed without a byte. `reset`: it is reset (TCP RST). `empty`: status and headers, with their
Content-Length, but no body, then the end. `truncate`: half of the body, then the end. `slow`: the whole response, its
body in about ten pieces spread over `delay` seconds.
"""

REPLY: Final = "mock_server.reply"

_LOG = logging.getLogger("mock_server.server")
_PIECES = 10  # of a slow body
_STATUS = re.compile(r"[2-9][0-9]{2}( .*)?")
# Headers that the server writes itself. Framing is its own business (PEP 3333, "Other HTTP Features").
_OWN = ("content-length", "connection", "transfer-encoding", "keep-alive", "date")


class ReplyOptions:
    """How the server sends one response, for the app to change.

    The server puts a fresh one into `environ["mock_server.reply"]` for each request. The app may set `delay`, in
    seconds: the response is held back for that time, other connections go on and pipelined responses keep their order.
    With `wire` set, the fault happens after the delay; `slow` spreads the body over it instead.

    An app that waits for something sets `again`, in seconds. It is called again after this time, with the same environ.
    Its response is sent when it leaves `again` at 0, or when the server stops.
    """

    __slots__ = ("again", "delay", "wire")

    def __init__(self) -> None:
        self.again: float = 0.0
        self.delay: float = 0.0
        self.wire: Wire | None = None

    @property
    def plain(self) -> bool:
        """Whether the response is sent now and as it is."""
        # Not `<= 0`: a delay that is not a number delays nothing.
        return self.wire is None and not self.delay > 0 and not self.again > 0


@dataclass(slots=True)
class Outgoing:
    """A response in bytes, and whether the connection ends after it."""

    head: bytes
    body: bytes
    close: bool

    def pieces(self, reply: ReplyOptions) -> list[tuple[float, bytes]]:
        """Return the pieces that are sent, each with the seconds to wait before it."""
        head, body = self.head, self.body
        delay = reply.delay if reply.delay > 0 else 0.0
        wire: str | None = reply.wire
        match wire:
            case "drop" | "reset":
                return [(delay, b"")]
            case "empty":
                return [(delay, head)]
            case "truncate":
                return [(delay, head + body[: len(body) // 2])]
            case "slow":
                size = max(1, -(-len(body) // _PIECES))
                starts = range(0, len(body), size)
                return [(0.0, head), *((delay / _PIECES, body[at : at + size]) for at in starts)]
        if wire is not None:
            _LOG.error("Unknown wire fault %r: the response is sent as it is.", wire)
        return [(delay, head + body)]

    def ends(self, reply: ReplyOptions) -> bool:
        """Tell whether the connection ends after these pieces."""
        return self.close or reply.wire in ("drop", "reset", "empty", "truncate")


def respond(app: WSGIApplication, environ: WSGIEnvironment, close: bool) -> Outgoing:
    """Call the app. `close` ends the connection after the response; the app or an error may end it, too.

    Raises nothing: if the app fails, or its response cannot be sent, the response is a 500 with the body `{}`.
    """
    try:
        status, headers, body = _call(app, environ)
        return _render(status, headers, body, environ, close)
    # SystemExit, too, because it must not end the server's thread.
    except BaseException:
        _LOG.exception("The app failed at %s %s.", environ["REQUEST_METHOD"], environ["PATH_INFO"])
    reply: ReplyOptions = environ[REPLY]
    reply.again, reply.delay, reply.wire = 0.0, 0.0, None
    failed = [("Content-Type", "application/json")]
    return _render("500 Internal Server Error", failed, b"{}", environ, close=True)


def _call(app: WSGIApplication, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], bytes]:
    """Return the status, headers and whole body of an app's response. Raises what the app raises, and RuntimeError."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    written: list[bytes] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        if started and not exc_info:
            raise RuntimeError("start_response was called twice without exc_info")
        started[:] = [(status, headers)]
        return written.append

    result = app(environ, start_response)
    try:
        body = b"".join(result)
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            close()
    if not started:
        raise RuntimeError("start_response was not called")
    return (*started[0], b"".join(written) + body)


def _render(
    status: str, headers: Iterable[tuple[str, str]], body: bytes, environ: WSGIEnvironment, close: bool
) -> Outgoing:
    """Return a response in bytes. Raises ValueError if it cannot be sent."""
    head, own = _head(status, tuple(headers), int(time.time()))
    length: bytes | None = b"%d" % len(body)
    if environ["REQUEST_METHOD"] == "HEAD" or status[:3] in ("204", "304"):
        length, body = _bodiless_length(status, own.get("content-length"), body), b""
    if length is not None:
        head += b"Content-Length: %b\r\n" % length
    close = close or own.get("connection", "").lower() == "close"
    if close:
        head += b"Connection: close\r\n"
    elif environ["SERVER_PROTOCOL"] == "HTTP/1.0":
        head += b"Connection: keep-alive\r\n"
    return Outgoing(head + b"\r\n", body, close)


@lru_cache(maxsize=512)  # a tenth of a retrieve's CPU time
def _head(status: str, headers: tuple[tuple[str, str], ...], second: int) -> tuple[bytes, dict[str, str]]:
    """Return a head without framing, and the app's headers that the server writes itself. Raises ValueError."""
    if not _STATUS.fullmatch(status):
        raise ValueError(f"the app's status is not a final code and a reason: {status!r}")
    own: dict[str, str] = {}
    lines = [f"HTTP/1.1 {status[:3]} {status[4:]}"]
    for name, value in headers:
        if name.lower() in _OWN:
            own[name.lower()] = value
        else:
            lines.append(f"{name}: {value}")
    lines.append(f"Date: {own.get('date') or _date(second)}")
    head = "\r\n".join([*lines, ""])
    # With a line break, a value could add headers or even responses.
    if not head.count("\n") == head.count("\r") == len(lines):
        raise ValueError(f"the app's status or a header has a line break: {lines!r}")
    return head.encode("latin-1"), own


@lru_cache(maxsize=2)
def _date(second: int) -> str:
    """Write a time as HTTP does. The responses of one second share it."""
    return formatdate(second, usegmt=True)


def _bodiless_length(status: str, given: str | None, body: bytes) -> bytes | None:
    """Return the Content-Length of a response that has no body (RFC 9110, section 8.6)."""
    if status.startswith("204"):
        return None
    if given is not None:
        return given.encode("latin-1")
    return b"%d" % len(body) if body else None
