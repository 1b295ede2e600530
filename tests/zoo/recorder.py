"""A socket that keeps the bytes of each request, and responds as the service would."""

from __future__ import annotations

import socket
import threading
from queue import SimpleQueue
from typing import Self

from contract_tests.target.zoo import headers_of, unchunked

_BODY = b'{"data":{"id":1}}'
_ANSWER = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
_SECONDS = 20.0


class Recorder:
    """Listens on a free port of loopback. `requests` are the bytes of each request as they came."""

    def __init__(self) -> None:
        self.requests: SimpleQueue[bytes] = SimpleQueue()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # ends the waiting accept
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(_SECONDS)
                self._record(connection)

    def _record(self, connection: socket.socket) -> None:
        try:
            self.requests.put(read_request(connection))
            connection.sendall(_ANSWER % (len(_BODY), _BODY))
        except OSError as error:
            self.requests.put(f"nothing whole came: {error}".encode())


def read_request(connection: socket.socket) -> bytes:
    """Read one request with its framing. Raises OSError if it does not come whole."""
    seen = b""
    while b"\r\n\r\n" not in seen:
        seen += _more(connection)
    head, _, body = seen.partition(b"\r\n\r\n")
    headers = headers_of(head)
    if headers.get("expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    if headers.get("transfer-encoding") == "chunked":
        while unchunked(body) is None:
            body += _more(connection)
    else:
        while len(body) < int(headers.get("content-length", 0)):
            body += _more(connection)
    return head + b"\r\n\r\n" + body


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("the client closed the connection")
    return data
