"""The mock in this process, without a socket: calls, growth, worlds."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bench.scenario import FORM_TYPE, KEY, POPULATION, SCENARIOS, Scenario
from bench.timing import Call
from mock_server.app import App
from mock_server.mock import Mock
from mock_server.php import FormLimits, read
from mock_server.server import HEAD_BYTES, HEADERS, Server
from mock_server.server.connection import Connection
from mock_server.settings import Rules, Settings

_BASE = "/api"


def environ_of(scenario: Scenario, key: str = KEY) -> Callable[[], dict[str, Any]]:
    """Return a function that makes a fresh WSGI environ of a request, as the server makes it."""
    path, _, query = scenario.path.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scenario.method,
        "PATH_INFO": _BASE + path,
        "QUERY_STRING": query,
        "REQUEST_URI": _BASE + scenario.path,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "4055",
        "wsgi.url_scheme": "http",
    }
    headers = {"HTTP_HOST": "127.0.0.1:4055"}
    if scenario.with_key:
        headers["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    if scenario.body:
        headers |= {"CONTENT_TYPE": FORM_TYPE, "CONTENT_LENGTH": str(len(scenario.body))}
    environ |= headers
    width = sum(len(name) + len(value) for name, value in headers.items())
    return lambda: {
        **environ,
        HEADERS: headers.copy(),
        HEAD_BYTES: width,
        "wsgi.input": io.BytesIO(scenario.body),
    }


def new_app() -> App:
    """Return an app as `bitpeak-mock serve --memory 4GiB` makes it: a million handlers take more than the default."""
    return App(Mock(Settings(rules=Rules(memory=4 << 30))))


def fill(mock: Mock, key: str, count: int) -> None:
    """Fill a key's world up to `count` handlers, as if they were created."""
    world, resource = mock.worlds.of(key), mock.contract.resources["handlers"]
    store = world.stores[resource.name]
    with world.lock:
        (sample,) = store.page(0, 1, newest_first=True)
        for number in range(store.next_id, count + 1):
            item = replace(sample, id=number)
            world.write(item, resource)
            store.add(item)


def call(app: App, scenario: Scenario, key: str = KEY) -> Call:
    """Return a function that sends one request. Raises RuntimeError if the response is wrong."""
    make = environ_of(scenario, key)
    response = app.respond(make())
    if int(response.status[:3]) != scenario.status:
        raise RuntimeError(f"{scenario.method} {scenario.path} gave {response.status}: {response.body!r}")
    return lambda: app.respond(make())


class _Nowhere(asyncio.Transport):
    """A connection that leads nowhere and accepts whatever is written."""

    def write(self, data: object) -> None:
        """Throw it away."""

    def is_closing(self) -> bool:
        """Stay open."""
        return False

    def resume_reading(self) -> None:
        """Go on: it was never paused."""

    def get_write_buffer_size(self) -> int:
        """Have nothing left to send."""
        return 0


class _Alone(Server):
    """A server that waits for no other connection, and has no event loop."""

    def now(self) -> float:
        """Stand still: nothing times out."""
        return 0.0

    def wake(self, connection: Connection) -> None:
        """Let the connection go on at once."""
        connection.advance()
        connection.send()


def served(app: Callable[..., Any], scenario: Scenario) -> Call:
    """Return a function that passes one request through the server, from its bytes to those of the response."""
    connection = Connection(_Alone(app, port=4055))
    connection.connection_made(_Nowhere())
    request = scenario.wire(_BASE, "127.0.0.1:4055")
    return lambda: connection.data_received(request)


def calls() -> dict[str, Call]:
    """Return a call of each scenario."""
    app = new_app()
    fill(app.mock, KEY, POPULATION)
    return {scenario.name: call(app, scenario) for scenario in SCENARIOS}


# Bodies that take a reader long: what is repeated in them, and the boundary. One of dashes fits almost everywhere.
_HOSTILE = {
    "dashes": (b"-", "-" * 4000),
    "boundary lines": (b"\r\n--B", "B"),
    "boundaries in one line": (b"--B", "B"),
    "open parts": (b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n', "B"),
}


def hostile_forms() -> dict[str, dict[int, Call]]:
    """Return readings of bodies that take long, by their kind and size."""
    limits, readable = FormLimits(fields=10**6, parts=10**6, heads=10**9), frozenset({"multipart/form-data"})

    def reading(body: bytes, boundary: str) -> Call:
        return lambda: read(f"multipart/form-data; boundary={boundary}", body, limits, readable)

    return {
        name: {size: reading(unit * (size // len(unit)), boundary) for size in (256 << 10, 512 << 10)}
        for name, (unit, boundary) in _HOSTILE.items()
    }


SIZES = (10, 1_000, 100_000, 1_000_000)


def by_size(sizes: tuple[int, ...] = SIZES) -> dict[str, dict[int, Call]]:
    """Return calls by name and by the number of handlers in their world."""
    app = new_app()
    retrieve, first, _, create, _, _ = SCENARIOS
    delete = replace(retrieve, name="delete", method="DELETE")
    found: dict[str, dict[int, Call]] = {}
    for size in sizes:
        key = f"mock-{size}"
        fill(app.mock, key, size)
        deep = f"{first.path}?results_per_page=10&page={max(1, size // 20)}"
        asked = {
            "retrieve": replace(retrieve, path=f"/notification-handlers/{size // 2}"),
            "list 25": first,
            "deep page of 10": replace(first, path=deep),
            "create": create,
        }
        for name, scenario in asked.items():
            found.setdefault(name, {})[size] = call(app, scenario, key)
        found.setdefault("create and delete", {})[size] = _created_and_deleted(app, create, delete, key)
    return found


def _created_and_deleted(app: App, create: Scenario, delete: Scenario, key: str) -> Call:
    mock, make = app.mock, environ_of(create, key)
    store = mock.worlds.of(key).stores[mock.contract.resources["handlers"].name]

    def both() -> None:
        app.respond(make())
        path = f"/notification-handlers/{store.next_id - 1}"
        response = app.respond(environ_of(replace(delete, path=path), key)())
        if response.status[0] != "2":
            raise RuntimeError(f"DELETE {path} gave {response.status}")

    return both
