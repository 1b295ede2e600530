"""One call in process, without a socket: what the corridor itself costs."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any

from mock_server.app import create_app, mock_of
from mock_server.store import Handler

_BOUNDARY = "bench"
_FIELDS = {"name": "Example", "type": "email", "email": "hello@example.com"}
_FORM = (
    "".join(
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in _FIELDS.items()
    ).encode()
    + f"--{_BOUNDARY}--\r\n".encode()
)


def environ(method: str, target: str, body: bytes = b"") -> dict[str, Any]:
    """Return the WSGI environ of a request, as the server makes it."""
    path, _, query = target.partition("?")
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_AUTHORIZATION": "Bearer mock-bench",
        "HTTP_HOST": "127.0.0.1:4055",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "4055",
        "CONTENT_TYPE": f"multipart/form-data; boundary={_BOUNDARY}",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
    }


def microseconds(call: Callable[[], object], seconds: float = 0.3) -> float:
    """Return the best mean time of one call, in microseconds, over five rounds."""
    count, best = 1, float("inf")
    while True:
        began = time.perf_counter()
        for _ in range(count):
            call()
        spent = time.perf_counter() - began
        if spent > seconds / 5:
            break
        count *= 2
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(count):
            call()
        best = min(best, (time.perf_counter() - began) / count)
    return best * 1e6


def in_process() -> dict[str, float]:
    """Measure one call of each kind, in microseconds, in a world of 1,000 handlers."""
    mock = mock_of(create_app())
    world = mock.worlds.of("mock-bench")
    (sample,) = world.store.page(0, 1, newest_first=True)
    for number in range(2, 1001):
        world.store.add(world.write(Handler(number, *sample[1:])))
    world.next_id = 1001

    def call(method: str, target: str, body: bytes = b"") -> Callable[[], object]:
        if (answer := mock.answer(environ(method, target, body))).status.startswith("5"):
            raise RuntimeError(f"{method} {target} fails, and a failure is no figure: {answer.body!r}")
        return lambda: mock.answer(environ(method, target, body))

    return {
        "retrieve": microseconds(call("GET", "/api/notification-handlers/500")),
        "list 25": microseconds(call("GET", "/api/notification-handlers/")),
        "list 1000": microseconds(call("GET", "/api/notification-handlers/?results_per_page=1000")),
        "create (multipart)": microseconds(call("POST", "/api/notification-handlers", _FORM)),
        "update": microseconds(call("POST", "/api/notification-handlers/500", _FORM)),
        "refusal": microseconds(call("GET", "/api/notification-handlers/0")),
    }
