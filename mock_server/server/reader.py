"""Requests out of the bytes of one connection: llhttp's callbacks, and what llhttp leaves open.

The limits are kept here, and so are rules of RFC 9112 that the parser does not know: versions, Host,
framing that HTTP/1.0 does not have, fragments in targets.
"""

import logging
from collections import deque
from io import BytesIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Literal, NoReturn

import httptools

from mock_server.server.environ import HEADERS, WIRE_ERROR, fields_of, set_target, text_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from mock_server.server.limits import Limits

WireError = Literal["malformed", "head-too-large", "body-too-large", "timeout"]
IDLE, HEAD, BODY = range(3)
_VERSIONS = {"1.1": "HTTP/1.1", "1.0": "HTTP/1.0"}

_log = logging.getLogger("mock_server.server")


class _RefusedError(Exception):
    """Stops the parser in the middle of a callback."""


class RequestReader:
    """The requests of one connection.

    Bytes go in at `feed`; whole requests come out in `ready`, each an environ and whether its client
    keeps the connection. A request that the server refuses comes out too, marked with
    `mock_server.wire_error`; it is the last one: `refused` is then true and nothing more is read.
    `phase` is `IDLE`, `HEAD` or `BODY`; `moves` grows with every step that a client makes; `expects` is
    true while a client waits for `100 Continue`.
    """

    __slots__ = (
        "_base", "_body", "_dry", "_environ", "_fields", "_former", "_keep", "_limits", "_lines", "_parser",
        "_refusal", "_size", "_target", "_upgrade", "_width", "expects", "moves", "phase", "ready",
        "refused",
    )  # fmt: skip

    def __init__(self, base: "WSGIEnvironment", limits: "Limits") -> None:
        self._base = base
        self._limits = limits
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self._environ: WSGIEnvironment = base.copy()
        self._lines: list[tuple[bytes, bytes]] = []  # headers as they came
        self._former = self._lines  # those of the last request, and what they say; nobody changes either
        self._fields: dict[str, str] = {}
        self._target = b""
        self._body: list[bytes] = []
        self._size = self._dry = self._width = 0
        self._keep = self._upgrade = False
        self._refusal: WireError | None = None
        self.ready: deque[tuple[WSGIEnvironment, bool]] = deque()
        self.phase = IDLE
        self.moves = 0
        self.expects = self.refused = False

    def feed(self, piece: bytes) -> None:
        """Read bytes as they come; never raises. Pieces should be small: limits are checked after each."""
        if self._parser is None:
            return
        moves = self.moves
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            self._decline_upgrade(piece[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            self._stopped(error)
        # Bytes that lead nowhere: part of a head, of trailers, of a chunk's extensions.
        if moves != self.moves:
            self._dry = 0
        else:
            self._dry += len(piece)
            if self._dry > self._limits.head_bytes:
                self.refuse("head-too-large")

    def refuse(self, kind: WireError) -> None:
        """End reading with a refused request, made of what is known of it."""
        if self._parser is None:
            return
        # Between two requests the last environ is the app's already.
        environ = self._base.copy() if self.phase == IDLE else self._environ
        if self.phase == HEAD and self._lines:
            # A header was seen, so the request line before it is whole.
            self._take_lines(environ)
            set_target(environ, self._parser.get_method().decode("latin-1"), self._target)
        environ.pop("CONTENT_LENGTH", None)
        environ["wsgi.input"] = BytesIO()
        environ[WIRE_ERROR] = kind
        self.ready.append((environ, False))
        self.refused = True
        self.stop()

    def stop(self) -> None:
        """Read nothing more, and let go of the parser: it and its callbacks hold each other."""
        self._parser = None
        self.phase = IDLE
        self.expects = False
        self._body = []

    def on_message_begin(self) -> None:
        """Begin a request: its first byte came."""
        self.moves += 1
        self.phase = HEAD
        self._environ = self._base.copy()
        self._lines = []
        self._target = b""

    def on_url(self, part: bytes) -> None:
        """Take a piece of the request target."""
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer."""
        self._lines.append((name, value))

    def on_headers_complete(self) -> None:
        """Decide, on its whole head, whether the request is taken."""
        parser, environ = self._parser, self._environ
        if parser is None:  # pragma: no cover - the parser only calls while it is fed
            return
        self.moves += 1
        version = _VERSIONS.get(parser.get_http_version())
        if version is None:
            self._refuse_here("malformed")
        self._take_lines(environ)
        set_target(environ, text_of(parser.get_method()), self._target)
        head = self._width + len(self._target)
        if head > self._limits.head_bytes or len(self._former) > self._limits.header_count:
            self._refuse_here("head-too-large")
        if version == "HTTP/1.0":
            environ["SERVER_PROTOCOL"] = version
        self._keep = parser.should_keep_alive()
        self._upgrade = parser.should_upgrade()
        self._check(environ, version)
        self.phase = BODY
        self._size = 0
        self._body = []

    def _take_lines(self, environ: "WSGIEnvironment") -> None:
        """Put the headers into an environ; trailers, which come as they do, are read into nowhere from here on."""
        lines, self._lines = self._lines, []
        if lines != self._former:  # most clients send the same ones again and again
            self._former, self._fields = lines, fields_of(lines)
            self._width = sum([len(name) + len(value) + 4 for name, value in lines])
        # Apart as well, for an app that remembers its requests: they are a small part of the environ.
        environ[HEADERS] = self._fields
        environ.update(self._fields)

    def _check(self, environ: "WSGIEnvironment", version: str) -> None:
        """Refuse what the parser lets pass; find out whether a body comes."""
        host = environ.get("HTTP_HOST")
        # RFC 9112, section 3.2: exactly one Host in 1.1. A comma is no part of a host: there were two.
        if (host is None and version == "HTTP/1.1") or (host and "," in host) or b"#" in self._target:
            self._refuse_here("malformed")
        if "HTTP_TRANSFER_ENCODING" in environ:
            # HTTP/1.0 has no chunks, and no coding but chunks is understood (RFC 9112, section 6.1).
            if version == "HTTP/1.0" or environ["HTTP_TRANSFER_ENCODING"].lower() != "chunked":
                self._refuse_here("malformed")
        elif "CONTENT_LENGTH" not in environ:
            return
        elif (length := int(environ["CONTENT_LENGTH"])) > self._limits.body_bytes:
            self._refuse_here("body-too-large")
        elif not length:
            return
        if version == "HTTP/1.1" and environ.get("HTTP_EXPECT", "").lower() == "100-continue":
            self.expects = True

    def on_body(self, part: bytes) -> None:
        """Take a piece of body."""
        self.moves += 1
        self.expects = False
        self._size += len(part)
        if self._size > self._limits.body_bytes:
            self._refuse_here("body-too-large")
        self._body.append(part)

    def on_message_complete(self) -> None:
        """Hand the whole request over."""
        if self._upgrade:
            return  # the parser takes what follows for another protocol: see `_decline_upgrade`
        environ = self._environ
        if self._size or "CONTENT_LENGTH" in environ or "HTTP_TRANSFER_ENCODING" in environ:
            environ["CONTENT_LENGTH"] = str(self._size)
        environ["wsgi.input"] = BytesIO(b"".join(self._body))
        self._body = []
        self.phase = IDLE
        self.expects = False
        self.ready.append((environ, self._keep))

    def _decline_upgrade(self, rest: bytes) -> None:
        """Read an upgrade's body as the ordinary one that it is (RFC 9110, section 7.8).

        The parser skips it, so a second parser reads it behind a head that only says how long it is.
        The connection ends with this request.
        """
        self._keep = self._upgrade = False
        environ, framing = self._environ, b"Content-Length: 0"
        if environ["REQUEST_METHOD"] != "CONNECT":
            if "HTTP_TRANSFER_ENCODING" in environ:
                framing = b"Transfer-Encoding: chunked"
            elif "CONTENT_LENGTH" in environ:
                framing = b"Content-Length: " + environ["CONTENT_LENGTH"].encode("latin-1")
        callbacks = SimpleNamespace(on_body=self.on_body, on_message_complete=self.on_message_complete)
        self._parser = httptools.HttpRequestParser(callbacks)
        self.feed(b"POST / HTTP/1.1\r\nConnection: close\r\n" + framing + b"\r\n\r\n" + rest)

    def _refuse_here(self, kind: WireError) -> NoReturn:
        self._refusal = kind
        raise _RefusedError

    def _stopped(self, error: httptools.HttpParserError) -> None:
        """Find out why the parser gave up."""
        cause = error.__context__
        if cause is not None and not isinstance(cause, _RefusedError):
            _log.error("A request could not be read.", exc_info=cause)
        if self.phase == IDLE and not self._keep and self.moves:
            self.stop()  # bytes after a request that said `Connection: close`: nobody asks for an answer
        else:
            self.refuse(self._refusal or "malformed")
