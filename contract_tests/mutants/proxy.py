"""The saboteur: a reverse proxy that lets a sabotage have its way with each exchange."""

from __future__ import annotations

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from contract_tests.mutants.exchange import Got, Sabotage, Sent

_PATIENCE = 60.0  # seconds for one answer of the service
_HOP = {"connection", "keep-alive", "content-length", "transfer-encoding"}


class Proxy:
    """Stands on a free port of this computer before a service on another, from `with` to its end."""

    def __init__(self, port: int, sabotage: Sabotage) -> None:
        self._port = port
        self._sabotage = sabotage
        # A sabotage has a state, and the kit has several connections.
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The address, without a path."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, sent: Sent) -> Got:
        """Let the sabotage answer a request."""
        with self._lock:
            return self._sabotage(sent, self._forward)

    def _forward(self, sent: Sent) -> Got:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE)
        try:
            headers = {name: value for name, value in sent.headers if name.lower() not in _HOP}
            if sent.body or sent.header("Content-Length"):
                headers["Content-Length"] = str(len(sent.body))
            connection.request(sent.method, sent.target, body=sent.body or None, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        kept = tuple(pair for pair in answer.getheaders() if pair[0].lower() not in _HOP)
        return Got(answer.status, kept, body)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        class Handler(_Handler):
            proxy = self

        return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    proxy: Proxy

    def __getattr__(self, name: str) -> Any:
        """Serve every method alike."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class names it
        """Say nothing: the kit reports what it saw."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            got = self.proxy.answer(Sent(self.command, self.path, tuple(self.headers.items()), body))
        except (OSError, http.client.HTTPException):
            got = Got(0, (), b"")
        if got.status:
            self._send(got)
        else:
            self.close_connection = True

    def _send(self, got: Got) -> None:
        chunked = ("Transfer-Encoding", "chunked") in got.headers
        self.send_response_only(got.status)
        for name, value in got.headers:
            self.send_header(name, value)
        if not chunked and got.status != 204:
            self.send_header("Content-Length", str(len(got.body)))
        self.end_headers()
        if self.command == "HEAD" or got.status == 204:
            return
        self.wfile.write(_chunks(got.body) if chunked else got.body)


def _chunks(body: bytes, size: int = 7) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])
