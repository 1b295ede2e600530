"""requests without a socket."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Mapping
from http.client import HTTPResponse, RemoteDisconnected
from io import BytesIO
from socket import socket
from typing import TYPE_CHECKING, Any, cast

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ReadTimeout
from urllib3 import HTTPResponse as Urllib3Response
from urllib3 import Timeout
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from mock_server.transports.calling import Asked, Heard, call

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class InProcessAdapter(HTTPAdapter):
    """`session.mount("http://", adapter)`: all that the session asks goes to the app.

    Raises what requests raises of a real connection: ConnectionError, ReadTimeout, ChunkedEncodingError.
    """

    def __init__(self, app: WSGIApplication) -> None:
        super().__init__()
        self._app = app

    def send(  # noqa: PLR0913, PLR0917 - requests calls it so
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: ARG002 - the whole answer is there at once
        timeout: Any = None,
        verify: bool | str = True,  # noqa: ARG002 - nothing is encrypted
        cert: Any = None,  # noqa: ARG002
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002 - nothing leaves the process
    ) -> Response:
        """Ask the app."""
        heard = call(self._app, _asked(request))
        patience = _patience(timeout)
        _raise_for(heard, request, patience)
        answer = HTTPResponse(cast("socket", _Socket(heard, patience)), method=request.method)
        answer.begin()
        raw = Urllib3Response(
            body=answer,
            headers=dict(answer.getheaders()),
            status=answer.status,
            reason=answer.reason,
            version=answer.version,
            preload_content=False,
            decode_content=False,
            original_response=answer,
            request_method=request.method,
            enforce_content_length=True,
        )
        return self.build_response(request, raw)


class _Socket:
    """What http.client needs of a socket: a file with what arrives."""

    def __init__(self, heard: Heard, patience: float | None) -> None:
        self._file = _Arriving(heard.head + heard.arriving)
        self._file.left = len(heard.head) if heard.dripping(patience) else None

    def makefile(self, _mode: str) -> BytesIO:
        """Return the file."""
        return self._file


class _Arriving(BytesIO):
    """Bytes that stop coming after the first `left` of them, where that is a number."""

    left: int | None = None

    def read(self, size: int | None = -1) -> bytes:
        """Read as a socket's file does. Raises TimeoutError where no more comes in time."""
        if self.left is not None and self.tell() >= self.left:
            raise TimeoutError("timed out")
        return super().read(size)


def _asked(request: PreparedRequest) -> Asked:
    if request.url is None or request.method is None:
        raise ValueError("The request is not prepared: it has no method or no URL.")
    headers = ((_bytes(name), _bytes(value)) for name, value in request.headers.items())
    return Asked(request.method, request.url, headers, _body(request.body))


def _bytes(text: str | bytes) -> bytes:
    return text.encode("latin-1") if isinstance(text, str) else text


def _body(body: Any) -> bytes:
    match body:
        case None:
            return b""
        case bytes():
            return body
        case str():
            return body.encode()
    if hasattr(body, "read"):
        return _body(body.read())
    return b"".join(_body(piece) for piece in cast("Iterable[Any]", body))


def _patience(timeout: Any) -> float | None:
    """Return how many seconds the client waits for a byte; None for ever. requests takes one or two, or urllib3's."""
    match timeout:
        case Timeout():
            seconds = timeout.read_timeout
            return seconds if isinstance(seconds, (int, float)) else None
        case (_, read):
            return cast("float | None", read)
    return cast("float | None", timeout)


def _raise_for(heard: Heard, request: PreparedRequest, patience: float | None) -> None:
    """Raise what requests raises where no head of an answer comes."""
    if heard.late(patience):
        sentence = f"Read timed out. (read timeout={patience})"
        raise ReadTimeout(ReadTimeoutError(cast("Any", None), request.url or "", sentence), request=request)
    error: OSError
    match heard.wire:
        case "drop":
            error = RemoteDisconnected("Remote end closed connection without response")
        case "reset":
            error = ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        case _:
            return
    raise RequestsConnectionError(ProtocolError("Connection aborted.", error), request=request)
