"""A target that answers as a test says, or not at all."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self


class Asked(NamedTuple):
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Said(NamedTuple):
    """An answer; None instead of one drops the connection. `closes`: it is dropped afterwards, without a word."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = {}
    closes: bool = False


Script = Callable[[Asked], Said | None]


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    script: Script
    asked: list[Asked]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that go away."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = (
        -1
    )  # an answer leaves in one piece, and is not held back for the client's word on its first half
    disable_nagle_algorithm = True
    server: Server

    def parse_request(self) -> bool:
        if super().parse_request():
            closes = self._serve()
            if closes:  # the end of the connection arrives together with the response, never later
                self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
            self.wfile.flush()
            if closes:
                self.connection.shutdown(socket.SHUT_WR)
        return False

    def _serve(self) -> bool:
        """Write the answer. Return whether the connection ends with it."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers, body)
        self.server.asked.append(asked)
        answer = self.server.script(asked)
        if answer is None:
            self.close_connection = True
            return False
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self.close_connection |= answer.closes
        return answer.closes

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


class Scripted:
    """Serves a script on loopback. `asked` are the requests that arrived."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.script, self._server.asked = script, self.asked
        if tls is not None:
            plain = self._server.socket
            self._server.socket = tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_address[1]}/api"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def said(tree: Any, status: int = 200, **headers: str) -> Said:
    return Said(status, json.dumps(tree).encode(), {"Content-Type": "application/json", **headers})
