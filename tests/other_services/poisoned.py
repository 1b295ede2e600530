"""A service that stores a name which is not UTF-8, and then cannot write it: every list ends without a body."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from mock_server import Settings, create_app

ROWS = "/api/notification-handlers"
Start = Callable[..., Any]


class Poisoned:
    """A WSGI app before a mock. `by_error`: what cannot be written is a 500, not an empty body.

    `lists_alone`: the row itself is still shown.
    """

    def __init__(self, *, by_error: bool = False, lists_alone: bool = False) -> None:
        self.app = create_app(Settings())
        self.by_error, self.lists_alone = by_error, lists_alone
        self.rows: set[str] = set()

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        answer = _ask(self.app, environ, body)
        row = path.rpartition("/")[2]
        if method == "DELETE":
            self.rows.discard(row)
        if method == "POST" and answer.is_success:
            if made := re.search(rb'"id":(\d+)', answer.body):
                row = made[1].decode()
            if _is_unreadable(body):
                self.rows.add(row)
            elif b'name="name"' in body:
                self.rows.discard(row)
        is_broken = bool(self.rows) if not row.isdecimal() else row in self.rows and not self.lists_alone
        if method == "GET" and answer.is_success and is_broken:
            status = "500 Internal Server Error" if self.by_error else "200 OK"
            start(status, [("Content-Type", "application/json"), ("Content-Length", "0")])
            return [b""]
        start(answer.status, answer.headers)
        return [answer.body]


class _Answer:
    def __init__(self) -> None:
        self.status, self.headers, self.body = "", list[tuple[str, str]](), b""

    @property
    def is_success(self) -> bool:
        return self.status.startswith("2")


def _ask(app: Any, environ: dict[str, Any], body: bytes) -> _Answer:
    answer = _Answer()

    def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
        answer.status, answer.headers = status, headers

    given = environ | {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    answer.body = b"".join(app(given, start))
    return answer


def _is_unreadable(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return True
    return False
