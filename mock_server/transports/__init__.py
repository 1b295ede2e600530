"""Ways for an HTTP client to call a mock in its own process, without a socket.

The client keeps its retries, timeouts and exceptions, and a fault on the wire has the same effect as with a socket.
There are no delays: if a latency is longer than the client's timeout, the client gives up at once.
"""

from __future__ import annotations

import http.client
import io
import time
from collections import deque
from typing import TYPE_CHECKING, Any, cast

from mock_server.server.request import PIECE, RequestReader, ServerLimits, server_environ
from mock_server.server.response import REPLY, ReplyOptions, respond

if TYPE_CHECKING:
    import socket

    from _typeshed import WriteableBuffer
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

    from mock_server.transports.over_httpx import InProcessTransport
    from mock_server.transports.over_requests import InProcessAdapter

__all__ = ["InProcessConnection", "httpx_transport", "requests_adapter"]

# The app itself refuses what its document finds too large.
_LIMITS = ServerLimits(body_bytes=64 * 1024 * 1024)

# The clients are imported late, since most users have only one. No module here may have the name of a function, because
# its import would replace the function.


def requests_adapter(app: WSGIApplication, **options: Any) -> InProcessAdapter:
    """Return an adapter for `requests.Session.mount`; `options` are those of `requests.adapters.HTTPAdapter`.

        session.mount("https://", requests_adapter(api.app, max_retries=Retry(3, status_forcelist=[503])))

    To keep the retries of a session's own adapter, use `max_retries=session.get_adapter(url).max_retries`. Raises
    ImportError without requests.
    """
    from mock_server.transports.over_requests import InProcessAdapter

    return InProcessAdapter(app, **options)


def httpx_transport(app: WSGIApplication) -> InProcessTransport:
    """Return a transport for `httpx.Client` and `httpx.AsyncClient`. Raises ImportError without httpx."""
    from mock_server.transports.over_httpx import InProcessTransport

    return InProcessTransport(app)


class InProcessSocket:
    """The client's end of a connection, with what `http.client` needs of a socket.

    Requests are read and responses written as by our server, including faults on the wire. There are no delays: if a
    delay is longer than the client's timeout, `TimeoutError` is raised at once. Only if the app itself waits
    (`ReplyOptions.again`), a request takes time.
    """

    def __init__(self, app: WSGIApplication, host: str, port: int, scheme: str) -> None:
        self._app = app
        environ = {**server_environ(host, port, scheme), "REMOTE_ADDR": "127.0.0.1"}
        self._requests = RequestReader(environ, _LIMITS)
        self._coming: deque[tuple[float, memoryview]] = deque()  # pieces, and the seconds before each
        self._reset = False
        self._ended = False
        self._timeout: float | None = None

    @property
    def ended(self) -> bool:
        """Whether the server's end is closed and nothing is left to be read."""
        return self._ended and not self._coming

    def settimeout(self, seconds: float | None) -> None:
        """Set how long to wait for a piece of a response. None means forever."""
        self._timeout = seconds

    def sendall(self, data: bytes) -> None:
        """Give the app the requests that this completes."""
        for at in range(0, len(data), PIECE):
            self._requests.feed(data[at : at + PIECE])
        while self._requests.ready and not self._ended:
            self._respond(*self._requests.ready.popleft())

    def _respond(self, environ: WSGIEnvironment, keep: bool) -> None:
        environ[REPLY] = reply = ReplyOptions()
        outgoing = respond(self._app, environ, close=not keep)
        while reply.again > 0:
            time.sleep(reply.again)
            reply.again = 0.0
            outgoing = respond(self._app, environ, close=not keep)
        self._coming.extend((seconds, memoryview(data)) for seconds, data in outgoing.pieces(reply))
        self._ended = outgoing.ends(reply)
        self._reset = reply.wire == "reset"

    def recv(self, size: int) -> bytes:
        """Return what comes next, b"" at the end. Raises TimeoutError and ConnectionResetError."""
        if not self._coming:
            if self._reset:
                raise ConnectionResetError("Connection reset by peer")
            return b""
        seconds, data = self._coming.popleft()
        if self._timeout is not None and seconds > self._timeout:
            self._coming.clear()
            raise TimeoutError("timed out")
        if len(data) > size:
            self._coming.appendleft((0.0, data[size:]))
        return bytes(data[:size]) if data else self.recv(size)

    def makefile(self, mode: str = "rb") -> io.BufferedReader:
        """Return a file that reads what comes next."""
        del mode
        return io.BufferedReader(_Incoming(self))

    def shutdown(self, _how: int) -> None:
        """Do nothing: there is no system to tell."""

    def close(self) -> None:
        """Let go of the parser."""
        self._ended = True
        self._requests.stop()


class _Incoming(io.RawIOBase):
    """What comes, as a file that may be closed while its connection stays open."""

    def __init__(self, sock: InProcessSocket) -> None:
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        data = self._sock.recv(len(view))
        view[: len(data)] = data
        return len(data)


class InProcessConnection(http.client.HTTPConnection):
    """`http.client.HTTPConnection` to an app in this process."""

    def __init__(self, app: WSGIApplication, host: str, port: int | None = None) -> None:
        super().__init__(host, port)
        self._app = app

    def connect(self) -> None:
        """Connect to the app."""
        self.sock = cast("socket.socket", InProcessSocket(self._app, self.host, self.port, "http"))
