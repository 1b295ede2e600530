"""A client that resets its connection is not an error, whatever the server was about to do."""

from __future__ import annotations

import logging
import socket
import struct
from typing import Any

import pytest

from mock_server import Server

BODY = b"x" * 4_000_000
REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


def _large(_environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Length", str(len(BODY)))])
    return [BODY]


@pytest.mark.parametrize("reads", [False, True], ids=["at once", "after it has read"])
def test_a_reset_during_the_last_response_leaves_no_traceback(
    reads: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with Server(_large) as server:
        address = "127.0.0.1", int(server.url.rpartition(":")[2])
        for _ in range(20):
            with socket.create_connection(address) as client:
                client.sendall(REQUEST)
                if reads:
                    client.recv(1000)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with socket.create_connection(address) as client:
            client.sendall(REQUEST)
            assert client.recv(12) == b"HTTP/1.1 200"
    assert not [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR]
