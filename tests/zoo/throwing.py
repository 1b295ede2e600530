"""Sends requests to a server, also damaged ones, and checks that each gets a response."""

from __future__ import annotations

import re
import socket
from typing import Self

from contract_tests.target.zoo import headers_of

_DELETE = b"DELETE /api/notification-handlers/%s HTTP/1.1\r\nHost: mock\r\nAuthorization: Bearer %s\r\n\r\n"
_ID = re.compile(rb'"id":(\d+)')
SECONDS = 5.0


class Thrower:
    """A client on one connection, which it opens again if the server has closed it.

    After a request with broken framing the client stops sending, so that no server has to wait.
    """

    def __init__(self, host: str, port: int, key: str) -> None:
        self._address = (host, port)
        self._key = key.encode()
        self._connection: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def throw(self, raw: bytes, *, whole: bool) -> int:
        """Send a request and return the status, or 0 if the server closed without a response (never for a whole one).

        What a request created is deleted again. Raises TimeoutError if no response comes within SECONDS.
        """
        status, body = self._ask(raw, whole=whole)
        if status == 201 and (created := _ID.search(body)):
            deleted, _ = self._ask(_DELETE % (created[1], self._key), whole=True)
            assert deleted == 200, deleted
        return status

    def _ask(self, raw: bytes, *, whole: bool) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = socket.create_connection(self._address, timeout=SECONDS)
        connection = self._connection
        connection.sendall(raw)
        if not whole:
            connection.shutdown(socket.SHUT_WR)
        answer, closed = _read_answer(connection)
        if not whole or closed or b"\r\nConnection: close\r\n" in answer:
            self.close()
        if whole:
            assert answer, "the server closed the connection without an answer"
        status = int(answer.split(b" ", 2)[1]) if answer else 0
        return status, answer.partition(b"\r\n\r\n")[2]


def _read_answer(connection: socket.socket) -> tuple[bytes, bool]:
    """Read one response, and tell whether the server has closed the connection."""
    answer = b""
    while True:
        head, end, body = answer.partition(b"\r\n\r\n")
        if end and len(body) >= int(headers_of(head).get("content-length", 0)):
            return answer, False
        try:
            data = connection.recv(65536)
        except ConnectionResetError:
            return answer, True
        if not data:
            return answer, True
        answer += data
