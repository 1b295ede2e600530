"""Delays, and faults on the wire, as a client sees them."""

from __future__ import annotations

import select
import threading
import time
from typing import TYPE_CHECKING

import pytest

from mock_server.server import Server
from tests.server.wire import Client, connections, get, post, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def test_a_delayed_response_keeps_its_place_among_pipelined_ones(client: Client) -> None:
    started = time.monotonic()
    client.send(get("/1", "X-Delay: 0.06") + get("/2") + get("/3", "X-Delay: 0.01"))
    assert [client.receive().json["PATH_INFO"] for _ in range(3)] == ["/1", "/2", "/3"]
    assert time.monotonic() - started >= 0.07


def test_delays_block_no_other_client_and_need_no_threads(server: Server) -> None:
    threads = threading.active_count()
    late = [Client(server) for _ in range(200)]
    for client in late:
        client.send(get("/late", "X-Delay: 600"))
    with Client(server) as other:
        for _ in range(20):
            assert other.ask(get()).status == 200
    assert threading.active_count() == threads
    assert select.select([client.sock for client in late], (), (), 0)[0] == []
    server.stop(grace=0.05)  # which sends what is held back
    assert all(client.receive().status == 200 for client in late)
    for client in late:
        client.sock.close()


def test_what_comes_during_a_delay_is_bounded_and_served(client: Client) -> None:
    body = b"x" * 50_000
    client.send(get("/", "X-Delay: 0.05"))
    sender = threading.Thread(target=client.send, args=(post(body) * 40,))
    sender.start()
    assert client.receive().status == 200
    assert all(client.receive().json["CONTENT_LENGTH"] == "50000" for _ in range(40))
    sender.join()


@pytest.mark.parametrize("delay", ["0", "0.02", "nan", "-1"])
def test_dropped(client: Client, delay: str) -> None:
    client.send(get("/", "X-Wire: drop", f"X-Delay: {delay}"))
    assert client.ended()


def test_reset(client: Client) -> None:
    client.send(get("/", "X-Wire: reset"))
    with pytest.raises(ConnectionResetError):
        client.sock.recv(1)


def test_empty(client: Client) -> None:
    client.send(get("/", "X-Wire: empty"))
    response = client.receive(bodiless=True)
    assert response.status == 200
    assert int(response.headers["content-length"]) > 100
    assert client.ended()


def test_truncated(client: Client) -> None:
    client.send(get("/", "X-Wire: truncate", "X-Delay: 0.01"))
    length = int(client.receive(bodiless=True).headers["content-length"])
    assert len(client.rest()) == length // 2


def test_slow(client: Client) -> None:
    started = time.monotonic()
    client.send(get("/", "X-Wire: slow", "X-Delay: 0.4") + get("/next"))
    client.receive(bodiless=True)
    pieces = 0
    while b"HTTP/1.1" not in client.buffer.partition(b"}")[2]:
        client._more()
        pieces += 1
    assert pieces >= 3  # of ten: a busy machine may be late, and then find some together
    assert time.monotonic() - started >= 0.39
    assert client.buffer.count(b'"PATH_INFO": "/next"') == 1


def test_a_fault_ends_what_was_pipelined_behind_it(client: Client) -> None:
    client.send(get("/1") + get("/2", "X-Wire: drop") + get("/3"))
    assert client.receive().json["PATH_INFO"] == "/1"
    assert client.ended()


def test_an_unknown_fault_is_logged_and_the_response_unharmed(
    client: Client, logged: pytest.LogCaptureFixture
) -> None:
    assert client.ask(get("/", "X-Wire: explode")).status == 200
    assert "explode" in logged.text


@pytest.mark.parametrize("wire", ["", "X-Wire: slow"])
def test_a_client_that_leaves_during_a_delay_leaves_nothing_behind(server: Server, wire: str) -> None:
    with Client(server) as client:
        client.send(get("/", "X-Delay: 5", *([wire] if wire else [])))
        wait_until(lambda: connections(server) == 1)
    wait_until(lambda: connections(server) == 0)


def test_a_test_that_stops_the_clock_does_not_stop_delays(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As freezegun does."""
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with Client(server) as client:
        assert client.ask(get("/", "X-Delay: 0.02")).status == 200


class Waiting:
    """An app that is called again until it is `done`, and counts its calls."""

    def __init__(self) -> None:
        self.calls = 0
        self.done = False

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.calls += 1
        environ["mock_server.reply"].again = 0.0 if self.done or environ["PATH_INFO"] == "/other" else 0.005
        start_response("200 OK", [])
        return [str(self.calls).encode()]


def test_an_app_that_waits_is_called_again_and_blocks_no_other() -> None:
    app = Waiting()
    with Server(app) as server, Client(server) as client, Client(server) as other:
        client.send(get() + get("/other"))
        wait_until(lambda: app.calls > 5)
        assert int(other.ask(get("/other")).body) > 5
        app.done = True
        assert int(client.receive().body) > 6
        assert client.receive().status == 200


def test_a_stop_sends_what_an_app_that_waits_has_last_returned() -> None:
    app = Waiting()
    server = Server(app)
    server.start()
    with Client(server) as client:
        client.send(get())
        wait_until(lambda: app.calls > 2)
        server.stop(grace=0.05)
        assert int(client.receive().body) == app.calls
