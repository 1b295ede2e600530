"""Requests that no polite client sends. Each gets a response or the end of the connection, never an exception."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mock_server.server import Server, ServerLimits
from tests.server.wire import Client, chunked, connections, echo, get, post, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HOST = b"Host: mock.test\r\n"
CHUNKED = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
MALFORMED = {
    "unknown method": b"FETCH / HTTP/1.1\r\n" + HOST + b"\r\n",
    "lower-case method": b"get / HTTP/1.1\r\n" + HOST + b"\r\n",
    "method of another protocol": b"DESCRIBE / HTTP/1.1\r\n" + HOST + b"\r\n",
    "unknown version": b"GET / HTTP/1.7\r\n" + HOST + b"\r\n",
    "version 2": b"GET / HTTP/2.0\r\n" + HOST + b"\r\n",
    "version 0.9": b"GET /\r\n\r\n",
    "no protocol": b"GET / 1.1\r\n" + HOST + b"\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "NUL in target": b"GET /\x00 HTTP/1.1\r\n" + HOST + b"\r\n",
    "NUL in header": b"GET / HTTP/1.1\r\n" + HOST + b"A: \x00\r\n\r\n",
    "NUL in name": b"GET / HTTP/1.1\r\n" + HOST + b"A\x00: b\r\n\r\n",
    "nothing but NUL": b"\x00" * 100,
    "target without slash": b"GET index HTTP/1.1\r\n" + HOST + b"\r\n",
    "raw bytes in target": b"GET /\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n",
    "fragment": b"GET /a#b HTTP/1.1\r\n" + HOST + b"\r\n",
    "LF only": b"GET / HTTP/1.1\nHost: mock.test\n\n",
    "CR only": b"GET / HTTP/1.1\rHost: mock.test\r\r",
    "no colon": b"GET / HTTP/1.1\r\n" + HOST + b"A\r\n\r\n",
    "no name": b"GET / HTTP/1.1\r\n" + HOST + b": a\r\n\r\n",
    "space before colon": b"GET / HTTP/1.1\r\n" + HOST + b"A : b\r\n\r\n",
    "folded header": b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n c\r\n\r\n",
    "header first folded": b"GET / HTTP/1.1\r\n A: b\r\n" + HOST + b"\r\n",
    "control in header": b"GET / HTTP/1.1\r\n" + HOST + b"A: \x01\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    "length and chunks": b"POST / HTTP/1.1\r\n" + HOST
    + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": b"POST / HTTP/1.1\r\n" + HOST
    + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\na",
    "two lengths in one": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1, 1\r\n\r\na",
    "empty length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length:\r\n\r\n",
    "negative length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
    "signed length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +1\r\n\r\na",
    "hexadecimal length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 0x1\r\n\r\na",
    "endless length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: " + b"9" * 6000 + b"\r\n\r\n",
    "unknown coding": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\n\r\n",
    "coding before chunks": b"POST / HTTP/1.1\r\n" + HOST
    + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "two codings": b"POST / HTTP/1.1\r\n" + HOST
    + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "disguised coding": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunks in 1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunk size": CHUNKED + b"xyz\r\n",
    "negative chunk": CHUNKED + b"-1\r\n",
    "endless chunk size": CHUNKED + b"f" * 40 + b"\r\n",
    "chunk without end": CHUNKED + b"1\r\nabc\r\n0\r\n\r\n",
    "nonsense after a request": get("/first") + b"\x01\x02\x03\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_request_is_refused_by_the_app_and_the_connection_ends(
    client: Client, raw: bytes
) -> None:
    client.send(raw)
    response = client.receive()
    if response.status == 200:
        assert response.json["PATH_INFO"] == "/first"
        response = client.receive()
    assert (response.status, response.headers["connection"]) == (400, "close")
    assert response.json["mock_server.wire_error"] == "malformed"
    assert response.json["body"] == ""
    assert client.ended()


def test_requests_before_a_malformed_one_get_their_responses_first(client: Client) -> None:
    client.send(get("/1", "X-Delay: 0.03") + get("/2") + b"nonsense\r\n\r\n" + get("/3"))
    assert [client.receive().status for _ in range(3)] == [200, 200, 400]
    assert client.ended()


@pytest.mark.parametrize(
    "raw",
    [
        get("/", "A: " + "x" * 70_000),
        get("/" + "x" * 70_000),
        get("/", *(f"A{number}: {'x' * 1000}" for number in range(70))),
        get("/", *(f"A{number}: b" for number in range(101))),
        b"GET / HTTP/1.1\r\nA: " + b"x" * 200_000,
        b"GET /" + b"x" * 5_000_000,
        b"\r\n" * 100_000,
        chunked(b"a").removesuffix(b"\r\n") + b"T: " + b"x" * 200_000,
        chunked(b"a").removesuffix(b"0\r\n\r\n") + b"1;" + b"x" * 200_000,
    ],
    ids=["value", "target", "sum", "count", "no end", "target no end", "empty lines", "trailer", "extension"],
)
def test_a_head_too_large_is_refused(client: Client, raw: bytes) -> None:
    client.send(raw)
    response = client.receive()
    assert (response.status, response.json["mock_server.wire_error"]) == (431, "head-too-large")
    assert client.ended()


def test_a_head_just_below_the_limit_is_taken(client: Client) -> None:
    assert client.ask(get("/", "A: " + "x" * 65_000)).status == 200
    assert client.ask(get("/", *(f"A{number}: b" for number in range(99)))).status == 200


@pytest.mark.parametrize("expect", [(), ("Expect: 100-continue",)])
def test_a_body_too_large_is_refused_before_it_is_sent(client: Client, expect: tuple[str, ...]) -> None:
    raw = post(b"", *expect).replace(b"Content-Length: 0", b"Content-Length: 100000000")
    response = client.ask(raw)
    assert (response.status, response.headers["connection"]) == (413, "close")
    assert response.json["REQUEST_METHOD"] == "POST"
    assert client.ended()


def test_a_client_that_sends_a_large_body_first_can_still_read_the_response(client: Client) -> None:
    client.send(post(b"").replace(b"Content-Length: 0", b"Content-Length: 100000000"))
    for _ in range(100):
        client.send(b"x" * 1_000_000)
    assert client.receive().status == 413
    assert client.ended()


def test_a_client_that_does_not_stop_sending_is_disconnected() -> None:
    limits = ServerLimits(body_bytes=10, linger_bytes=100_000, linger_seconds=60)
    with Server(echo, limits=limits) as server, Client(server) as client:
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            client.send(post(b"x" * 10_000) * 5000)
        wait_until(lambda: connections(server) == 0)


def test_chunks_beyond_the_limit_are_refused(client: Client) -> None:
    client.send(chunked(*[b"x" * 1000] * 200))
    response = client.receive()
    assert (response.status, response.json["body"]) == (413, "")
    assert client.ended()


def test_slow_clients_are_told_so() -> None:
    limits = ServerLimits(head_seconds=0.04, body_seconds=0.04, idle_seconds=0.04)
    with Server(echo, limits=limits) as server:
        for raw in (b"G", b"GET / HTTP/1.1\r\nHost: a", post(b"abc")[:-1], chunked(b"abc")[:-2]):
            with Client(server) as client:
                response = client.ask(raw)
                assert (response.status, response.json["mock_server.wire_error"]) == (408, "timeout")
                assert client.ended()
        with Client(server) as client:
            assert client.ended()
        with Client(server) as client:
            assert client.ask(get("/", "X-Delay: 0.2")).status == 200
            assert client.ended()
        wait_until(lambda: connections(server) == 0)


def test_a_trickling_head_has_no_more_time_than_a_silent_one() -> None:
    with Server(echo, limits=ServerLimits(head_seconds=0.05)) as server, Client(server) as client:
        started = time.monotonic()
        client.send(b"GET / HTTP/1.1\r\n")
        client.sock.settimeout(0.005)
        for _ in range(2000):
            client.send(b"A: b\r\n")
            try:
                assert client.receive().status == 408
            except TimeoutError:
                continue
            break
        else:
            pytest.fail("the head went on and on")
        assert time.monotonic() - started >= 0.05


def test_a_client_that_reads_nothing_is_disconnected() -> None:
    limits = ServerLimits(write_seconds=0.05, body_bytes=10_000_000)
    with Server(echo, limits=limits) as server, Client(server) as client:
        client.send(post(b"x" * 9_000_000))
        wait_until(lambda: connections(server) == 0)


def test_responses_that_a_client_does_not_read_stay_bounded(server: Server) -> None:
    with Client(server) as client:
        client.sock.settimeout(0.1)
        flood, sent = get("/", "X-Fill: " + "x" * 500) * 2000, 0
        with contextlib.suppress(TimeoutError):
            while sent < 60_000_000:
                sent += client.sock.send(flood)
        assert sent < 60_000_000
        with Client(server) as other:
            assert other.ask(get()).status == 200


def test_clients_that_leave_in_the_middle_leave_nothing_behind(server: Server) -> None:
    for raw in (b"", b"GET / HT", post(b"abc")[:-1], chunked(b"abc")[:-9], get("/", "X-Delay: 9") + get()):
        for _ in range(5):
            with Client(server) as client:
                client.send(raw)
    wait_until(lambda: connections(server) == 0)


def test_the_app_is_not_called_for_a_client_that_has_left() -> None:
    called = 0

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        nonlocal called
        if not called:
            # A client that closes with responses unread resets the connection, so the next ones cannot be sent.
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sock.close()
        called += 1
        start_response("200 OK", [])
        return [b"x" * 100]

    with Server(app) as server:
        client = Client(server)
        client.send(get("/", "X-Fill: " + "x" * 1000) * 60)
        wait_until(lambda: called > 0 and connections(server) == 0)
    assert called <= 2


def test_slow_writers_do_not_hinder_others(server: Server) -> None:
    slow = [Client(server) for _ in range(250)]
    quick = [Client(server) for _ in range(250)]
    raw = post(b"x" * 10)
    for at in range(0, len(raw), 8):
        for client in slow:
            client.send(raw[at : at + 8])
        for client in quick[at % 200 : at % 200 + 20]:
            assert client.ask(get()).status == 200
    assert all(client.receive().status == 200 for client in slow)
    for client in (*slow, *quick):
        client.sock.close()


@pytest.fixture
def descriptors() -> Iterator[Callable[[int], None]]:
    """Return a function that sets how many file descriptors this process may have."""
    resource = pytest.importorskip("resource", reason="this system has no such limit")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield lambda number: resource.setrlimit(resource.RLIMIT_NOFILE, (number, before[1]))
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_thousands_of_idle_connections_hinder_no_other(
    server: Server, descriptors: Callable[[int], None]
) -> None:
    descriptors(5000)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(server)) for _ in range(2200)]
        wait_until(lambda: connections(server) == len(clients), 20)
        assert all(client.ask(get()).status == 200 for client in (*clients[:50], *clients[-50:]))
    wait_until(lambda: connections(server) == 0, 20)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts file descriptors in /proc")
def test_without_descriptors_an_idle_connection_makes_room(
    server: Server, descriptors: Callable[[int], None], logged: pytest.LogCaptureFixture
) -> None:
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(server)) for _ in range(3)]
        assert [client.ask(get()).status for client in clients] == [200] * 3
        late = stack.enter_context(socket.socket())
        descriptors(max(int(path.name) for path in Path("/proc/self/fd").iterdir()))
        with contextlib.suppress(OSError):
            while True:
                stack.callback(os.close, os.dup(late.fileno()))
        late.connect((server.host, server.port))
        assert Client(server, late).ask(get()).status == 200
        assert connections(server) == 3
    assert "No connection can be accepted" in logged.text


def test_a_client_that_resets_at_the_end_is_not_logged(server: Server) -> None:
    """A log record fails the test."""
    for _ in range(50):
        with Client(server) as client:
            client.send(get("/", "Connection: close"))
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_until(lambda: connections(server) == 0)


STOPPED = """
import sys
from mock_server.server import ServerLimits, Server
from tests.server.wire import echo

limits = ServerLimits(head_seconds=0.4, body_seconds=0.4, idle_seconds=0.4)
with Server(echo, limits=limits) as server:
    print(server.port, flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system cannot stop a process")
def test_time_that_the_process_was_stopped_for_does_not_count() -> None:
    """A laptop that was closed, a container that was paused: what clients sent meanwhile gets a response."""
    raw = post(b"hello")
    with subprocess.Popen(
        [sys.executable, "-c", STOPPED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        address = ("127.0.0.1", int(process.stdout.readline()))
        halves = (0, 10, len(raw) - 2)
        socks = [socket.create_connection(address, timeout=10) for _ in halves]
        for sock, half in zip(socks, halves, strict=True):
            sock.sendall(raw[:half])
        time.sleep(0.1)
        process.send_signal(signal.SIGSTOP)
        time.sleep(1.5)
        for sock, half in zip(socks, halves, strict=True):
            sock.sendall(raw[half:])
        process.send_signal(signal.SIGCONT)
        first = [sock.recv(65536)[:12] for sock in socks]
        for sock in socks:
            sock.close()
        process.communicate()
    assert first == [b"HTTP/1.1 200"] * 3


CROWDED = """
import logging, resource, sys
from mock_server import Server, create_app

logging.basicConfig()
resource.setrlimit(resource.RLIMIT_NOFILE, (100, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
with Server(create_app()) as server:
    print(server.port, flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="this system does not count descriptors")
@pytest.mark.parametrize("begun", [b"", b"GET / HT"], ids=["idle", "half a head"])
def test_connections_leave_descriptors_to_the_app(begun: bytes) -> None:
    """With more clients than descriptors, the mock still answers, and reads its files to do so."""
    with subprocess.Popen(
        [sys.executable, "-c", CROWDED],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        address = ("127.0.0.1", int(process.stdout.readline()))
        crowd = [socket.create_connection(address, timeout=10) for _ in range(150)]
        for sock in crowd:
            with contextlib.suppress(OSError):  # it was closed to make room
                sock.sendall(begun)
        statuses = []
        for path in ("/_mock/health", "/_mock/openapi.yaml", "/_mock/"):
            with socket.create_connection(address, timeout=10) as sock:
                sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                statuses.append(sock.recv(65536)[:12])
        for sock in crowd:
            sock.close()
        _, said = process.communicate()
    assert statuses == [b"HTTP/1.1 200"] * 3
    assert said.count("No connection can be accepted") == 1
    assert "Traceback" not in said


def test_random_damage_never_raises(server: Server) -> None:
    dice = random.Random(7)
    for _ in range(300):
        raw = bytearray(dice.choice([get("/a?b", "A: b"), post(b"hello"), chunked(b"abc", b"de")]) * 2)
        for _ in range(dice.randint(1, 4)):
            raw[dice.randrange(len(raw))] = dice.randrange(256)
        with Client(server) as client:
            client.send(bytes(raw))
            client.sock.shutdown(1)
            try:
                client.rest()
            except ConnectionError:
                pytest.fail(f"reset after {bytes(raw)!r}")
    wait_until(lambda: connections(server) == 0)
