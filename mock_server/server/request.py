"""Reads the requests of one connection into WSGI environs (RFC 9112, PEP 3333).

llhttp parses. This module adds the limits, and the rules of RFC 9112 that llhttp leaves to its callers: versions, Host,
framing that HTTP/1.0 does not have, fragments in targets.
"""

from __future__ import annotations

import logging
import sys
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote_to_bytes

import httptools

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _typeshed.wsgi import WSGIEnvironment

WireError = Literal["malformed", "head-too-large", "body-too-large", "timeout"]
WIRE_ERROR = "mock_server.wire_error"
HEADERS = "mock_server.headers"
HEAD_BYTES = "mock_server.head_bytes"

IDLE, HEAD, BODY = range(3)
# The most bytes to feed at a time, since limits are checked after each piece.
PIECE = 16 * 1024

_LOG = logging.getLogger("mock_server.server")


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """The bounds of one server, in bytes and seconds.

    `head_bytes` and `header_count` bound a request's head (431 beyond), `body_bytes` its body (413 beyond).
    `head_seconds` is the time to receive a whole head once its first byte is there, `body_seconds` the longest pause
    between two pieces of a body (408 beyond either). `idle_seconds` is how long a connection may stay open without a
    request, `write_seconds` how long a client may take nothing of a response. After a response that ends a connection,
    up to `linger_bytes` are read and discarded for at most `linger_seconds`, so that the client can read it.
    """

    head_bytes: int = 64 * 1024
    header_count: int = 100
    body_bytes: int = 8 * 1024 * 1024
    head_seconds: float = 30.0
    body_seconds: float = 30.0
    idle_seconds: float = 75.0
    write_seconds: float = 30.0
    linger_seconds: float = 2.0
    linger_bytes: int = 128 * 1024 * 1024


class _Refused(Exception):
    """Stops the parser in the middle of a callback."""

    def __init__(self, kind: WireError) -> None:
        super().__init__(kind)
        self.kind: WireError = kind


class RequestReader:
    """Turns the bytes of one connection into requests.

    Bytes go in at `feed`. Whole requests come out in `ready`, each an environ and whether its client keeps the
    connection open. A request that the server refuses comes out too, marked with `mock_server.wire_error`. It is the
    last one: `refused` is then true and nothing more is read.

    `phase` is `IDLE`, `HEAD` or `BODY`. `moves` grows with every step that a client makes. `expects` is true while a
    client waits for `100 Continue`.
    """

    def __init__(self, base: WSGIEnvironment, limits: ServerLimits) -> None:
        self.ready: deque[tuple[WSGIEnvironment, bool]] = deque()
        self.phase = IDLE
        self.moves = 0
        self.expects = self.refused = False
        self._base = base
        self._limits = limits
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self._target = b""
        self._lines: list[tuple[bytes, bytes]] = []  # headers as they came
        self._environ: WSGIEnvironment | None = None  # of a request whose head is read
        self._body: list[bytes] = []
        self._size = 0
        self._idle_bytes = 0  # that led nowhere: part of a head, of trailers, of a chunk's extensions

    def feed(self, piece: bytes | bytearray) -> None:
        """Read up to `PIECE` bytes. Raises nothing: unreadable bytes become a refused request."""
        if self._parser is None:
            return
        moves = self.moves
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            self._decline_upgrade(bytes(piece[upgrade.args[0] :]))
        except httptools.HttpParserError as error:
            self._refuse_for(error.__context__)
        self._idle_bytes = self._idle_bytes + len(piece) if moves == self.moves else 0
        if self._idle_bytes > self._limits.head_bytes:
            self.refuse("head-too-large")

    def refuse(self, kind: WireError) -> None:
        """End reading with a refused request, made from what is known so far."""
        if self._parser is None:
            return
        if self._environ is not None:
            environ = self._environ
        elif self._lines:  # a header came, so the request line before it is whole
            environ = self._read_head(self._parser)
        else:
            environ = self._base.copy()
        environ.pop("CONTENT_LENGTH", None)
        environ["wsgi.input"] = BytesIO()
        environ[WIRE_ERROR] = kind
        self.ready.append((environ, False))
        self.refused = True
        self.stop()

    def stop(self) -> None:
        """Stop reading, and drop the parser, since it and its callbacks refer to each other."""
        self._parser = None
        self.phase = IDLE
        self.expects = False
        self._body = []

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Begin a request: its first byte came."""
        self.moves += 1
        self.phase = HEAD
        self._lines = []
        self._target = b""

    def on_url(self, part: bytes) -> None:
        """Take a piece of the request target."""
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header. Trailers, which come after the body, are ignored."""
        if self.phase == HEAD:
            self._lines.append((name, value))

    def on_headers_complete(self) -> None:
        """Decide by its head whether the request is accepted."""
        if self._parser is None:  # pragma: no cover - the parser only calls while it is fed
            return
        self.moves += 1
        self.phase = BODY
        self._size = 0
        self._environ = environ = self._read_head(self._parser)
        self._check_head(environ)
        coding, length = environ.get("HTTP_TRANSFER_ENCODING"), int(environ.get("CONTENT_LENGTH") or 0)
        if length > self._limits.body_bytes:
            raise _Refused("body-too-large")
        self.expects = (
            (coding is not None or length > 0)
            and environ["SERVER_PROTOCOL"] == "HTTP/1.1"
            and environ.get("HTTP_EXPECT", "").lower() == "100-continue"
        )

    def on_body(self, part: bytes) -> None:
        """Take a piece of body."""
        self.moves += 1
        self.expects = False
        self._size += len(part)
        if self._size > self._limits.body_bytes:
            raise _Refused("body-too-large")
        self._body.append(part)

    def on_message_complete(self) -> None:
        """Put the whole request into `ready`."""
        parser, environ = self._parser, self._environ
        if parser is None or environ is None or parser.should_upgrade():
            return  # see `_decline_upgrade`
        if self._size or "CONTENT_LENGTH" in environ or "HTTP_TRANSFER_ENCODING" in environ:
            environ["CONTENT_LENGTH"] = str(self._size)
        environ["wsgi.input"] = BytesIO(b"".join(self._body))
        keep = parser.should_keep_alive()
        self.ready.append((environ, keep))
        self._environ = None  # it is the app's from now on
        self._body = []
        self._lines = []
        self.phase = IDLE
        self.expects = False
        if not keep:
            self.stop()

    # How a head becomes an environ, or a refusal.

    def _read_head(self, parser: httptools.HttpRequestParser) -> WSGIEnvironment:
        fields, size = _read_headers(tuple(self._lines))
        method = parser.get_method()
        read_target = _remembered_target if len(self._target) <= _SHORT_TARGET else _read_target
        return {
            **self._base,
            **fields,
            **read_target(self._target, is_authority=method == b"CONNECT"),
            "REQUEST_METHOD": _METHODS.get(method) or method.decode("latin-1"),
            "SERVER_PROTOCOL": f"HTTP/{parser.get_http_version()}",
            HEADERS: fields,
            HEAD_BYTES: size,
        }

    def _check_head(self, environ: WSGIEnvironment) -> None:
        limits, version = self._limits, environ["SERVER_PROTOCOL"]
        if (
            environ[HEAD_BYTES] + len(self._target) > limits.head_bytes
            or len(self._lines) > limits.header_count
        ):
            raise _Refused("head-too-large")
        host, coding = environ.get("HTTP_HOST"), environ.get("HTTP_TRANSFER_ENCODING")
        if (
            version not in ("HTTP/1.0", "HTTP/1.1")
            # RFC 9112, section 3.2: a request of HTTP/1.1 has exactly one Host. A comma means that there were two.
            or (host is None and version == "HTTP/1.1")
            or (host is not None and "," in host)
            # Section 6.1: HTTP/1.0 has no chunks, and we understand no other coding.
            or (coding is not None and (version == "HTTP/1.0" or coding.lower() != "chunked"))
            or b"#" in self._target
        ):
            raise _Refused("malformed")

    def _decline_upgrade(self, rest: bytes) -> None:
        """Read an upgrade's body as the ordinary body that it is (RFC 9110, section 7.8).

        The parser skips it, so a second parser reads it after a head with only its length. The connection ends with
        this request.
        """
        environ, framing = self._environ, "Content-Length: 0"
        if environ is not None and environ["REQUEST_METHOD"] != "CONNECT":
            if "HTTP_TRANSFER_ENCODING" in environ:
                framing = "Transfer-Encoding: chunked"
            elif "CONTENT_LENGTH" in environ:
                framing = f"Content-Length: {environ['CONTENT_LENGTH']}"
        callbacks = SimpleNamespace(on_body=self.on_body, on_message_complete=self.on_message_complete)
        self._parser = httptools.HttpRequestParser(callbacks)
        head = f"POST / HTTP/1.1\r\nConnection: close\r\n{framing}\r\n\r\n"
        self.feed(head.encode("latin-1") + rest)

    def _refuse_for(self, cause: BaseException | None) -> None:
        """Refuse a request because the parser stopped, or because a callback raised `cause`."""
        # An upgrade's body is read while the parser's exception about the upgrade is being handled.
        if cause is not None and not isinstance(cause, (_Refused, httptools.HttpParserUpgrade)):
            _LOG.error("A request could not be read.", exc_info=cause)
        self.refuse(cause.kind if isinstance(cause, _Refused) else "malformed")


def server_environ(host: str, port: int, scheme: str) -> WSGIEnvironment:
    """Return the part of the environ that all requests to one server share."""
    return {
        "REQUEST_METHOD": "",
        "SCRIPT_NAME": "",
        "PATH_INFO": "",
        "QUERY_STRING": "",
        "REQUEST_URI": "",
        "RAW_URI": "",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "bitpeak-mock",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme,
        "wsgi.errors": sys.stderr,
        "wsgi.input_terminated": True,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


# The same object for each usual method, because the app keeps its requests.
_METHODS = {
    method.encode(): method for method in ("GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS")
}


# Clients repeat the same headers. With the six of `requests`, this saves a tenth of a retrieve's CPU time, and the app
# keeps the headers once.
@lru_cache(maxsize=128)
def _read_headers(lines: tuple[tuple[bytes, bytes], ...]) -> tuple[Mapping[str, str], int]:
    """Return headers by their environ keys, and their length in bytes. Those of one name are joined.

    How they are joined is RFC 9110, section 5.3, and RFC 6265. A name with an underscore is dropped: `Content_Length`
    would have the key of `Content-Length`.
    """
    fields: dict[str, str] = {}
    for name, value in lines:
        if b"_" in name:
            continue
        key = name.decode("latin-1").upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = "HTTP_" + key
        text = value.rstrip().decode("latin-1")
        if key in fields:
            text = f"{fields[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{text}"
        fields[key] = text
    return fields, sum(len(name) + len(value) + len(": \r\n") for name, value in lines)


def _read_target(target: bytes, *, is_authority: bool) -> Mapping[str, str]:
    """Return what an environ says of a request target (RFC 9112, section 3.2).

    `PATH_INFO` holds the percent-decoded bytes as latin-1, as PEP 3333 asks. In absolute form the target's authority
    replaces the Host header. CONNECT's authority form has no path.
    """
    uri, own = target.decode("latin-1"), {}
    if is_authority:
        target = b""
    elif not target.startswith(b"/") and b"://" in target:
        rest = target.partition(b"://")[2]
        end = min((at for at in (rest.find(b"/"), rest.find(b"?")) if at >= 0), default=len(rest))
        own["HTTP_HOST"] = rest[:end].rpartition(b"@")[2].decode("latin-1")
        target = rest[end:] if rest[end : end + 1] == b"/" else b"/" + rest[end:]
    path, _, query = target.partition(b"?")
    return {
        **own,
        "REQUEST_URI": uri,
        "RAW_URI": uri,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
    }


# Suites use the same few paths. This saves 5 % of a retrieve, and the app keeps each path once. Long targets would take
# too much memory.
_SHORT_TARGET = 256
_remembered_target = lru_cache(maxsize=1024)(_read_target)
