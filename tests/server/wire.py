"""A raw HTTP client, and apps for it to talk to."""

import json
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from mock_server.server import Server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

STATUSES = {
    "malformed": "400 Bad Request",
    "head-too-large": "431 Request Header Fields Too Large",
    "body-too-large": "413 Content Too Large",
    "timeout": "408 Request Timeout",
}


def echo(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Respond with the environ and the body as JSON, or refuse as the server asks. Obey X-Delay and X-Wire."""
    reply = environ["mock_server.reply"]
    reply.delay = float(environ.get("HTTP_X_DELAY", 0))
    reply.wire = environ.get("HTTP_X_WIRE")
    shown: dict[str, Any] = {key: value for key, value in environ.items() if isinstance(value, str)}
    shown["body"] = environ["wsgi.input"].read().decode("latin-1")
    refusal = environ.get("mock_server.wire_error")
    body = json.dumps(shown).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(STATUSES[refusal] if refusal else "200 OK", headers)
    return [body]


def fixed(status: str, *headers: tuple[str, str], body: bytes = b"") -> Callable[..., Iterable[bytes]]:
    """Return an app whose response is always the same."""

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        start_response(status, list(headers))
        return [body]

    return app


@dataclass
class Received:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """One connection; sends bytes as they are, reads one response at a time."""

    def __init__(self, server: Server, sock: socket.socket | None = None) -> None:
        self.sock = sock or socket.create_connection((server.host, server.port))
        self.sock.settimeout(5)
        self.buffer = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.sock.close()

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def ask(self, data: bytes) -> Received:
        self.send(data)
        return self.receive()

    def receive(self, *, bodiless: bool = False) -> Received:
        head = self._take(self._until(b"\r\n\r\n"))
        first, *lines = head[:-4].decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = 0 if bodiless else int(headers.get("content-length", 0))
        while len(self.buffer) < length:
            self._more()
        return Received(int(first.split()[1]), headers, self._take(length))

    def ended(self) -> bool:
        """Wait for the end of the connection; true if nothing came before it."""
        return not self.buffer and self.sock.recv(1) == b""

    def rest(self) -> bytes:
        """Return all that comes until the end."""
        while data := self.sock.recv(65536):
            self.buffer += data
        return self._take(len(self.buffer))

    def _until(self, mark: bytes) -> int:
        while (at := self.buffer.find(mark)) < 0:
            self._more()
        return at + len(mark)

    def _more(self) -> None:
        data = self.sock.recv(65536)
        assert data, f"the connection ended after {self.buffer!r}"
        self.buffer += data

    def _take(self, size: int) -> bytes:
        taken = bytes(self.buffer[:size])
        del self.buffer[:size]
        return taken


def get(path: str = "/", *headers: str, version: str = "1.1") -> bytes:
    lines = [f"GET {path} HTTP/{version}", "Host: mock.test", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def post(body: bytes = b"", *headers: str) -> bytes:
    lines = ["POST / HTTP/1.1", "Host: mock.test", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def chunked(*chunks: bytes) -> bytes:
    head = b"POST / HTTP/1.1\r\nHost: mock.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


def connections(server: Server) -> int:
    """Return how many connections a server holds."""
    return len(server.connections)


def wait_until(true: Callable[[], bool], seconds: float = 3.0) -> None:
    """Wait until something is true that happens on the server's thread."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.002)
