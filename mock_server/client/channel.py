"""How a mock is asked: over HTTP, or in this process."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from mock_server.client.errors import Unreachable

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# Seconds that a mock may take to answer, beyond what it was asked to wait.
_PATIENCE = 30.0


class Said(NamedTuple):
    """An answer: its status, headers and whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Read the body. Raises ValueError where it is no JSON."""
        return json.loads(self.body)


class Channel(Protocol):
    """Gives a mock requests. `url` is where clients reach it; `app` is the mock where it is in this process."""

    url: str
    app: WSGIApplication | None

    def ask(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"", waiting: float = 0.0
    ) -> Said:
        """Ask, and take up to `waiting` seconds longer than usual for it. Raises Unreachable."""

    def close(self) -> None:
        """Give back what is held."""


class HTTPChannel:
    """Asks over HTTP, by a pool of connections: several threads may use it at once.

    `app` is what answers there, where that is in this process.
    """

    def __init__(self, url: str, app: WSGIApplication | None = None) -> None:
        self.app = app
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise Unreachable(f"{url!r} is no URL of a mock: write for example http://127.0.0.1:4055.")
        self.url = f"{parts.scheme}://{parts.netloc}"
        self._parts = parts
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()
        self._closed = False

    def ask(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"", waiting: float = 0.0
    ) -> Said:
        """Ask, by a connection that is open already where there is one. Raises Unreachable."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is not None:
            try:
                return self._ask(connection, method, target, headers, body, waiting)
            except (ConnectionError, http.client.BadStatusLine):
                connection.close()  # it was closed while it was idle: nothing has been asked yet
        try:
            return self._ask(self._connection(), method, target, headers, body, waiting)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(
                f"No mock answers at {self.url}: {str(error) or type(error).__name__}."
            ) from error

    def close(self) -> None:
        """Close the connections. Who asks later still gets an answer, by a connection that is closed after it."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _ask(  # noqa: PLR0913, PLR0917 - a request has no fewer parts
        self,
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
        waiting: float,
    ) -> Said:
        try:
            connection.timeout = _PATIENCE + waiting
            if connection.sock is not None:
                connection.sock.settimeout(connection.timeout)
            connection.request(method, target, body or None, dict(headers))
            answer = connection.getresponse()
            said = Said(answer.status, dict(answer.getheaders()), answer.read())
        except BaseException:
            connection.close()
            raise
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return said
        connection.close()
        return said

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, port)
        return http.client.HTTPSConnection(host, port, context=ssl.create_default_context())


class AppChannel:
    """Asks a mock in this process."""

    # A name that no network knows (RFC 6761): a client that was given no transport must not find anybody.
    url = "http://bitpeak-mock.invalid"

    def __init__(self, app: WSGIApplication) -> None:
        self.app: WSGIApplication | None = app
        self._app = app

    def ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        waiting: float = 0.0,  # noqa: ARG002 - the mock itself ends what is waited for
    ) -> Said:
        """Call the app."""
        # Late: who steers a mock by HTTP needs nothing of the server.
        from mock_server.transports.calling import Asked, call

        pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        heard = call(self._app, Asked(method, self.url + target, pairs, body))
        status, _, lines = heard.head.partition(b"\r\n")
        answered = dict(http.client.parse_headers(BytesIO(lines)).items())
        return Said(int(status.split()[1]), answered, heard.body)

    def close(self) -> None:
        """Do nothing: there is no connection."""
