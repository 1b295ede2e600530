"""Calls a mock's WSGI app in process, as a server would. A test can set anything in the environ."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from flask import Flask

from mock_server import Rules, Settings, __version__
from mock_server.app import create_app, mock_of
from mock_server.state.journal import Exchange
from mock_server.state.store import Store
from mock_server.state.world import World

KEY = "mock-key"
BASE = "/api/notification-handlers"
_BOUNDARY = "a-boundary-that-no-test-sends"

Fields = Iterable[tuple[str, str | bytes]]


class Reply(NamedTuple):
    """One response as it left the app. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        """The data in the API's envelope."""
        return self.json["data"]

    @property
    def title(self) -> str:
        """The title of the one error in the API's envelope."""
        (error,) = self.json["errors"]
        title: str = error["title"]
        return title


class Client:
    """A user of one mock with one key. `world` and `store` are what the mock holds for it."""

    def __init__(self, settings: Settings | None = None, *, key: str = KEY, app: Flask | None = None) -> None:
        self.app = app or create_app(settings)
        self.mock = mock_of(self.app)
        self.key = key

    def other(self, key: str) -> Client:
        """Return another user of the same mock."""
        return Client(key=key, app=self.app)

    @property
    def world(self) -> World:
        """The world of this user's key."""
        return self.mock.worlds.of(self.key)

    @property
    def store(self) -> Store:
        """The handlers of this user's world."""
        return self.world.stores["handlers"]

    @property
    def last(self) -> Exchange:
        """The last exchange in the key's journal."""
        return self.world.journal.exchanges[-1]

    def call(
        self, method: str, target: str, body: bytes = b"", media_type: str | None = None, **environ: Any
    ) -> Reply:
        """Send a request. `environ` adds to what the app is given; None takes away."""
        path, _, query = target.partition("?")
        given: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "4055",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "127.0.0.1:4055",
            "HTTP_AUTHORIZATION": f"Bearer {self.key}",
            "CONTENT_LENGTH": str(len(body)) if body else None,
            "CONTENT_TYPE": media_type,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            **environ,
        }
        return self._run({name: value for name, value in given.items() if value is not None})

    def _run(self, environ: dict[str, Any]) -> Reply:
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], _: object = None, /
        ) -> Callable[[bytes], object]:
            started.append((status, headers))
            return _no_write

        chunks = self.app.wsgi_app(environ, start_response)
        body = b"".join(chunks)
        ((status, headers),) = started
        return Reply(int(status[:3]), {name.lower(): value for name, value in headers}, body)

    def get(self, target: str = "", **environ: Any) -> Reply:
        """Get a target below the collection's path."""
        return self.call("GET", BASE + target, **environ)

    def delete(self, handler_id: object, **environ: Any) -> Reply:
        """Delete a handler."""
        return self.call("DELETE", f"{BASE}/{handler_id}", **environ)

    def post(self, target: str, fields: Fields, **environ: Any) -> Reply:
        """Post a multipart form below the collection's path."""
        return self.call("POST", BASE + target, *multipart(fields), **environ)

    def create(self, **fields: str | bytes) -> Reply:
        """Create a handler."""
        return self.post("", fields.items())

    def update(self, handler_id: object, **fields: str | bytes) -> Reply:
        """Update a handler."""
        return self.post(f"/{handler_id}", fields.items())

    def created(self, **fields: str | bytes) -> Any:
        """Create a handler that must be accepted, and return it as a retrieve shows it."""
        reply = self.create(**fields)
        assert reply.status in {200, 201}, reply
        return self.handler(reply.data["id"])

    def handler(self, handler_id: int) -> Any:
        """Return a handler that must be there."""
        reply = self.get(f"/{handler_id}")
        assert reply.status == 200, reply
        return reply.data

    def ids(self) -> list[int]:
        """Return the ids on the first page of a thousand."""
        return [row["id"] for row in self.get("?results_per_page=1000").data]


def _no_write(_: bytes) -> None:
    raise AssertionError("the app writes by the way that PEP 3333 keeps for old frameworks")


def multipart(fields: Fields) -> tuple[bytes, str]:
    """Return a body and its Content-Type."""
    parts = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        + (value if isinstance(value, bytes) else value.encode())
        + b"\r\n"
        for name, value in fields
    ]
    return b"".join(parts) + f"--{_BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={_BOUNDARY}"


def answering(*answers: str, rules: Rules | None = None) -> Client:
    """Return a client of a mock with these answers to open questions."""
    return Client(Settings(answers=answers, rules=rules or Rules()))


def seeded(rows: str, folder: Path, *answers: str) -> Client:
    """Return a client of a mock whose seed is this YAML."""
    file = folder / "seed.yaml"
    file.write_text(rows)
    return Client(Settings(seed=file, answers=answers))


def assert_ours(reply: Reply) -> None:
    """Assert what holds of every response: no failure of ours, the marker, no page of Flask's or Werkzeug's."""
    assert 200 <= reply.status < 500, reply
    assert reply.headers["x-bitpeak-mock"] == __version__
    # RFC 9110, section 8.6: a 204 has no Content-Length.
    assert reply.headers.get("content-length") == (None if reply.status == 204 else str(len(reply.body)))
    kind = reply.headers.get("content-type", "").partition(";")[0]
    if kind == "application/json" and reply.body:
        assert isinstance(reply.json, dict)
    elif reply.body:
        assert kind == "text/html", reply
        assert b"The page you are looking for does not exist." in reply.body, reply
