"""The mock behind a saboteur: one fault at a time, put into its answers or in place of them."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs

from flask import Flask

from mock_server import Server, Settings, create_app

JSON = "application/json"


@dataclass(frozen=True)
class Request:
    """What a fault looks at: `path` behind `/api`, `body` as it was sent."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    content_type: str
    body: bytes

    @property
    def on_one(self) -> bool:
        """Whether it is about one handler."""
        return self.path.rstrip("/").rpartition("/")[2].isdigit()

    @property
    def is_update(self) -> bool:
        """Whether it updates."""
        return self.method == "POST" and self.on_one

    @property
    def page(self) -> str:
        """The page that it asks for."""
        return self.query.get("page", ["1"])[0]

    def sends(self, name: str) -> bool:
        """Tell whether a form has a field, by what any spelling of it has in it."""
        return f'name="{name}"'.encode() in self.body or f"&{name}=".encode() in b"&" + self.body


@dataclass(frozen=True)
class Reply:
    """An answer; header names are as the mock spells them."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def with_json(self, change: Callable[[Any], None]) -> Reply:
        """Change the body's JSON in place."""
        data = json.loads(self.body)
        change(data)
        return replace(self, body=json.dumps(data).encode())

    def with_header(self, name: str, value: str | None) -> Reply:
        """Set a header, or take it away."""
        headers = {key: text for key, text in self.headers.items() if key.lower() != name.lower()}
        return replace(self, headers=headers if value is None else {**headers, name: value})


Fault = Callable[[Request, Reply], Reply]

CRASH = Reply(500, {"Content-Type": JSON}, b'{"errors":[{"title":"Oops","status":500}]}')


def crash(when: Callable[[Request], bool]) -> Fault:
    """Return a fault that answers 500 to some requests."""
    return lambda request, reply: CRASH if when(request) else reply


def in_rows(change: Callable[[dict[str, Any]], None]) -> Fault:
    """Return a fault that changes each handler that an answer shows."""

    def spoil(request: Request, reply: Reply) -> Reply:
        if request.method != "GET" or reply.status != 200:
            return reply

        def each(data: Any) -> None:
            for row in data["data"] if isinstance(data["data"], list) else [data["data"]]:
                change(row)

        return reply.with_json(each)

    return spoil


def to(when: Callable[[Request, Reply], bool], change: Callable[[Reply], Reply]) -> Fault:
    """Return a fault that changes some answers."""
    return lambda request, reply: change(reply) if when(request, reply) else reply


def _not_found(reply: Reply) -> Reply:
    errors = [{"title": "The resource you are looking for does not exist.", "status": 404}]
    return replace(reply, status=404, body=json.dumps({"errors": errors}).encode())


def _ghost(reply: Reply) -> Reply:
    row = {
        "id": 3,
        "type": "email",
        "name": "Ghost",
        "settings": {"email": "a@example.com"},
        "is_enabled": True,
    }
    row |= {"last_datetime": None, "datetime": "2025-01-01 00:00:00"}
    return replace(reply, status=200, body=json.dumps({"data": row}).encode())


def _html(reply: Reply) -> Reply:
    return replace(reply, headers={"Content-Type": "text/html"}, body=b"<h1>No.</h1>")


def _half(reply: Reply) -> Reply:
    return replace(reply, body=reply.body[: len(reply.body) // 2])


def _accepted(reply: Reply) -> Reply:
    return replace(reply, status=201, body=b'{"data":{"id":987654}}')


def _untitled(reply: Reply) -> Reply:
    return reply.with_json(lambda data: data["errors"][0].pop("title"))


def _longest(body: bytes) -> int:
    return max(map(len, re.split(rb"[&=\n]", body)))


# Faults by the suite that is to find them. First, crashes on odd requests.
CRASHES: Mapping[str, Mapping[str, Fault]] = {
    "create": {
        "long-texts": crash(lambda request: _longest(request.body) > 255),
        "four-byte-letters": crash(
            lambda request: re.search(rb"[\xf0-\xf4]|%F[0-4]", request.body) is not None
        ),
        "empty-texts": crash(lambda request: b'"\r\n\r\n\r\n' in request.body),
        "no-type": crash(lambda request: request.method == "POST" and not request.sends("type")),
        "text-bodies": crash(lambda request: request.content_type.startswith("text/plain")),
        "lost-boundary": crash(lambda request: request.content_type == "multipart/form-data"),
    },
    "list": {
        "huge-pages": crash(lambda request: request.page.isdecimal() and len(request.page) > 9),
        "pages-in-letters": crash(lambda request: not request.page.lstrip("-").isdecimal()),
        "large-pages": crash(lambda request: request.query.get("results_per_page") == ["1000"]),
    },
    "update": {
        "empty-forms": crash(lambda request: request.is_update and b"name=" not in request.body),
        "empty-types": crash(
            lambda request: request.is_update and b'name="type"\r\n\r\n\r\n' in request.body
        ),
        "urlencoded-forms": crash(lambda request: request.is_update and "urlencoded" in request.content_type),
    },
}

# Then, answers of another shape than the document's.
SHAPES: Mapping[str, Mapping[str, Fault]] = {
    "create": {
        "html-errors": to(lambda _, reply: reply.status == 401, _html),
        "error-without-title": to(lambda _, reply: reply.status == 401, _untitled),
        "wrong-data-accepted": to(lambda _, reply: reply.status == 401, _accepted),
        "rate-in-words": lambda _, reply: reply.with_header("X-RateLimit-Limit", "plenty"),
    },
    "list": {
        "missing-property": in_rows(lambda row: row.pop("settings")),
        "unlisted-type": in_rows(lambda row: row.update(type="pigeon")),
        "no-content-type": lambda _, reply: reply.with_header("Content-Type", None),
        "half-a-body": to(lambda request, _: not request.on_one, _half),
    },
    "retrieve": {
        "wrong-content-type": lambda _, reply: reply.with_header("Content-Type", "text/plain"),
        "null-name": in_rows(lambda row: row.update(name=None)),
        "time-of-another-form": in_rows(lambda row: row.update(datetime=row["datetime"].replace(" ", "T"))),
    },
    "update": {"extra-status": to(lambda request, _: request.is_update, lambda reply: replace(reply, status=202))},
    "delete": {"gone": to(lambda request, _: request.method == "DELETE", lambda reply: replace(reply, status=410))},
    "links": {
        "deleted-is-still-there": to(lambda request, reply: request.method == "GET" and reply.status == 404, _ghost),
        "created-is-not-there": to(lambda request, _: request.is_update, _not_found),
    },
}  # fmt: skip


class Saboteur:
    """A WSGI app around another one that lets a fault have its way with each answer."""

    def __init__(self, app: Any, fault: Fault) -> None:
        self._app = app
        self._fault = fault

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = _read(environ)
        seen: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            seen.extend((int(status.split()[0]), dict(headers)))

        body = b"".join(self._app(environ, start))
        reply = self._fault(request, Reply(seen[0], seen[1], body))
        reply = reply.with_header("Content-Length", str(len(reply.body)))
        start_response(f"{reply.status} Status", list(reply.headers.items()))
        return [reply.body]


def _read(environ: dict[str, Any]) -> Request:
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"].removeprefix("/api"),
        query=parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True),
        content_type=environ.get("CONTENT_TYPE", ""),
        body=body,
    )


@contextmanager
def sabotaged(fault: Fault) -> Iterator[str]:
    """Serve the mock with a fault, and give the API's base URL."""
    app: Flask = create_app(Settings())
    app.wsgi_app = Saboteur(app.wsgi_app, fault)  # type: ignore[method-assign]
    with Server(app) as server:
        yield f"{server.url}/api"
