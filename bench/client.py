"""A load generator: one thread, raw sockets, requests that were made beforehand.

It costs about ten microseconds a request, on a core of its own. If that is more than the server's own
cost, the server's CPU time a request (`process`) tells more than the answers a second do.
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

# A server that says nothing for so long, in seconds, has lost a request.
_PATIENCE = 30.0
_RECEIVE = 256 * 1024


class LoadError(Exception):
    """The load could not be driven: an answer of another status, or none."""


class Load(NamedTuple):
    """What came of it. `latencies`: seconds, sorted; `seconds`: how long all of it took."""

    answers: int
    seconds: float
    latencies: array[float]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds

    def quantile(self, share: float) -> float:
        """Return the latency, in seconds, that this share of the answers did not exceed."""
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


@dataclass(slots=True)
class _Line:
    """One connection. `missing`: bytes still to come of the body, None before its length is known."""

    sock: socket.socket
    sent: float = 0.0
    missing: int | None = None
    head: bytes = b""
    chunked: bool = False
    closing: bool = False


class Client:
    """Drives one server at `address` with a request, or with it and `more` in turn.

    Checks that each answer has `status`, if one is given.
    """

    def __init__(
        self, address: tuple[str, int], request: bytes, status: int | None = None, more: Sequence[bytes] = ()
    ) -> None:
        self._address = address
        self._request = request
        self._turns = itertools.cycle([request, *more])
        self._expected = None if status is None else str(status).encode()
        self._selector = selectors.DefaultSelector()

    def drive(self, connections: int, *, seconds: float = 0.0, answers: int = 0) -> Load:
        """Ask without a pause, for so long or until so many answers came. Raises LoadError."""
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
                    raise LoadError(f"no answer for {_PATIENCE:.0f} seconds to {self._request[:60]!r}")
                for key, _ in ready:
                    line: _Line = key.data
                    if not self._take(line):
                        continue
                    now = time.perf_counter()
                    latencies.append(now - line.sent)
                    if now >= until or (answers and len(latencies) + open_lines > answers):
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
        """Ask once; return the answer's head and body. Raises LoadError."""
        with socket.create_connection(self._address, timeout=_PATIENCE) as sock:
            sock.sendall(self._request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
            answer = b"".join(iter(lambda: sock.recv(_RECEIVE), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        if self._expected is not None and head[9:12] != self._expected:
            raise LoadError(f"{self._request[:60]!r} was answered {answer[:200]!r}")
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
        """Read what is there; true if a response is complete."""
        data = line.sock.recv(_RECEIVE)
        if not data:
            raise LoadError(f"the connection ended before the answer to {self._request[:60]!r}")
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
        """Note how the answer is framed; return the length of its body, 0 if the end of the connection ends it."""
        if self._expected is not None and head[9:12] != self._expected:
            raise LoadError(f"{self._request[:60]!r} was answered {head!r}")
        head = head.lower()
        at = head.find(b"\r\ncontent-length:")
        line.chunked = b"\r\ntransfer-encoding: chunked" in head
        line.closing = b"\r\nconnection: close" in head
        return int(head[at + 17 :].partition(b"\r")[0]) if at >= 0 else 0
