"""Answers that come late, in drips, after interim ones, or that cannot be read: each is bounded, none is a crash."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from contract_tests.target.api import TargetResponse
from tests.guard.conftest import MakeGuard, through
from tests.guard.scripted import Said, Scripted, said

LIST = json.dumps({"data": [], "meta": {"total": 0}}).encode()
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
    len(LIST),
    LIST,
)
_PATIENCE = 0.5

# Writes to a connection for as long as it is open.
Writer = Callable[[socket.socket], object]


@contextmanager
def speaking(write: Writer) -> Iterator[str]:
    """Serve every connection by a function that writes bytes; requests are read and not looked at."""

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while connection.recv(65536):
                write(connection)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/api"
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def drip(data: bytes, pause: float) -> Writer:
    def write(connection: socket.socket) -> None:
        while True:
            for place in range(len(data)):
                connection.sendall(data[place : place + 1])
                time.sleep(pause)

    return write


def flood(data: bytes) -> Writer:
    def write(connection: socket.socket) -> None:
        while True:
            connection.sendall(data)
            time.sleep(0.001)

    return write


@pytest.mark.parametrize(
    "write",
    [
        drip(WHOLE, 0.05),
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b" " * 50, 0.01),
        flood(b"HTTP/1.1 100 Continue\r\n\r\n"),
        flood(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
    ],
    ids=["a drip", "a drip of the body", "endless 100", "endless 103"],
)
def test_the_whole_exchange_has_an_end(write: Writer, make_guard: MakeGuard) -> None:
    with speaking(write) as url:
        guard = make_guard(url, allow_writes=False, timeout=_PATIENCE)
        started = time.monotonic()
        reply = through(guard).get("")
        took = time.monotonic() - started
    assert (reply.status, reply.headers["x-guard-failed"]) == (502, "timeout")
    assert took < 20 * _PATIENCE


@pytest.mark.parametrize("interim", [b"100 Continue", b"102 Processing", b"103 Early Hints"])
def test_an_interim_answer_is_not_the_answer(interim: bytes, make_guard: MakeGuard) -> None:
    head = b"HTTP/1.1 %s\r\nLink: </style.css>; rel=preload\r\n\r\n" % interim
    with speaking(lambda connection: connection.sendall(2 * head + WHOLE)) as url:
        client = through(make_guard(url, allow_writes=False))
        replies = [client.get("") for _ in range(2)]
    assert [(reply.status, reply.json["meta"]["total"]) for reply in replies] == [(200, 0)] * 2
    assert "link" not in replies[0].headers


def test_a_slow_answer_does_not_shorten_the_next_one(make_guard: MakeGuard) -> None:
    def write(connection: socket.socket) -> None:
        time.sleep(0.3)
        connection.sendall(WHOLE)

    with speaking(write) as url:
        client = through(make_guard(url, allow_writes=False, timeout=1.0))
        assert [client.get("").status for _ in range(5)] == [200] * 5


@pytest.mark.parametrize("status", [200, 201, 404])
def test_a_hundred_thousand_brackets_are_unreadable_and_no_crash(status: int, make_guard: MakeGuard) -> None:
    deep = Said(status, b'{"data":' * 100_000, {"Content-Type": "application/json"})
    with Scripted(
        lambda asked: said({"data": [], "meta": {"total": 0}}) if asked.path.endswith("=1") else deep
    ) as target:
        client = through(make_guard(target.url))
        assert client.get("/1").status == status
        assert client.create().status in {status, 418}


@pytest.mark.parametrize(
    "body", [b'\xef\xbb\xbf{"data": []}', '{"data": []}'.encode("utf-16"), b"[" * 100_000, b"{"]
)
def test_what_is_not_json_in_utf_8_is_told_as_such(body: bytes) -> None:
    with pytest.raises(ValueError, match="is not JSON"):
        TargetResponse(200, {}, body).json()
