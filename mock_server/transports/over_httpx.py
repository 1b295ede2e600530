"""httpx without a socket, sync and async."""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

import httpx

from mock_server.transports.calling import Asked, Heard, call

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class InProcessTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """`httpx.Client(transport=…)` or `httpx.AsyncClient(transport=…)`: all that the client asks goes to the app.

    Raises what httpx raises of a real connection: ReadTimeout, ReadError, RemoteProtocolError.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Ask the app."""
        return self._answer(request, request.read())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask the app; it answers in microseconds, so the loop is not kept waiting."""
        return self._answer(request, await request.aread())

    def _answer(self, request: httpx.Request, body: bytes) -> httpx.Response:
        heard = call(self._app, Asked(request.method, str(request.url), request.headers.raw, body))
        patience: float | None = request.extensions.get("timeout", {}).get("read")
        if heard.late(patience):
            raise httpx.ReadTimeout("timed out", request=request)
        match heard.wire:
            case "drop":
                sentence = "Server disconnected without sending a response."
                raise httpx.RemoteProtocolError(sentence, request=request)
            case "reset":
                sentence = f"[Errno {errno.ECONNRESET}] {os.strerror(errno.ECONNRESET)}"
                raise httpx.ReadError(sentence, request=request)
        status, headers = _read_head(heard.head)
        return httpx.Response(status, headers=headers, stream=_Body(heard, patience))


class _Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """What arrives of a body, and the error with which it ends, if it does."""

    def __init__(self, heard: Heard, patience: float | None) -> None:
        self._heard = heard
        self._patience = patience

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces():
            yield piece

    def _pieces(self) -> Iterator[bytes]:
        if self._heard.dripping(self._patience):
            raise httpx.ReadTimeout("timed out")
        arriving, whole = self._heard.arriving, self._heard.body
        if arriving:
            yield arriving
        if len(arriving) < len(whole):
            raise httpx.RemoteProtocolError(
                "peer closed connection without sending complete message body "
                f"(received {len(arriving)} bytes, expected {len(whole)})"
            )


def _read_head(head: bytes) -> tuple[int, list[tuple[str, str]]]:
    """Read the status and the headers of our own server's head: one line each."""
    stream: Any = BytesIO(head)
    status = int(stream.readline().split()[1])
    lines = (line.decode("latin-1").rstrip("\r\n") for line in stream)
    pairs = (line.partition(": ") for line in lines if line)
    return status, [(name, value) for name, _, value in pairs]
