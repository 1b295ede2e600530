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

from mock_server.server.environ import HEAD_BYTES, HEADERS, WIRE_ERROR, fields_of, set_target, text_of

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
        "_awaited", "_base", "_body", "_dry", "_environ", "_former", "_keep", "_known", "_limits", "_lines",
        "_parser", "_refusal", "_size", "_target", "_upgrade", "_version", "expects", "moves", "phase",
        "ready", "refused",
    )  # fmt: skip

    def __init__(self, base: "WSGIEnvironment", limits: "Limits") -> None:
        self._base = base
        self._limits = limits
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self._environ: WSGIEnvironment = base  # of a request whose head is read, one of its own
        self._lines: list[tuple[bytes, bytes]] = []  # headers as they came
        self._former = self._lines  # those of the last request, which nobody changes
        self._version = ""  # that request's,
        self._known = base  # an environ with what it said,
        self._awaited = False  # and whether its client waited to be asked for the body
        self._target = b""
        self._body: list[bytes] = []
        self._size = self._dry = 0
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
        environ = self._base.copy() if self._environ is self._base else self._environ
        if self.phase == HEAD and self._lines:
            # A header was seen, so the request line before it is whole.
            environ = self._with_lines(self._lines, self._base["SERVER_PROTOCOL"])
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
        parser = self._parser
        if parser is None:  # pragma: no cover - the parser only calls while it is fed
            return
        self.moves += 1
        version = _VERSIONS.get(parser.get_http_version())
        if version is None:
            self._refuse_here("malformed")
        # Trailers, which come as headers do, are read into nowhere from here on.
        lines, self._lines = self._lines, []
        # Most clients send the same headers again and again.
        usual = lines == self._former and version == self._version
        if not usual:
            self._former, self._version, self._known = lines, version, self._with_lines(lines, version)
        self._environ = environ = self._known.copy()
        set_target(environ, text_of(parser.get_method()), self._target)
        if environ[HEAD_BYTES] + len(self._target) > self._limits.head_bytes:
            self._refuse_here("head-too-large")
        self._keep = parser.should_keep_alive()
        self._upgrade = parser.should_upgrade()
        self._check_names(environ, version)
        if not usual:
            self._awaited = self._check_body(environ, version)
        self.expects = self._awaited
        self.phase = BODY
        self._size = 0
        self._body = []

    def _with_lines(self, lines: list[tuple[bytes, bytes]], version: str) -> "WSGIEnvironment":
        """Return an environ with these headers, and with them apart, for an app that remembers its requests."""
        fields = fields_of(lines)
        width = sum([len(name) + len(value) + 4 for name, value in lines])
        return {**self._base, "SERVER_PROTOCOL": version, HEADERS: fields, HEAD_BYTES: width, **fields}

    def _check_names(self, environ: "WSGIEnvironment", version: str) -> None:
        """Refuse a target with a fragment, and a host that is none."""
        host = environ.get("HTTP_HOST")
        # RFC 9112, section 3.2: exactly one Host in 1.1. A comma is no part of a host: there were two.
        if (host is None and version == "HTTP/1.1") or (host and "," in host) or b"#" in self._target:
            self._refuse_here("malformed")

    def _check_body(self, environ: "WSGIEnvironment", version: str) -> bool:
        """Refuse the framing that the parser lets pass; tell whether the client waits before it sends a body."""
        if len(self._former) > self._limits.header_count:
            self._refuse_here("head-too-large")
        if "HTTP_TRANSFER_ENCODING" in environ:
            # HTTP/1.0 has no chunks, and no coding but chunks is understood (RFC 9112, section 6.1).
            if version == "HTTP/1.0" or environ["HTTP_TRANSFER_ENCODING"].lower() != "chunked":
                self._refuse_here("malformed")
        elif "CONTENT_LENGTH" not in environ:
            return False
        elif (length := int(environ["CONTENT_LENGTH"])) > self._limits.body_bytes:
            self._refuse_here("body-too-large")
        elif not length:
            return False
        awaited: bool = version == "HTTP/1.1" and environ.get("HTTP_EXPECT", "").lower() == "100-continue"
        return awaited

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
        self._environ = self._base  # the other is the app's from now on
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
        # An upgrade's body is read while the parser's word about the upgrade is being dealt with.
        if cause is not None and not isinstance(cause, (_RefusedError, httptools.HttpParserUpgrade)):
            _log.error("A request could not be read.", exc_info=cause)
        if self.phase == IDLE and not self._keep and self.moves:
            self.stop()  # bytes after a request that said `Connection: close`: nobody asks for an answer
        else:
            self.refuse(self._refusal or "malformed")
