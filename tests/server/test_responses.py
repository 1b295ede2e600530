"""How the server sends the response of an app."""

import json
import sys
from typing import TYPE_CHECKING

import pytest

from mock_server.server import Server
from tests.server.wire import Client, fixed, get

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HEAD = get().replace(b"GET", b"HEAD")


def test_head_has_the_headers_of_get_and_no_body() -> None:
    with Server(fixed("200 OK", ("Content-Length", "5"), body=b"hello")) as server, Client(server) as client:
        client.send(HEAD + HEAD)
        assert [client.receive(bodiless=True).headers["content-length"] for _ in range(2)] == ["5", "5"]
        assert client.ask(get()).body == b"hello"
    with Server(fixed("200 OK", ("Content-Length", "7"))) as server, Client(server) as client:
        client.send(HEAD)
        assert client.receive(bodiless=True).headers["content-length"] == "7"


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_a_response_without_a_body(status: str) -> None:
    with Server(fixed(status, body=b"oops")) as server, Client(server) as client:
        for _ in range(2):
            client.send(get())
            assert client.receive(bodiless=True).status == int(status[:3])
        assert client.buffer == b""


def test_the_length_is_that_of_the_body() -> None:
    for given in ((), (("content-length", "99"),)):
        with Server(fixed("200 OK", *given, body=b"hello")) as server, Client(server) as client:
            assert client.ask(get()).body == b"hello"
            assert client.ask(get()).headers["content-length"] == "5"


def test_framing_is_the_servers_own() -> None:
    app = fixed(
        "200 OK", ("Transfer-Encoding", "chunked"), ("Keep-Alive", "x"), ("Date", "today"), body=b"abc"
    )
    with Server(app) as server, Client(server) as client:
        response = client.ask(get())
        assert response.headers == {"date": "today", "content-length": "3"}
    with Server(fixed("200 OK", ("Connection", "close"))) as server, Client(server) as client:
        assert client.ask(get()).headers["connection"] == "close"
        assert client.ended()


def test_a_status_without_a_reason() -> None:
    with Server(fixed("299")) as server, Client(server) as client:
        client.send(get())
        client._until(b"\r\n\r\n")
        assert client.buffer.startswith(b"HTTP/1.1 299 \r\n")


class Streamed:
    """A response in pieces, that starts late, is written to and wants to be closed."""

    def __init__(self) -> None:
        self.closed = 0

    def __call__(self, _environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        self.start_response = start_response
        return self

    def __iter__(self) -> "Iterator[bytes]":
        write = self.start_response("200 OK", [])
        write(b"a")
        yield b"b"
        yield b"c"

    def close(self) -> None:
        self.closed += 1


def test_a_streamed_response_is_joined_and_closed() -> None:
    app = Streamed()
    with Server(app) as server, Client(server) as client:
        assert client.ask(get()).body == b"abc"
    assert app.closed == 1


def test_an_error_may_replace_what_was_started() -> None:
    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        start_response("200 OK", [])
        try:
            json.loads("{")
        except ValueError:
            start_response("503 Unavailable", [], sys.exc_info())
        return []

    with Server(app) as server, Client(server) as client:
        assert client.ask(get()).status == 503


def _raises(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
    environ["mock_server.reply"].delay = 60
    raise LookupError("lost")


def _exits(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
    raise SystemExit(3)


def _silent(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
    return [b"no start_response"]


def _twice(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
    start_response("200 OK", [])
    start_response("200 OK", [])
    return []


def _text(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
    start_response("200 OK", [])
    return ["text"]  # type: ignore[list-item]


BROKEN = {
    "raises": _raises,
    "exits": _exits,
    "silent": _silent,
    "twice": _twice,
    "text": _text,
    "injection": fixed("200 OK", ("X", "a\r\nSet-Cookie: b")),
    "line feed": fixed("200 OK", ("X", "a\nb")),
    "not latin": fixed("200 OK", ("X", "€")),
    "no status": fixed("OK"),
    "interim status": fixed("101 Switching Protocols"),
    "status with a line": fixed("200 OK\r\nX: y"),
}


@pytest.mark.parametrize("app", BROKEN.values(), ids=BROKEN.keys())
def test_an_app_that_fails_is_logged_and_becomes_a_500(
    app: "WSGIApplication", logged: pytest.LogCaptureFixture
) -> None:
    with Server(app) as server:
        for _ in range(2):
            with Client(server) as client:
                response = client.ask(get("/broken"))
                assert (response.status, response.body) == (500, b"{}")
                assert response.headers["connection"] == "close"
                assert client.ended()
    assert "GET /broken" in logged.text
