"""One answer of the app, in the bytes of HTTP/1.1 (PEP 3333, RFC 9112)."""

import logging
import time
from typing import TYPE_CHECKING, Any

from mock_server.server.reply import REPLY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

_log = logging.getLogger("mock_server.server")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# What the server does with a header of the app's. Framing is the server's own affair (PEP 3333,
# "Other HTTP Features"); names and statuses repeat, so what they mean is remembered, within bounds.
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
_meanings: dict[str, int] = {}
_status_lines: dict[str, str] = {}


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
    lines = [_status_lines.get(status) or _status_line(status), ""]
    given: dict[int, str] = {}
    for name, value in answer.headers:
        meaning = _meanings.get(name) or _meaning(name)
        if meaning == _ORDINARY:
            lines.append(f"{name}: {value}\r\n")
        else:
            given[meaning] = value
    lines[1] = f"Date: {given[_DATE]}\r\n" if _DATE in given else _date_line()
    length: str | None = str(len(body))
    if environ["REQUEST_METHOD"] == "HEAD" or status.startswith(_BODILESS):
        length = _bodiless_length(status, given.get(_LENGTH), body)
        body = b""
    if length is not None:
        lines.append(f"Content-Length: {length}\r\n")
    close = close or given.get(_CONNECTION, "").lower() == "close"
    if close:
        lines.append("Connection: close\r\n")
    elif environ["SERVER_PROTOCOL"] == "HTTP/1.0":
        lines.append("Connection: keep-alive\r\n")
    return _head(lines), body, close


def _bodiless_length(status: str, given: str | None, body: bytes) -> str | None:
    """Return the Content-Length that an answer without a body has (RFC 9110, section 8.6)."""
    if status.startswith("204"):
        return None
    return given if given is not None or not body else str(len(body))


def _head(lines: list[str]) -> bytes:
    head = "".join(lines)
    # A line break inside a value would let it write headers, or answers, of its own.
    if head.count("\n") != len(lines) or head.count("\r") != len(lines):
        raise ValueError(f"a header holds a line break: {lines!r}")
    return (head + "\r\n").encode("latin-1")


def _status_line(status: str) -> str:
    """Return a status line, remembered; raise `ValueError` for what is no final status."""
    if not ("200" <= status[:3] <= "999" and status[:3].isdecimal() and status[3:4] in ("", " ")):
        raise ValueError(f"the app's status is not a code and a reason: {status!r}")
    line = f"HTTP/1.1 {status[:3]} {status[4:]}\r\n"
    if len(_status_lines) < _REMEMBERED:
        _status_lines[status] = line
    return line


def _meaning(name: str) -> int:
    meaning = _MEANINGS.get(name.lower(), _ORDINARY)
    if len(_meanings) < _REMEMBERED:
        _meanings[name] = meaning
    return meaning


def _date_line() -> str:
    second = int(time.time())
    if second != _Clock.second:
        # Not strftime: its names of days and months follow the computer's language.
        at = time.gmtime(second)
        day = f"{_DAYS[at.tm_wday]}, {at.tm_mday:02} {_MONTHS[at.tm_mon - 1]} {at.tm_year}"
        _Clock.line = f"Date: {day} {at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} GMT\r\n"
        _Clock.second = second
    return _Clock.line
