"""The connections to the target: exact bytes, verified TLS, the environment's proxy, no redirect ever followed."""

from __future__ import annotations

import base64
import contextlib
import http.client
import os
import selectors
import socket
import ssl
import threading
import zlib
from collections.abc import Iterable, Iterator
from urllib.parse import SplitResult, unquote

import certifi

from contract_tests.guard.refusal import GuardRefusal, TargetFailed
from contract_tests.guard.reply import HOP_BY_HOP, Reply
from contract_tests.guard.target import Target, proxy_for

_LARGEST = 64 * 1024 * 1024


class Upstream:
    """Sends requests to one target, from any thread, each on a connection that nobody else uses meanwhile."""

    def __init__(self, target: Target, timeout: float) -> None:
        self._target = target
        self._timeout = timeout
        self._proxy = proxy_for(target)
        self._context = _tls() if target.scheme == "https" else None
        self._idle: list[http.client.HTTPConnection] = []
        self._is_closed = False
        self._lock = threading.Lock()

    def send(self, method: str, path: str, headers: Iterable[tuple[str, str]], body: bytes) -> Reply:
        """Send one request, once. Raises TargetFailed, and GuardRefusal (`malformed-request`) for what is no HTTP."""
        connection = self._connection()
        through_proxy = self._proxy is not None and self._context is None
        url = self._target.origin + path if through_proxy else path
        try:
            _write_head(connection, method, url, [*self._own_headers(method, body), *headers])
            connection.endheaders(body or None)
            reply, reusable = _read(connection.getresponse(), method)
        except (OSError, http.client.HTTPException, ValueError) as error:
            connection.close()
            raise _failure(error, self._timeout) from None
        except BaseException:
            connection.close()
            raise
        self._put_back(connection, reusable=reusable)
        return reply

    def _put_back(self, connection: http.client.HTTPConnection, *, reusable: bool) -> None:
        with self._lock:
            if reusable and not self._is_closed:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close what is idle; what is under way is closed when it has been answered."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        """Return an idle connection that the target has not closed, or a new one."""
        while True:
            with self._lock:
                if not self._idle:
                    return self._new()
                connection = self._idle.pop()
            # A byte or an end that waits on an idle connection means that the target is done with it. A create sent
            # there would be lost without an answer.
            if connection.sock is not None and not _is_readable(connection.sock):
                return connection
            connection.close()

    def _new(self) -> http.client.HTTPConnection:
        target, proxy = self._target, self._proxy
        host, port = (target.host, target.port) if proxy is None else (proxy.hostname or "", proxy.port or 80)
        if self._context is None:
            return http.client.HTTPConnection(host, port, timeout=self._timeout)
        connection = http.client.HTTPSConnection(host, port, timeout=self._timeout, context=self._context)
        if proxy is not None:
            connection.set_tunnel(target.host, target.port, _proxy_headers(proxy))
        return connection

    def _own_headers(self, method: str, body: bytes) -> Iterator[tuple[str, str]]:
        """Yield what the guard itself says to the target, and to a proxy that it speaks with in plain http."""
        yield "Host", self._target.host_header
        yield "Accept-Encoding", "identity"
        if self._proxy is not None and self._context is None:
            yield from _proxy_headers(self._proxy).items()
        if body or method in {"POST", "PUT", "PATCH"}:
            yield "Content-Length", str(len(body))


def _write_head(
    connection: http.client.HTTPConnection, method: str, url: str, headers: Iterable[tuple[str, str]]
) -> None:
    """Write the head into the connection's buffer; nothing is sent by that."""
    try:
        connection.putrequest(method, url, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
    except (ValueError, http.client.HTTPException) as error:
        what = f"The request cannot be written as HTTP ({type(error).__name__})."
        raise GuardRefusal("malformed-request", what) from None


def _read(response: http.client.HTTPResponse, method: str) -> tuple[Reply, bool]:
    body = response.read(_LARGEST + 1)
    if len(body) > _LARGEST:
        raise TargetFailed("too-large", f"The target's answer is larger than {_LARGEST} bytes.")
    if not response.isclosed():
        response.read()
    headers = [(name, value) for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP]
    length = response.getheader("Content-Length")
    if method == "HEAD" and length is not None:
        headers.append(("Content-Length", length))
    body, headers = _decoded(body, headers)
    return Reply(response.status, response.reason, tuple(headers), body), not response.will_close


def _decoded(body: bytes, headers: list[tuple[str, str]]) -> tuple[bytes, list[tuple[str, str]]]:
    """Undo gzip or deflate, which nobody asked for; a row inside could not be masked otherwise."""
    coding = next(
        (value.strip().lower() for name, value in headers if name.lower() == "content-encoding"), ""
    )
    if coding in {"gzip", "x-gzip", "deflate"} and body:
        with contextlib.suppress(zlib.error):
            decoder = zlib.decompressobj(zlib.MAX_WBITS | 32)
            body = decoder.decompress(body, _LARGEST)
            headers = [(name, value) for name, value in headers if name.lower() != "content-encoding"]
    return body, headers


def _tls() -> ssl.SSLContext:
    """Trust what the system trusts and what certifi has, or only the file that the environment names."""
    chosen = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    context = ssl.create_default_context(cafile=chosen or None)
    if not chosen:
        context.load_verify_locations(certifi.where())
    return context


def _proxy_headers(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _is_readable(sock: socket.socket) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        return bool(selector.select(0))


def _failure(error: Exception, timeout: float) -> TargetFailed:
    """Say what went wrong without any text of the exchange."""
    if isinstance(error, ssl.SSLError):
        return TargetFailed("tls", f"TLS with the target failed ({type(error).__name__}).")
    if isinstance(error, TimeoutError):
        return TargetFailed("timeout", f"The target gave no answer within {timeout:g} s.")
    if isinstance(error, (ConnectionRefusedError, http.client.InvalidURL)) or (
        isinstance(error, OSError) and not isinstance(error, ConnectionError)
    ):
        return TargetFailed("connect", f"The target cannot be reached ({type(error).__name__}).")
    return TargetFailed("no-answer", f"The target gave no whole answer ({type(error).__name__}).")
