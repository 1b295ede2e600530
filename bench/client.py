"""A load generator: one thread, raw sockets, and requests that are made beforehand.

It takes about ten microseconds for each request, on a core of its own. If a server takes less than that, its CPU time
per request (`process`) says more than the responses per second do.
"""

from __future__ import annotations

import itertools
import selectors
import socket
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

# Seconds of silence after which a server must have lost a request.
_PATIENCE = 30.0
_RECEIVE = 256 * 1024


class LoadError(Exception):
    """The load could not be driven: a response had the wrong status, or did not come."""


class Load(NamedTuple):
    """The result. `latencies`: seconds, sorted; `seconds`: how long all of it took."""

    responses: int
    seconds: float
    latencies: array[float]

    @property
    def rate(self) -> float:
        """Responses per second."""
        return self.responses / self.seconds

    def quantile(self, share: float) -> float:
        """Return the latency, in seconds, that this share of the responses did not exceed."""
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


@dataclass(slots=True)
class _Line:
    """One connection. `missing`: bytes of the body that are still to come; None until its length is known."""

    sock: socket.socket
    sent: float = 0.0
    missing: int | None = None
    head: bytes = b""
    chunked: bool = False
    closing: bool = False


class Client:
    """Sends one server at `address` a request again and again, or that and `more` in turn.

    If a `status` is given, every response must have it.
    """

    def __init__(
        self, address: tuple[str, int], request: bytes, status: int | None = None, more: Sequence[bytes] = ()
    ) -> None:
        self._address = address
        self._request = request
        self._turns = itertools.cycle([request, *more])
        self._expected = None if status is None else str(status).encode()
        self._selector = selectors.DefaultSelector()

    def drive(self, connections: int, *, seconds: float = 0.0, responses: int = 0) -> Load:
        """Send without a pause, for some seconds or until enough responses came. Raises LoadError."""
        latencies = array("d")
        began = time.perf_counter()
        until = began + (seconds or 1e9)
        for _ in range(connections):
            self._ask(self._connected())
        try:
            open_lines = connections
            while open_lines:
                ready = self._selector.select(_PATIENCE)
                if not ready:
                    raise LoadError(f"no response for {_PATIENCE:.0f} seconds to {self._request[:60]!r}")
                for key, _ in ready:
                    line: _Line = key.data
                    if not self._take(line):
                        continue
                    now = time.perf_counter()
                    latencies.append(now - line.sent)
                    if now >= until or (responses and len(latencies) + open_lines > responses):
                        self._leave(line)
                        open_lines -= 1
                    else:
                        self._ask(self._again(line) if line.closing else line)
        finally:
            for key in list(self._selector.get_map().values()):
                self._leave(key.data)
        spent = time.perf_counter() - began
        return Load(len(latencies), spent, array("d", sorted(latencies)))

    def once(self) -> tuple[bytes, bytes]:
        """Send once, and return the head and body of the response. Raises LoadError."""
        with socket.create_connection(self._address, timeout=_PATIENCE) as sock:
            sock.sendall(self._request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
            response = b"".join(iter(lambda: sock.recv(_RECEIVE), b""))
        head, _, body = response.partition(b"\r\n\r\n")
        if self._expected is not None and head[9:12] != self._expected:
            raise LoadError(f"{self._request[:60]!r} got {response[:200]!r}")
        return head, body

    def _connected(self) -> _Line:
        sock = socket.create_connection(self._address, timeout=_PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line = _Line(sock)
        self._selector.register(sock, selectors.EVENT_READ, line)
        return line

    def _again(self, line: _Line) -> _Line:
        self._leave(line)
        return self._connected()

    def _leave(self, line: _Line) -> None:
        self._selector.unregister(line.sock)
        line.sock.close()

    def _ask(self, line: _Line) -> None:
        line.missing = None
        line.sent = time.perf_counter()
        line.sock.sendall(next(self._turns))

    def _take(self, line: _Line) -> bool:
        """Read what is there. True if a response is complete."""
        data = line.sock.recv(_RECEIVE)
        if not data:
            raise LoadError(f"the connection ended before the response to {self._request[:60]!r}")
        if line.missing is None:
            data = line.head + data
            end = data.find(b"\r\n\r\n")
            if end < 0:
                line.head = data
                return False
            line.head = b""
            line.missing = self._read_head(line, data[:end]) - (len(data) - end - 4)
        else:
            line.missing -= len(data)
        if line.chunked:
            return data.endswith(b"0\r\n\r\n")
        return line.missing <= 0

    def _read_head(self, line: _Line, head: bytes) -> int:
        """Note how the response is framed. Return the length of its body, or 0 if only its end tells that."""
        if self._expected is not None and head[9:12] != self._expected:
            raise LoadError(f"{self._request[:60]!r} got {head!r}")
        head = head.lower()
        at = head.find(b"\r\ncontent-length:")
        line.chunked = b"\r\ntransfer-encoding: chunked" in head
        line.closing = b"\r\nconnection: close" in head
        return int(head[at + 17 :].partition(b"\r")[0]) if at >= 0 else 0
