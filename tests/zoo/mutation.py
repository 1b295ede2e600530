"""Damaged requests of the zoo: bytes flipped, cut, doubled, spliced. The same seed gives the same requests."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from contract_tests.target import zoo
from contract_tests.target.zoo import split

Framing = Literal["length", "chunks", "broken chunks", "broken length"]
_AUTHORIZATION = b"Authorization: Bearer mock-fuzz\r\n"

# What parsers of forms often get wrong. Each is sometimes inserted somewhere.
_TOKENS = (
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\0", b'"', b"'", b"\\", b";", b"=", b"&", b"%", b"%zz", b"+", b"[", b"]",
    b"[]", b"--", b"\xff", b"\xc3", b"\xf0\x9f", b"boundary=", b"filename=", b'; filename=""', b"name=",
    b"name*=utf-8''x", b"Content-Disposition:", b"Content-Type: ", b"Content-Transfer-Encoding: base64",
    b" ", b"\t", b"x" * 5120,
)  # fmt: skip


class Mutant(NamedTuple):
    """A damaged request: its origin, its Content-Type and body, and the framing of the body."""

    origin: str
    path: bytes
    content_type: bytes
    body: bytes
    framing: Framing
    random: random.Random

    @property
    def whole(self) -> bool:
        """Whether the framing is right, so that a server knows the end of the body."""
        return self.framing in {"length", "chunks"}

    @property
    def raw(self) -> bytes:
        """The request on the wire."""
        head = b"POST %s HTTP/1.1\r\nHost: mock\r\n%sContent-Type: %s\r\n"
        head %= (self.path, _AUTHORIZATION, self.content_type)
        if self.framing == "length":
            return head + b"Content-Length: %d\r\n\r\n%s" % (len(self.body), self.body)
        if self.framing == "broken length":
            longer = len(self.body) + 1 + self.random.randrange(1000)
            return head + b"Content-Length: %d\r\n\r\n%s" % (longer, self.body)
        chunks = _chunked(self.body, self.random)
        if self.framing == "broken chunks":
            chunks = _spoil(chunks, [chunks], self.random)
        return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks


def mutants(seed: int, count: int) -> Iterator[Mutant]:
    """Yield `count` damaged requests."""
    chance = random.Random(seed)
    requests = [(f"{client}/{case}", split(zoo.raw(client, case))) for client, case in zoo.names()]
    bodies = [request.body for _, request in requests]
    for _ in range(count):
        origin, request = chance.choice(requests)
        path = request.head.split(b" ", 2)[1]
        content_type, body = request.content_type.encode("latin-1"), request.body
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            body = _spoil(body, bodies, chance)
        if chance.random() < 0.1:
            # A header cannot hold line ends. Bytes beyond ASCII are left out, too.
            spoiled = _spoil(content_type, [content_type], chance)[:2000]
            content_type = bytes(sign for sign in spoiled if 32 <= sign < 127).strip()
        framing: Framing = chance.choices(
            ("length", "chunks", "broken chunks", "broken length"), (85, 5, 6, 4)
        )[0]
        yield Mutant(origin, path, content_type, body, framing, random.Random(chance.random()))


def _flip(body: bytes, _: list[bytes], chance: random.Random) -> bytes:
    if not body:
        return body
    at = chance.randrange(len(body))
    return body[:at] + bytes([body[at] ^ 1 << chance.randrange(8)]) + body[at + 1 :]


def _cut(body: bytes, _: list[bytes], chance: random.Random) -> bytes:
    return body[: chance.randint(0, len(body))]


def _drop(body: bytes, _: list[bytes], chance: random.Random) -> bytes:
    start, end = _range(body, chance)
    return body[:start] + body[end:]


def _double(body: bytes, _: list[bytes], chance: random.Random) -> bytes:
    start, end = _range(body, chance)
    return body[:end] + body[start:end] * chance.choice((1, 1, 2, 30)) + body[end:]


def _splice(body: bytes, bodies: list[bytes], chance: random.Random) -> bytes:
    other = chance.choice(bodies)
    start, end = _range(other, chance)
    at, to = _range(body, chance)
    return body[:at] + other[start:end] + body[to:]


def _insert(body: bytes, _: list[bytes], chance: random.Random) -> bytes:
    at = chance.randint(0, len(body))
    return body[:at] + chance.choice(_TOKENS) + body[at + chance.choice((0, 0, 1, 4)) :]


def _swap_lines(body: bytes, _: list[bytes], chance: random.Random) -> bytes:
    lines = body.split(b"\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _end_lines_in_lf(body: bytes, _: list[bytes], __: random.Random) -> bytes:
    return body.replace(b"\r\n", b"\n")


_WAYS: tuple[Callable[[bytes, list[bytes], random.Random], bytes], ...] = (
    _flip, _flip, _cut, _drop, _double, _splice, _insert, _insert, _swap_lines, _end_lines_in_lf,
)  # fmt: skip


def _spoil(body: bytes, bodies: list[bytes], chance: random.Random) -> bytes:
    return chance.choice(_WAYS)(body, bodies, chance)


def _range(body: bytes, chance: random.Random) -> tuple[int, int]:
    """Return a range, often a small one."""
    start = chance.randint(0, len(body))
    length = chance.choice((chance.randint(0, 8), chance.randint(0, 200), len(body)))
    return start, min(len(body), start + length)


def _chunked(body: bytes, chance: random.Random) -> bytes:
    sent, at = b"", 0
    while at < len(body):
        size = min(len(body) - at, chance.choice((1, 7, 100, 5000)))
        sent += b"%x\r\n%s\r\n" % (size, body[at : at + size])
        at += size
    return sent + b"0\r\n\r\n"
