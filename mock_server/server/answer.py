"""One answer of the app, in the bytes of HTTP/1.1 (PEP 3333, RFC 9112)."""

import logging
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mock_server.server.reply import REPLY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

_log = logging.getLogger("mock_server.server")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# What the server does with a header of the app's. Framing is the server's own affair (PEP 3333,
# "Other HTTP Features").
_ORDINARY, _LENGTH, _CONNECTION, _DATE, _OWN = range(1, 6)
_MEANINGS = {
    "content-length": _LENGTH,
    "connection": _CONNECTION,
    "date": _DATE,
    "transfer-encoding": _OWN,
    "keep-alive": _OWN,
}
_BODILESS = ("204", "304")
_REMEMBERED = 512


class _Clock:
    """The Date line, written anew each second."""

    second = -1
    line = ""


class Answer:
    """An app's status, headers and what it wrote; `start_response` is PEP 3333's."""

    __slots__ = ("headers", "status", "written")

    def __init__(self, status: str = "", headers: "Iterable[tuple[str, str]]" = ()) -> None:
        self.status = status
        self.headers = headers
        self.written: list[bytes] | None = None

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> "Callable[[bytes], object]":
        """Take status and headers; a second call is right only with `exc_info`."""
        if self.status and not exc_info:
            raise RuntimeError("start_response was called twice without exc_info")
        self.status = status
        self.headers = headers
        return self.write

    def write(self, data: bytes) -> None:
        """Take a piece of body ahead of those that the app returns."""
        if self.written is None:
            self.written = []
        self.written.append(data)


def respond(app: "WSGIApplication", environ: "WSGIEnvironment", close: bool) -> tuple[bytes, bytes, bool]:
    """Return an answer's head, its body, and whether the connection ends with it; never raises.

    When the app raises, or answers what cannot be sent, the answer is a 500 with the body `{}`.
    """
    answer = Answer()
    try:
        return _rendered(answer, _called(app, environ, answer), environ, close)
    # SystemExit too: an app that exits must not take the server's thread with it.
    except BaseException:
        _log.exception("The app failed at %s %s.", environ["REQUEST_METHOD"], environ["PATH_INFO"])
    environ[REPLY].again, environ[REPLY].delay, environ[REPLY].wire = 0.0, 0.0, None
    failed = Answer("500 Internal Server Error", [("Content-Type", "application/json")])
    return _rendered(failed, b"{}", environ, close=True)


def _called(app: "WSGIApplication", environ: "WSGIEnvironment", answer: Answer) -> bytes:
    result = app(environ, answer.start_response)
    try:
        body = b"".join(result)
    finally:
        if type(result) is not list:
            close = getattr(result, "close", None)
            if close is not None:
                close()
    return body if answer.written is None else b"".join(answer.written) + body


def _rendered(
    answer: Answer, body: bytes, environ: "WSGIEnvironment", close: bool
) -> tuple[bytes, bytes, bool]:
    status = answer.status
    # A redirect says a place that its client has named: of those there is no end.
    head_of = _head_of if status[:1] == "3" else _remembered_head_of
    head = head_of(status, tuple(answer.headers))
    length: str | None = str(len(body))
    if head.bodiless or environ["REQUEST_METHOD"] == "HEAD":
        length = _bodiless_length(status, head.length, body)
        body = b""
    sized = "" if length is None else f"Content-Length: {length}\r\n"
    close = close or head.closes
    if close:
        kept = "Connection: close\r\n"
    else:
        kept = "Connection: keep-alive\r\n" if environ["SERVER_PROTOCOL"] == "HTTP/1.0" else ""
    text = f"{head.status}{head.date or _date_line()}{head.lines}{sized}{kept}\r\n"
    return text.encode("latin-1"), body, close


def _bodiless_length(status: str, given: str | None, body: bytes) -> str | None:
    """Return the Content-Length that an answer without a body has (RFC 9110, section 8.6)."""
    if status.startswith("204"):
        return None
    return given if given is not None or not body else str(len(body))


@dataclass(frozen=True, slots=True)
class _Head:
    """What an app said, as lines: the status, its Date if it gave one, and the ordinary headers.

    `bodiless`: the status has no body; `closes`: the app ends the connection.
    """

    status: str
    date: str | None
    lines: str
    length: str | None
    bodiless: bool
    closes: bool


def _head_of(status: str, headers: tuple[tuple[str, str], ...]) -> _Head:
    """Return a head; raise `ValueError` for one that cannot be sent."""
    given: dict[int, str] = {}
    lines = []
    for name, value in headers:
        meaning = _MEANINGS.get(name.lower(), _ORDINARY)
        # A line break inside a value would let it write headers, or answers, of its own.
        if "\n" in name or "\r" in name or "\n" in value or "\r" in value:
            raise ValueError(f"a header holds a line break: {name!r}: {value!r}")
        if meaning == _ORDINARY:
            lines.append(f"{name}: {value}\r\n")
        else:
            given[meaning] = value
    date = f"Date: {given[_DATE]}\r\n" if _DATE in given else None
    closes = given.get(_CONNECTION, "").lower() == "close"
    bodiless = status.startswith(_BODILESS)
    return _Head(_status_line(status), date, "".join(lines), given.get(_LENGTH), bodiless, closes)


# Apps answer with the same few again and again.
_remembered_head_of = lru_cache(maxsize=_REMEMBERED)(_head_of)


def _status_line(status: str) -> str:
    """Return a status line; raise `ValueError` for what is no final status."""
    if not ("200" <= status[:3] <= "999" and status[:3].isdecimal() and status[3:4] in ("", " ")):
        raise ValueError(f"the app's status is not a code and a reason: {status!r}")
    if "\n" in status or "\r" in status:
        raise ValueError(f"the app's status holds a line break: {status!r}")
    return f"HTTP/1.1 {status[:3]} {status[4:]}\r\n"


def _date_line() -> str:
    second = int(time.time())
    if second != _Clock.second:
        # Not strftime: its names of days and months follow the computer's language.
        at = time.gmtime(second)
        day = f"{_DAYS[at.tm_wday]}, {at.tm_mday:02} {_MONTHS[at.tm_mon - 1]} {at.tm_year}"
        _Clock.line = f"Date: {day} {at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} GMT\r\n"
        _Clock.second = second
    return _Clock.line
