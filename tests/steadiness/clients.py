"""Clients of a soak. Each makes calls without a pause, and checks the responses."""

from __future__ import annotations

import http.client
import json
import random
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlencode

from tests.steadiness.process import Mock

BASE = "/api/notification-handlers"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}
_MOST = 30  # handlers that a client creates in a world
_CALLS = 200  # on one connection


class WrongError(Exception):
    """A wrong response, or a missing one."""


@dataclass
class Client:
    """The base of all clients of a soak. `done` counts the right responses by kind of call."""

    mock: Mock
    dice: random.Random
    keys: list[str]
    done: Counter[str] = field(default_factory=Counter)
    _connection: http.client.HTTPConnection | None = None
    _calls: int = 0

    def ask(
        self,
        method: str,
        target: str,
        key: str | None,
        body: bytes | None = None,
        headers: Mapping[str, str] = {},
    ) -> tuple[int, bytes]:
        """Make a call on the open connection, or on a new one now and then."""
        if self._connection is None or self._calls >= _CALLS:
            self.close()
            self._connection, self._calls = self.mock.connect(), 0
        self._calls += 1
        given = {**headers, "Authorization": f"Bearer {key}"} if key is not None else dict(headers)
        self._connection.request(method, target, body, given)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def expect(self, what: str, allowed: tuple[int, ...], found: tuple[int, bytes]) -> bytes:
        """Count a response. Raises WrongError if its status is another one."""
        if found[0] not in allowed:
            raise WrongError(f"{what} returned {found[0]}: {found[1][:200]!r}")
        self.done[what] += 1
        return found[1]

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def turn(self) -> None:
        """Do one step. Raises WrongError."""
        raise NotImplementedError


class Polite(Client):
    """Makes the calls of a test suite, in many worlds."""

    def turn(self) -> None:
        """Make one call of the API."""
        key, number = self.dice.choice(self.keys), self.dice.randint(1, 40)
        calls: tuple[Callable[[str, int], None], ...] = (
            self._create, self._create, self._list, self._list, self._retrieve, self._update, self._delete,
            self._stranger, self._swallowed, self._journal,
        )  # fmt: skip
        self.dice.choice(calls)(key, number)

    def _create(self, key: str, number: int) -> None:
        text = f'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nN{number}\r\n'
        text += '--b\r\nContent-Disposition: form-data; name="type"\r\n\r\nslack\r\n--b--\r\n'
        body = self.expect("create", (201,), self.ask("POST", BASE, key, text.encode(), MULTIPART))
        if json.loads(body)["data"]["id"] > _MOST:  # so that a world does not grow all day
            self.expect("reset", (200,), self.ask("POST", f"/_mock/reset?key={key}", None))

    def _list(self, key: str, number: int) -> None:
        size = self.dice.choice((10, 25, 1000))
        target = f"{BASE}/?page={number % 3 + 1}&results_per_page={size}"
        self.expect("list", (200,), self.ask("GET", target, key))

    def _retrieve(self, key: str, number: int) -> None:
        self.expect("retrieve", (200, 404), self.ask("GET", f"{BASE}/{number}", key))

    def _update(self, key: str, number: int) -> None:
        body = urlencode({"name": "M" * number}).encode()
        self.expect("update", (200, 404), self.ask("POST", f"{BASE}/{number}", key, body, FORM))

    def _delete(self, key: str, number: int) -> None:
        self.expect("delete", (200, 404), self.ask("DELETE", f"{BASE}/{number}", key))

    def _stranger(self, _: str, number: int) -> None:
        self.expect("stranger", (401,), self.ask("GET", BASE, f"real-{number}"))

    def _swallowed(self, key: str, number: int) -> None:
        body = urlencode({"name": "N", "type": "email", f"field_{number}": "x" * 20_000}).encode()
        self.expect("swallowed", (201,), self.ask("POST", BASE, key, body, FORM))

    def _journal(self, key: str, number: int) -> None:
        self.expect("journal", (200, 410), self.ask("GET", f"/_mock/journal?key={key}&limit={number}", None))


class Saboteur(Client):
    """Adds faults, and makes the call that each strikes."""

    def turn(self) -> None:
        """Add one fault, make the call that it strikes, and check that the fault happens."""
        key = self.dice.choice(self.keys)
        order, status = self.dice.choice(
            (
                ({"refusal": "rate_limited"}, 429),
                ({"status": 503}, 503),
                ({"latency": "15ms"}, 200),
                ({"mutation": {"pointer": "/data", "change": "missing"}}, 200),
                ({"wire": "slow", "latency": "15ms"}, 200),
                ({"wire": "drop"}, 0),
                ({"wire": "reset"}, 0),
                ({"wire": "truncate"}, 0),
            )
        )
        body = json.dumps(order).encode()
        self.expect("arm", (201,), self.ask("POST", f"/_mock/faults?key={key}", None, body))
        try:
            found = self.ask("GET", f"{BASE}/", key)
        except (http.client.HTTPException, ConnectionError):
            found = (0, b"")
            self.close()
        self.expect(f"fault {next(iter(order))} {status}", (status,), found)
        self.expect("disarm", (204,), self.ask("DELETE", f"/_mock/faults?key={key}", None))


class Rude(Client):
    """Sends too much, too slowly, or half a request, and hangs up."""

    def turn(self) -> None:
        """Misbehave once."""
        self.dice.choice((self._half, self._huge, self._pipelined, self._slow))()

    def _open(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.mock.port), timeout=60)

    def _head(self, length: int) -> bytes:
        key = self.dice.choice(self.keys)
        lines = [
            f"POST {BASE} HTTP/1.1",
            "Host: x",
            f"Authorization: Bearer {key}",
            f"Content-Length: {length}",
        ]
        return "\r\n".join([*lines, "", ""]).encode()

    def _half(self) -> None:
        with self._open() as sock:
            sock.sendall(self._head(1000) + b"x" * 500)
            if self.dice.random() < 0.5:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.done["half"] += 1

    def _huge(self) -> None:
        with self._open() as sock:
            sock.sendall(self._head(100_000_000))
            with suppress(ConnectionError):
                sock.sendall(b"x" * 300_000)
            self.expect("huge", (413,), (int(sock.recv(65536)[9:12] or b"0"), b""))

    def _pipelined(self) -> None:
        request = f"GET {BASE}/1 HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        last = request.replace(b"Host: x", b"Host: x\r\nConnection: close")
        with self._open() as sock:
            sock.sendall(request * 20 + last)
            answers = b"".join(iter(lambda: sock.recv(65536), b""))
        count = answers.count(b"HTTP/1.1 401")
        self.expect("pipelined", (21,), (count, answers))

    def _slow(self) -> None:
        with self._open() as sock:
            for piece in (b"GET ", BASE.encode(), b"/1 HTTP/1.1\r\n", b"Host: x\r\n", b"\r\n"):
                sock.sendall(piece)
                time.sleep(0.002)
            self.expect("slow", (401,), (int(sock.recv(65536)[9:12] or b"0"), b""))
