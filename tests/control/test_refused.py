"""A control request that the server refuses changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

import pytest

from mock_server import Server, Settings, create_app
from mock_server.server import ServerLimits
from tests.server.test_hostile import MALFORMED
from tests.server.wire import Client, get

_NUMBERS = count(1)
_REQUEST_LINE = re.compile(rb"^(GET|POST) /(?= HTTP/)")
# Those whose request line is good; without one, the server cannot know the path.
REFUSED = {name: raw for name, raw in MALFORMED.items() if _REQUEST_LINE.match(raw)} | {
    "head too large": b"POST / HTTP/1.1\r\nHost: mock.test\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
    "body too large": b"POST / HTTP/1.1\r\nHost: mock.test\r\nContent-Length: 100000000\r\n\r\n",
    "unfinished head": b"POST / HTTP/1.1\r\nHost: mock.test\r\n",
    "unfinished body": b"POST / HTTP/1.1\r\nHost: mock.test\r\nContent-Length: 2\r\n\r\n{",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(
        create_app(Settings(allowed_hosts=("mock.test",))),
        limits=ServerLimits(head_seconds=0.2, body_seconds=0.2),
    ) as running:
        yield running


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED.keys())
def test_a_refused_reset_resets_nothing(server: Server, raw: bytes) -> None:
    key = f"mock-refused-{next(_NUMBERS)}"
    bearer = f"Authorization: Bearer {key}"
    with Client(server) as client:
        assert (
            client.ask(get("/api/notification-handlers/1", bearer).replace(b"GET", b"DELETE")).status == 200
        )
    with Client(server) as client:
        client.send(_REQUEST_LINE.sub(f"POST /_mock/reset?key={key}".encode(), raw))
        response = client.receive()
    assert response.status in {400, 408, 413, 431}
    assert response.json["errors"][0]["status"] == response.status
    with Client(server) as client:
        assert client.ask(get("/_mock/state", bearer)).json["handlers"] == []


@pytest.mark.parametrize("path", ["/", "/_mock/"])
def test_a_refused_request_gets_no_page(server: Server, path: str) -> None:
    raw = f"GET {path} HTTP/1.1\r\nHost: mock.test\r\nX: ".encode() + b"x" * 70_000 + b"\r\n\r\n"
    with Client(server) as client:
        client.send(raw)
        assert client.receive().status == 431


def test_a_state_beyond_8_mib_is_too_large(server: Server) -> None:
    for size, status in ((8 << 20, 400), ((8 << 20) + 1, 413)):
        head = (
            f"PUT /_mock/state?key=mock-large HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n"
        )
        with Client(server) as client:
            client.send(head.encode() + b"x" * size)
            response = client.receive()
        assert response.status == response.json["errors"][0]["status"] == status
