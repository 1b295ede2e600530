"""httpx without a socket, sync and async."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

from mock_server.transports import InProcessSocket

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class InProcessTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """`httpx.Client(transport=…)` or `httpx.AsyncClient(transport=…)`: all requests of the client go to the app.

    Everything but the connection is httpx's and httpcore's own: pools, timeouts, exceptions. The app blocks the event
    loop of an async client for microseconds.
    """

    def __init__(self, app: WSGIApplication) -> None:
        backend = _Backend(app)
        # An empty one, or httpcore reads all certificates of the computer.
        unused = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # httpx has no option for httpcore's backend, so its transports get a pool of ours.
        self._sync = httpx.HTTPTransport(verify=unused)
        self._sync._pool = httpcore.ConnectionPool(unused, None, network_backend=backend)
        self._async = httpx.AsyncHTTPTransport(verify=unused)
        self._async._pool = httpcore.AsyncConnectionPool(unused, None, network_backend=_AsyncBackend(backend))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the app."""
        return self._sync.handle_request(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the app."""
        return await self._async.handle_async_request(request)

    def close(self) -> None:
        """Close the connections."""
        self._sync.close()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._async.aclose()


class _Backend(httpcore.NetworkBackend):
    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> _Stream:
        return _Stream(self._app, host, port, "http")


class _Stream(httpcore.NetworkStream):
    def __init__(self, app: WSGIApplication, host: str, port: int, scheme: str) -> None:
        self._app = app
        self._address = host, port
        self._sock = InProcessSocket(app, host, port, scheme)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._sock.settimeout(timeout)
        try:
            return self._sock.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del timeout
        self._sock.sendall(buffer)

    def close(self) -> None:
        self._sock.close()

    def start_tls(self, *_: Any, **__: Any) -> _Stream:
        return _Stream(self._app, *self._address, "https")

    def get_extra_info(self, info: str) -> Any:
        # If an idle connection is readable, httpcore takes it for closed.
        return self._sock.ended if info == "is_readable" else None


class _AsyncBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, backend: _Backend) -> None:
        self._backend = backend

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> _AsyncStream:
        return _AsyncStream(self._backend.connect_tcp(host, port))


class _AsyncStream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: _Stream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        self._stream.close()

    async def start_tls(self, *_: Any, **__: Any) -> _AsyncStream:
        return _AsyncStream(self._stream.start_tls())

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
