"""The door on loopback: an HTTP/1.1 server, a thread for each connection, that takes whatever comes; and its gate."""

from __future__ import annotations

import contextlib
import email.errors
import logging
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from contract_tests.guard.exchange import GuardRefusal, Reply, Request, TargetFailed, failed, refused

_LOG = logging.getLogger("contract_tests.guard")
_LARGEST = 32 * 1024 * 1024
_IDLE = 75.0  # seconds that a connection may stay without a request
_LONGEST_LINE = 1024
_POLL = 0.02  # seconds until a close is noticed
# Of what the parser complains about, that which concerns headers: it takes an absent body for a broken one.
_HEADER_DEFECTS = (
    email.errors.FirstHeaderLineIsContinuationDefect,
    email.errors.HeaderDefect,
    email.errors.MisplacedEnvelopeHeaderDefect,
    email.errors.MissingHeaderBodySeparatorDefect,
)

Respond = Callable[[Request], Reply]


class Door:
    """Serves one function on a port of 127.0.0.1, a free one for 0, until it is closed.

    What stands behind it holds a key. So it serves only requests whose Host is a name or address of loopback or one of
    `hosts`: a page on the web could have a browser send any other (DNS rebinding). If `hosts` is given, an Origin must
    be such a name, too; without it the kit's own requests, which ask what a service does with foreign ones, pass.

    Raises OSError if the port is taken.
    """

    def __init__(self, answer: Respond, port: int = 0, hosts: Collection[str] | None = None) -> None:
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.answer = answer
        self._server.hosts = frozenset(host.lower() for host in hosts or ())
        self._server.checks_origins = hosts is not None
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL,), name="guard", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Take no more connections, and drop those there are."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    answer: Respond
    hosts: frozenset[str]
    checks_origins: bool

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client may go away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE
    wbufsize = -1  # an answer leaves in one piece
    disable_nagle_algorithm = True
    server: _Server

    def handle_expect_100(self) -> bool:
        """Let the client send its body: the writer would hold this back."""
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def parse_request(self) -> bool:
        """Serve every method by one function: the base class looks for `do_` and its name."""
        if not super().parse_request():
            return False
        self._serve()
        self.wfile.flush()
        return False

    def _serve(self) -> None:
        try:
            headers = tuple((name, value) for name, value in self.headers.items())
            self._check_names()
            request = Request(self.command, self.path, headers, self._body())
        except GuardRefusal as no:
            self.close_connection = True
            self._write(refused(no))
            return
        try:
            reply = self.server.answer(request)
        except Exception as error:
            # A disk that is full, or a fault of ours. The text could hold anything, so only its kind is told.
            _LOG.error("the guard failed on a request: %s", type(error).__name__)
            reply = failed(TargetFailed("guard", f"The guard itself failed ({type(error).__name__})."))
        self._write(reply)

    def _check_names(self) -> None:
        """Raise GuardRefusal if the request calls this computer, or its page was loaded, by another name."""
        named = [f"//{host}" for host in self.headers.get_all("Host", [])]
        origins = self.headers.get_all("Origin", []) if self.server.checks_origins else ()
        for url in (*named, *origins):
            if not _is_loopback(url) and _host_of(url) not in self.server.hosts:
                name = url.removeprefix("//")[:100]
                what = f"{name!r} is not a name of this computer. Call 127.0.0.1, or allow the name."
                raise GuardRefusal("host", what)

    def _body(self) -> bytes:
        """Read the body. Raises GuardRefusal if its end cannot be known for sure."""
        if any(isinstance(defect, _HEADER_DEFECTS) for defect in self.headers.defects):
            raise GuardRefusal("malformed-request", "A header is not one of HTTP.")
        lengths = self.headers.get_all("Content-Length", [])
        coding = [value.strip().lower() for value in self.headers.get_all("Transfer-Encoding", [])]
        if coding:
            if coding != ["chunked"] or lengths:
                raise GuardRefusal("malformed-request", "The body's length is told in two ways, or in none.")
            return self._chunks()
        if len(set(lengths)) > 1 or any(not (n.isascii() and n.isdigit()) for n in lengths):
            raise GuardRefusal("malformed-request", "Content-Length is not one number.")
        size = int(lengths[0][:12]) if lengths else 0
        if size > _LARGEST:
            raise GuardRefusal("malformed-request", f"The body is larger than {_LARGEST} bytes.")
        return self._exactly(size)

    def _chunks(self) -> bytes:
        pieces: list[bytes] = []
        while size := self._chunk_size():
            if size + sum(map(len, pieces)) > _LARGEST:
                raise GuardRefusal("malformed-request", f"The body is larger than {_LARGEST} bytes.")
            pieces.append(self._exactly(size))
            self.rfile.readline(_LONGEST_LINE)
        while self.rfile.readline(_LONGEST_LINE).strip():
            pass  # trailers say nothing to us
        return b"".join(pieces)

    def _chunk_size(self) -> int:
        line = self.rfile.readline(_LONGEST_LINE).partition(b";")[0].strip()
        if not line or len(line) > 8 or line.strip(b"0123456789abcdefABCDEF"):
            raise GuardRefusal("malformed-request", "A chunk of the body has no size.")
        return int(line, 16)

    def _exactly(self, size: int) -> bytes:
        data = self.rfile.read(size)
        if len(data) < size:
            raise GuardRefusal("malformed-request", "The body ends before its length.")
        return data

    def _write(self, reply: Reply) -> None:
        """Write an answer, its length counted anew; 204 and 304 have none."""
        self.send_response_only(reply.status, reply.reason)
        for name, value in reply.headers:
            if name.lower() != "content-length" or self.command == "HEAD":
                self.send_header(name, value)
        if reply.status not in {204, 304} and self.command != "HEAD":
            self.send_header("Content-Length", str(len(reply.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and reply.status not in {204, 304}:
            self.wfile.write(reply.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answer what is not HTTP in the guard's own form."""
        self.close_connection = True
        self.command = getattr(self, "command", None) or "GET"
        self.request_version = self.protocol_version
        with contextlib.suppress(OSError):
            self._write(
                refused(GuardRefusal("malformed-request", f"What arrived is not a request ({code})."))
            )
            self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class says so
        """Say nothing: the feed tells of every exchange."""


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_loopback(url: str) -> bool:
    host = _host_of(url)
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class Gate:
    """Lets requests in until it is closed. `under_way` is how many are inside."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._closed = False
        self.under_way = 0

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Hold a request's place. Raises GuardRefusal (`closing`)."""
        with self._changed:
            if self._closed:
                raise GuardRefusal("closing", "The run is at its end.")
            self.under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self.under_way -= 1
                self._changed.notify_all()

    def close(self, seconds: float) -> bool:
        """Let no further request in, and wait for those inside; False if some are still there after `seconds`."""
        with self._changed:
            self._closed = True
            return self._changed.wait_for(lambda: not self.under_way, timeout=seconds)
