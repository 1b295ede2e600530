"""What arrives in one turn of the event loop is handled first; then the responses are sent."""

import asyncio
import re
import socket
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import pytest

from mock_server.server import Server
from mock_server.server.connection import Connection
from mock_server.server.request import PIECE
from tests.server.wire import Client, get, post

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Wire(asyncio.Transport):
    """Notes what is written, in the order of all that happens."""

    def __init__(self, happened: list[str]) -> None:
        super().__init__()
        self.happened = happened
        self.aborted = False

    def write(self, data: object) -> None:
        assert isinstance(data, bytes)
        # Every body here is a path. Several responses may be written at once.
        paths = re.findall(r"\r\n\r\n(/[a-z0-9]*)", data.decode())
        self.happened += [f"sent {path}" for path in paths]

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True

    def close(self) -> None:
        self.aborted = True

    def resume_reading(self) -> None:
        pass

    def can_write_eof(self) -> bool:
        return True

    def get_write_buffer_size(self) -> int:
        return 0


class Turn:
    """Several open connections, and what happened on them."""

    def __init__(self, number: int) -> None:
        self.happened: list[str] = []
        server = Server(self.app)
        self.wires = [Wire(self.happened) for _ in range(number)]
        self.connections = [Connection(server) for _ in self.wires]
        for connection, wire in zip(self.connections, self.wires, strict=True):
            connection.connection_made(wire)

    def app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        self.happened.append(f"asked {environ['PATH_INFO']}")
        start_response("200 OK", [])
        return [environ["PATH_INFO"].encode()]


def happens(number: int, told: Callable[[Turn], None]) -> list[str]:
    """Return what happens on so many connections when `told` gives them data in one turn of the event loop."""

    async def run() -> list[str]:
        turn = Turn(number)
        told(turn)
        for _ in range(3):
            await asyncio.sleep(0)
        return turn.happened

    return asyncio.run(run())


def test_all_requests_are_handled_before_any_response_is_sent() -> None:
    def told(turn: Turn) -> None:
        for number, connection in enumerate(turn.connections):
            connection.data_received(get(f"/{number}"))
        assert not any(connection.idle for connection in turn.connections)

    assert happens(3, told) == ["asked /0", "asked /1", "asked /2", "sent /0", "sent /1", "sent /2"]


def test_responses_of_one_connection_keep_their_order() -> None:
    def told(turn: Turn) -> None:
        first, second = turn.connections
        for piece in (
            get("/1") + get("/2"),
            get("/3"),
            post(b"x" * PIECE).replace(b" / ", b" /4 "),
            get("/5"),
        ):
            first.data_received(piece)
        second.data_received(get("/other"))

    sent = [each for each in happens(2, told) if each.startswith("sent")]
    assert sent == ["sent /1", "sent /2", "sent /3", "sent /4", "sent /5", "sent /other"]


def test_a_client_that_sends_no_more_is_served_first() -> None:
    def told(turn: Turn) -> None:
        first, _ = turn.connections
        first.data_received(get("/"))
        assert not first.eof_received()
        assert turn.happened == ["asked /", "sent /"]

    assert len(happens(2, told)) == 2


@pytest.mark.parametrize(
    ("method", "record"),
    [
        ("mock_server.server.request.RequestReader.feed", "A connection failed"),
        ("mock_server.server.request.RequestReader._check_head", "A request could not be read"),
        ("mock_server.server.connection.Connection.eof_received", "Fatal error"),
    ],
)
def test_a_defect_of_the_server_is_logged_and_ends_one_connection_only(
    method: str,
    record: str,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    logged: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with Client(server) as good, Client(server) as bad:
        assert good.ask(get()).status == 200
        with monkeypatch.context() as patch:
            patch.setattr(method, fail)
            bad.send(get())
            bad.sock.shutdown(socket.SHUT_WR)
            bad.rest()
        assert good.ask(get()).status == 200
    assert record in logged.text
    assert "ZeroDivisionError" in logged.text
