"""requests without a socket."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from mock_server.transports import InProcessSocket

if TYPE_CHECKING:
    import socket

    from _typeshed.wsgi import WSGIApplication


class InProcessAdapter(HTTPAdapter):
    """`session.mount("http://", adapter)`: all requests of the session go to the app.

    Everything but the connection is requests' and urllib3's own: retries, pools, timeouts, exceptions. It takes the
    options of `HTTPAdapter`.
    """

    def __init__(self, app: WSGIApplication, **options: Any) -> None:
        self._app = app
        super().__init__(**options)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make urllib3's pool manager connect to the app."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = _pools(self._app)

    def send(self, request: PreparedRequest, *arguments: Any, **options: Any) -> Response:
        """Send a request without any proxy of the environment: nothing leaves the process."""
        options["proxies"] = None
        return super().send(request, *arguments[:4], **options)


class _Plain(HTTPConnection):
    app: WSGIApplication
    scheme = "http"

    def connect(self) -> None:
        sock = InProcessSocket(self.app, self.host, self.port, self.scheme)
        sock.settimeout(self.timeout)
        self.sock = cast("socket.socket", sock)
        self.is_verified = True  # or urllib3 warns

    @property
    def is_connected(self) -> bool:
        sock = cast("InProcessSocket | None", self.sock)
        return sock is not None and not sock.ended


class _Secure(_Plain, HTTPSConnection):
    scheme = "https"


@lru_cache(maxsize=1)
def _pools(app: WSGIApplication) -> dict[str, type[HTTPConnectionPool]]:
    """Return urllib3's pools by scheme, with connections to an app. Most tests make an adapter of the same app."""
    given = {"app": staticmethod(app)}
    plain, secure = type("Plain", (_Plain,), given), type("Secure", (_Secure,), given)
    return {
        "http": type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }
