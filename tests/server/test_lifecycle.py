"""How a server starts and stops."""

import contextlib
import gc
import os
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mock_server.server import CannotBind, Server
from tests.server.wire import Client, connections, echo, fixed, get, post, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def test_a_port_in_use_is_refused(server: Server) -> None:
    for host in ("127.0.0.1", "0.0.0.0"):
        with pytest.raises(CannotBind, match=f"Port {server.port} of {host} is in use"):
            Server(echo, host=host, port=server.port).start()


@pytest.mark.parametrize(
    ("host", "port", "sentence"),
    [
        ("192.0.2.1", 0, "This computer does not have the address 192.0.2.1."),
        ("no such host", 0, "Unknown host 'no such host': use an address or a name of this computer."),
        ("127.0.0.1", 65536, "Invalid port 65536: use 0–65535."),
    ],
)
def test_an_address_that_cannot_be_bound(host: str, port: int, sentence: str) -> None:
    with pytest.raises(CannotBind) as caught:
        Server(echo, host=host, port=port).start()
    assert str(caught.value) == sentence


def test_urls() -> None:
    assert Server(echo, host="0.0.0.0", port=80).url == "http://127.0.0.1:80"
    assert Server(echo, host="::", port=80).url == "http://[::1]:80"
    with Server(echo, host="localhost") as server, Client(server) as client:
        assert server.url == f"http://localhost:{server.port}"
        assert client.ask(get()).status == 200


def test_responses_leave_without_nagle(server: Server, client: Client) -> None:
    assert client.ask(get()).status == 200
    (connection,) = server.connections
    sock = connection._transport.get_extra_info("socket")
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_starting_twice_and_stopping_twice_and_starting_again() -> None:
    server = Server(echo)
    server.stop()
    server.start()
    with pytest.raises(RuntimeError):
        server.start()
    port = server.port
    server.stop()
    server.stop()
    server.start()
    assert server.port == port
    with Client(server) as client:
        assert client.ask(get()).status == 200
    server.stop()


def _stop_without_waiting(server: Server, grace: float) -> None:
    """Stop with minutes of grace. A stop that waits for them is still running when the test gives up."""
    stopping = threading.Thread(target=server.stop, args=(grace,), daemon=True)
    stopping.start()
    stopping.join(60)
    assert not stopping.is_alive()


def test_a_stop_closes_idle_connections_at_once(server: Server) -> None:
    with Client(server) as used, Client(server) as unused:
        assert used.ask(get()).status == 200
        wait_until(lambda: connections(server) == 2)
        _stop_without_waiting(server, grace=600)
        assert used.ended()
        assert unused.ended()
        with pytest.raises(ConnectionRefusedError):
            Client(server)


def test_a_stop_responds_to_what_is_in_flight_delayed_and_pipelined(server: Server) -> None:
    with Client(server) as late, Client(server) as unfinished:
        late.send(get("/1", "X-Delay: 0.1") + get("/2", "X-Delay: 0.05") + get("/3"))
        unfinished.send(post(b"abc")[:-1])
        wait_until(lambda: connections(server) == 2)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        time.sleep(0.02)
        assert unfinished.ask(b"c").headers["connection"] == "close"
        responses = [late.receive() for _ in range(3)]
        assert [response.json["PATH_INFO"] for response in responses] == ["/1", "/2", "/3"]
        assert responses[-1].headers["connection"] == "close"
        assert late.ended()
        stopping.join()


def test_responses_held_back_beyond_the_grace_go_out_at_once(server: Server) -> None:
    with Client(server) as late, Client(server) as slow, Client(server) as unfinished:
        late.send(get("/1", "X-Delay: 600") + get("/2", "X-Delay: 600"))
        slow.send(get("/", "X-Delay: 600", "X-Wire: slow"))
        unfinished.send(b"GET / HT")
        wait_until(lambda: connections(server) == 3)
        _stop_without_waiting(server, grace=0.05)
        assert [late.receive().status for _ in range(2)] == [200, 200]
        assert slow.receive().status == 200
        assert unfinished.ended()


@pytest.mark.parametrize("headers", [(), ("Connection: close",)])
def test_a_stop_under_load_loses_no_request(server: Server, headers: tuple[str, ...]) -> None:
    failures: list[str] = []
    served = [0] * 8

    def load(at: int) -> None:
        """Ask without a pause, on a new connection whenever one ends, until the server no longer listens."""
        # A reset while connecting is a refusal too; after that, it loses a request.
        with contextlib.suppress(ConnectionRefusedError, ConnectionResetError):
            while not failures:
                with Client(server) as client:
                    try:
                        while client.ask(get("/", *headers)).headers.get("connection") != "close":
                            served[at] += 1
                    except (OSError, AssertionError) as error:
                        failures.append(repr(error))
                served[at] += 1

    threads = [threading.Thread(target=load, args=(at,)) for at in range(len(served))]
    for thread in threads:
        thread.start()
    wait_until(lambda: failures != [] or min(served) > 20, 20)
    server.stop()
    for thread in threads:
        thread.join()
    # Between the last look into the system's queue and its end, one more client may have joined it.
    assert len(failures) <= (1 if headers else 0), failures


def test_the_app_may_stop_its_server() -> None:
    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        server.stop()
        start_response("200 OK", [])
        return [b"bye"]

    server = Server(app)
    server.start()
    with Client(server) as client:
        assert client.ask(get()).body == b"bye"
    server.stop()


def test_the_app_is_replaced_while_connections_stay(server: Server, client: Client) -> None:
    assert client.ask(get()).json["PATH_INFO"] == "/"
    port = server.port
    server.app = fixed("200 OK", body=b"new")
    assert (client.ask(get()).body, server.port) == (b"new", port)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts file descriptors in /proc")
def test_nothing_is_left_after_a_stop() -> None:
    def left() -> tuple[int, int, int]:
        gc.collect()
        kinds = ("Connection", "RequestReader", "Task", "_SelectorSocketTransport")
        objects = sum(type(each).__name__ in kinds for each in gc.get_objects())
        return threading.active_count(), len(os.listdir("/proc/self/fd")), objects  # noqa: PTH208

    def use() -> None:
        with Server(echo) as server:
            for raw in (get(), post(b"abc")[:-1], get("/", "X-Delay: 0.01"), b"nonsense\r\n\r\n"):
                with Client(server) as client:
                    client.send(raw)
                    client.sock.shutdown(socket.SHUT_WR)
                    client.rest()

    use()
    before = left()
    for _ in range(3):
        use()
    assert left() == before


def test_connections_go_without_the_garbage_collector(server: Server) -> None:
    def alive() -> int:
        return sum(type(each).__name__ in ("Connection", "RequestReader") for each in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        for raw in (get("/", "Connection: close"), b"nonsense\r\n\r\n", post(b"abc")[:-1]):
            with Client(server) as client:
                client.send(raw)
                client.sock.shutdown(socket.SHUT_WR)
                client.rest()
        wait_until(lambda: connections(server) == 0)
        wait_until(lambda: alive() == 0)
    finally:
        gc.enable()
