"""Apps with ready-made responses, which show the server's limits: `python -m bench.limit wsgi PORT FILE`."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from mock_server.server import Server

_BASE = "/api"
# The server adds these itself.
_OWN = {"date", "connection"}

# By method, path, query, and whether there is a key.
Canned = dict[tuple[str, str, str, bool], tuple[str, list[tuple[str, str]], bytes]]


def read(file: Path) -> Canned:
    canned: Canned = {}
    for each in json.loads(file.read_text()):
        first, *lines = each["head"].split("\r\n")
        headers = [tuple(line.split(": ", 1)) for line in lines]
        path, _, query = each["path"].partition("?")
        canned[each["method"], _BASE + path, query, each["with_key"]] = (
            first.partition(" ")[2],
            [(name, value) for name, value in headers if name.lower() not in _OWN],
            each["body"].encode(),
        )
    return canned


def wsgi_app(canned: Canned) -> Callable[..., Iterable[bytes]]:
    """Return an app that only looks up its response."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        status, headers, body = canned[
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"],
            environ["QUERY_STRING"],
            "HTTP_AUTHORIZATION" in environ,
        ]
        start_response(status, headers)
        return [body]

    return app


def flask_app(canned: Canned) -> Flask:
    """Return a Flask app of two routes."""
    app = Flask(__name__, static_folder=None)
    app.url_map.strict_slashes = False

    def response(**_: str) -> Response:
        status, headers, body = canned[
            request.method,
            request.path,
            request.query_string.decode(),
            "Authorization" in request.headers,
        ]
        return Response(body, status, headers)

    for rule in ("/notification-handlers/", "/notification-handlers", "/notification-handlers/<number>"):
        app.add_url_rule(_BASE + rule, rule, response, methods=["GET", "POST"])
    return app


def main() -> None:
    kind, port, file = sys.argv[1:]
    canned = read(Path(file))
    with Server(wsgi_app(canned) if kind == "wsgi" else flask_app(canned), port=int(port)):
        threading.Event().wait()


if __name__ == "__main__":
    main()
