"""What a journal keeps of a request: nothing of a server's connection, and no key that anybody can read."""

from __future__ import annotations

import gc
import io
import tracemalloc
import weakref

from mock_server import Settings
from mock_server.app import create_app, mock_of
from tests.semantics.client import Client

BASE = "/api/notification-handlers"


class Connection:
    """Something that a server puts into the environ."""


def test_nothing_of_another_server_s_connection_is_kept() -> None:
    app = create_app()
    connection, stream = Connection(), io.BytesIO(b"name=N&type=slack")
    kept: list[weakref.ref[object]] = [weakref.ref(connection), weakref.ref(stream)]
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": BASE, "HTTP_AUTHORIZATION": "Bearer mock-key", "HTTP_HOST": "x",
        "CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": "17", "wsgi.input": stream,
        "wsgi.url_scheme": "http", "server.connection": connection,
    }  # fmt: skip
    assert list(app(environ, lambda *_: None))  # type: ignore[arg-type]
    del environ, connection, stream
    gc.collect()
    assert [each() for each in kept] == [None, None]
    (exchange,) = mock_of(app).worlds.of("mock-key").journal.exchanges
    assert exchange.body == b"name=N&type=slack"


def test_nothing_that_an_exchange_shows_has_the_key(client: Client) -> None:
    client.create(name="N", type="slack")
    exchange = client.last
    shown = [
        repr(exchange),
        exchange.key,
        exchange.target,
        exchange.headers,
        exchange.body,
        exchange.response_headers,
        exchange.response_body,
        exchange.parts,
    ]
    assert "Bearer" in repr(exchange.headers)
    assert client.key not in repr(shown)


def test_a_long_body_is_kept_by_its_beginning(client: Client) -> None:
    client.create(name="N" * 300_000, type="slack")
    assert (client.last.size > 300_000, len(client.last.body) < 5_000) == (True, True)
    assert {part["key"] for part in client.last.parts} >= {"name", "type"}


def test_redirects_leave_nothing_behind_but_what_the_journal_counts() -> None:
    """A client chooses the location of each, so a cache of their headers could grow without a bound."""
    client = Client(Settings(answers=("trailing-slash=redirect",)))
    client.get("/1/")
    tracemalloc.start()
    try:
        for number in range(300):
            assert client.get(f"/1/?name={number:06}{'x' * 40_000}").status == 301
        client.world.journal.clear()
        client.mock.lobby.journal.clear()
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert left < 1_000_000  # of 12 MB
