"""HTTP/1.1 by the standard library: any method, persistent connections, bodies with a length or in chunks."""

import socket
import socketserver
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler

from tests.second_opinion.exchange import Reply, Request


@dataclass(frozen=True)
class Manner:
    """Ways of replying that HTTP and JSON allow, and that every client must accept."""

    extra_property: bool = False
    shuffle_keys: bool = False
    lowercase_headers: bool = False
    chunked: bool = False


class Connection(BaseHTTPRequestHandler):
    """One client's connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes
    server: "Doorstep"

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Handle all methods in one function. http.server looks for `do_` and the method's name."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def version_string(self) -> str:
        """Return the header Server."""
        return "nginx"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Print nothing; the service has a log of its own."""

    def send_header(self, keyword: str, value: str) -> None:
        """Send a header, with its name in lower case if so chosen."""
        super().send_header(keyword.lower() if self.server.manner.lowercase_headers else keyword, value)

    def _serve(self) -> None:
        try:
            body = self._body()
        except ValueError:
            self.send_error(400)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(self.server.reply(Request(self.command, self.path, headers, body)))

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(max(0, int(self.headers.get("Content-Length") or 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers
        return body

    def _send(self, reply: Reply) -> None:
        body = reply.body.encode()
        chunked = self.server.manner.chunked and self.request_version == "HTTP/1.1"
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.content_type is not None:
            self.send_header("Content-Type", reply.content_type)
            self.send_header(
                *(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(body))))
            )
        self.end_headers()
        if reply.content_type is None or self.command == "HEAD":
            return
        self.wfile.write(in_chunks(body) if chunked else body)


class Doorstep(socketserver.ThreadingTCPServer):
    """Listens, with a thread for each connection."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, reply: Callable[[Request], Reply], manner: Manner) -> None:
        super().__init__(("127.0.0.1", port), Connection)
        self.reply = reply
        self.manner = manner

    @property
    def port(self) -> int:
        """The port of the server."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Serve in the background."""
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Stop serving and close the port."""
        self.shutdown()
        self.server_close()

    def handle_error(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """Ignore clients that hang up. Show any other error, as it is the service's."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def in_chunks(body: bytes, length: int = 60) -> bytes:
    """Cut a body into chunks; characters of several bytes may be cut in two."""
    parts = [body[start : start + length] for start in range(0, len(body), length)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])
