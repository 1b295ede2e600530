"""requests without a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from mock_server.transports.in_process import InProcessSocket

if TYPE_CHECKING:
    import socket

    from _typeshed.wsgi import WSGIApplication


class InProcessAdapter(HTTPAdapter):
    """`session.mount("http://", adapter)`: all that the session asks for goes to the app.

    Everything but the connection is requests' and urllib3's own: retries, pools, timeouts, exceptions. It takes what
    `HTTPAdapter` takes.
    """

    def __init__(self, app: WSGIApplication, **options: Any) -> None:
        self._app = app
        super().__init__(**options)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make urllib3's pool manager connect to the app."""
        super().init_poolmanager(*arguments, **options)
        app = self._app

        class Connection(HTTPConnection):
            def connect(self) -> None:
                self.sock = _connect(app, self, "http")

            @property
            def is_connected(self) -> bool:
                return _is_connected(self)

        class SecureConnection(HTTPSConnection):
            def connect(self) -> None:
                self.sock = _connect(app, self, "https")
                self.is_verified = True  # nothing is encrypted, so there is nothing to warn of

            @property
            def is_connected(self) -> bool:
                return _is_connected(self)

        class Pool(HTTPConnectionPool):
            ConnectionCls = Connection

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = SecureConnection

        self.poolmanager.pool_classes_by_scheme = {"http": Pool, "https": SecurePool}

    def send(self, request: PreparedRequest, *arguments: Any, **options: Any) -> Response:
        """Send a request, past any proxy that the environment names: nothing leaves the process."""
        options["proxies"] = None
        return super().send(request, *arguments[:4], **options)


def _connect(app: WSGIApplication, connection: HTTPConnection, scheme: str) -> socket.socket:
    sock = InProcessSocket(app, connection.host, connection.port, scheme)
    sock.settimeout(connection.timeout)
    return cast("socket.socket", sock)


def _is_connected(connection: HTTPConnection) -> bool:
    sock = cast("InProcessSocket | None", connection.sock)
    return sock is not None and not sock.ended
