"""What arrives in one turn of the event loop is answered first, and sent then."""

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import pytest

from mock_server.server import Limits
from mock_server.server.connection import Connection
from mock_server.server.environ import server_environ
from mock_server.server.reader import RequestReader
from mock_server.server.service import PIECE, Service
from tests.server.wire import get, post

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
        _, _, body = data.partition(b"\r\n\r\n")
        self.happened.append(f"sent {body.decode()}")

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True

    def resume_reading(self) -> None:
        pass

    def can_write_eof(self) -> bool:
        return True

    def get_write_buffer_size(self) -> int:
        return 0


class Turn:
    """Some connections, each opened; and what happened."""

    def __init__(self, number: int) -> None:
        self.happened: list[str] = []
        service = Service(self.app, server_environ("127.0.0.1", 80, "http"), Limits())
        self.wires = [Wire(self.happened) for _ in range(number)]
        self.connections = [Connection(service) for _ in self.wires]
        for connection, wire in zip(self.connections, self.wires, strict=True):
            connection.connection_made(wire)

    def app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        self.happened.append(f"asked {environ['PATH_INFO']}")
        start_response("200 OK", [])
        return [environ["PATH_INFO"].encode()]


def happens(number: int, told: Callable[[Turn], None]) -> list[str]:
    """Return what happens to so many connections that are told something in one turn of the loop."""

    async def run() -> list[str]:
        turn = Turn(number)
        told(turn)
        for _ in range(3):
            await asyncio.sleep(0)
        return turn.happened

    return asyncio.run(run())


def test_all_are_answered_before_any_answer_is_sent() -> None:
    def told(turn: Turn) -> None:
        for number, connection in enumerate(turn.connections):
            connection.data_received(get(f"/{number}"))
        assert turn.happened == []
        assert all(connection.quiet_since(0.0) is None for connection in turn.connections)

    assert happens(3, told) == ["asked /0", "asked /1", "asked /2", "sent /0", "sent /1", "sent /2"]


def test_who_is_alone_waits_for_nobody() -> None:
    def told(turn: Turn) -> None:
        turn.connections[0].data_received(get("/"))
        assert turn.happened == ["asked /", "sent /"]

    assert len(happens(1, told)) == 2


def test_answers_of_one_connection_keep_their_order() -> None:
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


def test_who_says_no_more_is_answered_first() -> None:
    def told(turn: Turn) -> None:
        for connection in turn.connections:
            connection.data_received(get("/"))
        assert not turn.connections[0].eof_received()
        assert turn.happened == ["asked /", "asked /", "sent /", "sent /"]

    assert len(happens(2, told)) == 4


def test_a_batch_has_an_end() -> None:
    def told(turn: Turn) -> None:
        for connection in turn.connections:
            connection.data_received(get("/"))

    happened = happens(100, told)
    assert happened.count("sent /") == 100
    assert happened.index("sent /") < 50, "the first waits for the last"


def test_a_mistake_of_ours_strikes_one_connection(
    monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    feed = RequestReader.feed

    def fail(reader: RequestReader, piece: bytes) -> None:
        if b"/bad" in piece:
            raise ZeroDivisionError
        feed(reader, piece)

    monkeypatch.setattr(RequestReader, "feed", fail)
    turns: list[Turn] = []

    def told(turn: Turn) -> None:
        turns.append(turn)
        for path, connection in zip(("/1", "/bad", "/2"), turn.connections, strict=True):
            connection.data_received(get(path))

    assert happens(3, told) == ["asked /1", "asked /2", "sent /1", "sent /2"]
    assert [wire.aborted for wire in turns[0].wires] == [False, True, False]
    assert "could not be read" in logged.text
