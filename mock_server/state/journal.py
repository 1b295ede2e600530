"""What happened in a world: the last exchanges, in bounded memory."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from mock_server.php.parts import SeenPart, parts_of
from mock_server.refusal import Violation

# Exchanges that a world remembers, and bytes: of each exchange, of a world, of all worlds together.
CAPACITY = 1000
WORLD_BYTES = 4 << 20
ALL_BYTES = 64 << 20

# The longest bodies that are remembered whole; of a longer one, its beginning is.
WHOLE_REQUEST = 256 << 10
WHOLE_ANSWER = 32 << 10
_BEGINNING = 4 << 10

# What an exchange holds beside its bodies and the request's head, about.
OVERHEAD = 2500


class Message(NamedTuple):
    """A request or an answer: its headers without any key, the length of its body, and the body or its beginning."""

    headers: tuple[tuple[str, str], ...]
    size: int
    body: bytes

    @property
    def whole(self) -> bool:
        """Whether all of the body is remembered."""
        return len(self.body) == self.size


class Noted(Protocol):
    """An exchange as it was noted in passing. `memory`: the bytes that it takes, about; `defect`: as an Exchange's."""

    @property
    def memory(self) -> int:
        """How many bytes it takes, about; as many once it is written out."""

    @property
    def defect(self) -> str:
        """How the mock broke its own document, if it did."""

    def written(self) -> Exchange:
        """Return the exchange, written out."""


# Where a request holds what a rehearsal answered to it.
REHEARSED = "mock_server.rehearsed"


@dataclass(slots=True)
class Rehearsed:
    """What another document would have answered; `places` are those at which it differs from what was answered."""

    status: int
    body: bytes
    places: tuple[str, ...] = ()


class Exchange(NamedTuple):
    """One request and how it was answered.

    `target`: path and query as they were sent; `path`: the path decoded. `seconds`: time spent on it; `key`:
    shortened, never whole; `at`: seconds since 1970 UTC by the world's clock; `fault`: the id of the one that struck.
    `readable` are the media types that the operation reads, and `parts` what the parser made of a body too long to be
    remembered; the others are read again when asked for. `head`: how long the request's was, in bytes.
    """

    method: str
    target: str
    status: int
    seconds: float
    key: str
    operation: str
    refusal: str
    violations: tuple[Violation, ...]
    defect: str
    path: str = ""
    at: float = 0.0
    fault: int | None = None
    request: Message = Message((), 0, b"")
    answer: Message = Message((), 0, b"")
    readable: frozenset[str] = frozenset()
    parts: tuple[SeenPart, ...] | None = None
    rehearsed: Rehearsed | None = None
    head: int = 0

    def seen_parts(self) -> tuple[SeenPart, ...]:
        """Return the parts of the request's form, as the parser saw them."""
        if self.parts is not None:
            return self.parts
        content_type = dict(self.request.headers).get("Content-Type")
        return parts_of(content_type, self.request.body, self.readable)

    @property
    def memory(self) -> int:
        """How many bytes it takes, about."""
        return OVERHEAD + self.head + len(self.request.body) + len(self.answer.body)

    def written(self) -> Exchange:
        """Return itself."""
        return self


def beginning(body: bytes) -> bytes:
    """Return what is remembered of a body that is too long to be remembered whole."""
    return body[:_BEGINNING]


class Archive:
    """What all journals of a mock hold together: where that is too much, the one idle for longest is emptied."""

    def __init__(self, most: int = ALL_BYTES) -> None:
        self.lock = threading.Lock()
        self._most = most
        self._bytes = 0
        self._journals: OrderedDict[int, Journal] = OrderedDict()  # the latest at the end
        self.latest: Journal | None = None

    def grow(self, journal: Journal, change: int) -> None:
        """Count what a journal took or gave back; the lock is held."""
        self._bytes += change
        if journal is not self.latest:
            self.latest = self._journals[id(journal)] = journal
            self._journals.move_to_end(id(journal))
        while self._bytes > self._most and len(self._journals) > 1:
            _, idle = self._journals.popitem(last=False)
            self._bytes -= idle.evict()

    def leave(self, journal: Journal) -> None:
        """Forget a journal whose world is gone."""
        with self.lock:
            if self._journals.pop(id(journal), None) is not None:
                self._bytes -= journal.evict()
            if journal is self.latest:
                self.latest = None


class Journal:
    """The last exchanges, numbered from 1. `total` counts all there ever were, so that a reader sees what is gone."""

    def __init__(
        self, archive: Archive | None = None, capacity: int = CAPACITY, most: int = WORLD_BYTES
    ) -> None:
        self._archive = archive or Archive()
        self._exchanges: deque[Noted] = deque()
        self._capacity = capacity
        self._most = most
        self._bytes = 0
        self.total = 0
        self._touched = 0
        self._cleared = 0  # the exchanges up to this number were forgotten on purpose

    def add(self, noted: Noted) -> None:
        """Remember an exchange; the oldest are evicted where there is no room."""
        exchanges, change = self._exchanges, noted.memory
        with self._archive.lock:
            exchanges.append(noted)
            self.total += 1
            held = self._bytes + change
            while len(exchanges) > self._capacity or (held > self._most and len(exchanges) > 1):
                freed = exchanges.popleft().memory
                held -= freed
                change -= freed
            self._bytes = held
            if change or self._archive.latest is not self:
                self._archive.grow(self, change)

    def clear(self) -> None:
        """Forget all exchanges; the numbers go on."""
        with self._archive.lock:
            self._archive.grow(self, -self.evict())
            self._cleared = self.total
            self._touched += 1

    def touch(self) -> None:
        """Note that the world has changed otherwise than by an exchange."""
        with self._archive.lock:
            self._touched += 1

    @property
    def revision(self) -> int:
        """Another number, a higher one, after each change of the journal, or of the world that it belongs to."""
        return self.total + self._touched

    def leave(self) -> None:
        """Forget all exchanges for good: the world is gone."""
        self._archive.leave(self)

    def evict(self) -> int:
        """Drop all exchanges for want of room, and return how many bytes that frees; the archive's lock is held."""
        freed, self._bytes = self._bytes, 0
        self._exchanges.clear()
        return freed

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The exchanges still remembered, oldest first; the last one has the number `total`."""
        with self._archive.lock:
            written = tuple([noted.written() for noted in self._exchanges])
            self._exchanges = deque(written)  # each is written out once
            return written

    @property
    def cleared(self) -> int:
        """The number up to which exchanges were forgotten on purpose."""
        return self._cleared

    @property
    def evicted(self) -> int:
        """How many exchanges are no longer remembered for want of room."""
        return self.total - self._cleared - len(self._exchanges)


def shorten(key: str) -> str:
    """Return enough of a key to tell two apart and too little to use it."""
    return f"{key[:6]}…{len(key)}" if len(key) > 8 else key[:4] + "…" if key else "-"
