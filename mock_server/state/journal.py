"""The journal of a world: its last exchanges, in bounded memory, and which behaviours were seen."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import quote as percent_encode

from mock_server.contract import Contract, Operation
from mock_server.php import FormLimits, SentForm, TooManyFields, read
from mock_server.refusal import Violation
from mock_server.state.faults import Fault

# The most exchanges of a world, and the most bytes of one world and of all worlds.
CAPACITY = 1000
WORLD_BYTES = 4 << 20
ALL_BYTES = 64 << 20

# Of longer bodies, only the beginning is kept.
WHOLE_REQUEST = 256 << 10
WHOLE_RESPONSE = 32 << 10
BEGINNING = 4 << 10

# About how many bytes an exchange takes without its bodies and the head of its request.
OVERHEAD = 2500

# The parts of a longer body are kept once they are read, so that they are read only once.
READ_ONCE = 1 << 10

# Characters of a part that the journal shows.
PREVIEW = 200

# The key of the environ with the response of the rehearsed document.
REHEARSED = "mock_server.rehearsed"

# The two headers that the environ keeps without the prefix HTTP_.
_UNPREFIXED = {"CONTENT_TYPE": "Content-Type", "CONTENT_LENGTH": "Content-Length"}

# Headers with secrets of a client. A journal must not show them.
_SECRET = {"HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION", "HTTP_COOKIE", "HTTP_X_BITPEAK_MOCK_TOKEN"}

# The kinds of a page that count as behaviours of the service.
SECOND, EMPTY, BEYOND = "second", "empty", "beyond"

# What an exchange showed: its operation, its refusal, and of a success the type or the kind of page.
Sighting = tuple[str, str, str]


@dataclass(slots=True)
class Rehearsed:
    """The response by the rehearsed document. `places`: the places that differ from the response."""

    status: int
    body: bytes
    places: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Exchange:
    """One request and its response.

    Each request makes one, so its fields hold what is at hand, and properties compute the rest when they are read. The
    fields `sent_key` and `sent_headers` hold the client's key, which no property shows.

    `at`: seconds since 1970 UTC by the world's clock; `seconds`: the time spent on it; `path`: the path, decoded;
    `fault`: the one that struck; `hint`: what a refused client probably meant; `media_types`: those that the
    operation reads. Of a long body, `body` is the beginning, `size` the length and `seen_parts` what the form held.
    `memory`: about how many bytes this takes.
    """

    method: str
    path: str
    status: int
    sent_target: str = ""
    sent_key: str = field(default="", repr=False)
    sent_headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # by their names in the environ
    body: bytes = b""
    size: int = 0
    response_headers: tuple[tuple[str, str], ...] = ()
    response_body: bytes = b""
    response_size: int = 0
    operation: str = ""
    media_types: frozenset[str] = frozenset()
    refusal: str = ""
    violations: tuple[Violation, ...] = ()
    defect: str = ""
    fault: Fault | None = None
    at: float = 0.0
    seconds: float = 0.0
    rehearsed: Rehearsed | None = None
    seen_parts: list[dict[str, Any]] | None = None
    memory: int = OVERHEAD
    hint: str = ""

    @property
    def key(self) -> str:
        """The client's key, shortened."""
        return shorten(self.sent_key)

    @property
    def target(self) -> str:
        """Path and query as they were sent, without control characters."""
        target = self.sent_target
        return target if target.isprintable() else percent_encode(target, safe="/?&=%")

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the request by the names that HTTP gives them, keys and other secrets shortened."""
        return dict(_shown_headers(self.sent_headers, self.sent_key))

    @property
    def parts(self) -> list[dict[str, Any]]:
        """The parts of the request's form, see `parts_of`."""
        if self.seen_parts is not None:
            return self.seen_parts
        content_type = self.sent_headers.get("CONTENT_TYPE")
        parts = parts_of(form_of(content_type, self.body, self.media_types), whole=True)
        if self.size > READ_ONCE:
            self.seen_parts = parts
        return parts


def form_of(content_type: str | None, body: bytes, media_types: frozenset[str]) -> SentForm:
    """Read a body as a form, which is empty if there are too many parts."""
    try:
        return read(content_type, body, FormLimits(), media_types)
    except TooManyFields:
        return SentForm()


def parts_of(form: SentForm, *, whole: bool = False) -> list[dict[str, Any]]:
    """Return the parts of a form as PHP sees them, by `Part` of openapi/control.yaml.

    Texts are given `whole`, or else only if they are short.
    """
    return [
        {
            "name": part.name,
            "key": part.key,
            "kind": part.kind,
            "file_name": part.filename,
            "content_type": part.content_type,
            "bytes": len(part.data),
            "sha256": hashlib.sha256(part.data).hexdigest(),
            "preview": part.data[: PREVIEW * 4].decode(errors="replace")[:PREVIEW],
            "text": part.data.decode(errors="replace") if whole or len(part.data) <= PREVIEW else None,
            "valid_utf8": part.valid_utf8,
        }
        for part in form.parts
    ]


def shorten(key: str) -> str:
    """Return a part of a key: enough to tell keys apart, and not enough to use one."""
    return f"{key[:6]}…{len(key)}" if len(key) > 8 else key[:4] + "…" if key else "-"


def headers_in(environ: Mapping[str, Any]) -> dict[str, str]:
    """Return a request's headers, by their names in the environ."""
    return {name: value for name, value in environ.items() if name.startswith("HTTP_") or name in _UNPREFIXED}


def _shown_headers(headers: Mapping[str, str], key: str) -> Iterator[tuple[str, str]]:
    for name, value in headers.items():
        if name.startswith("HTTP_"):
            if name in _SECRET:
                value = value.replace(key, shorten(key)) if key and key in value else "…"
            yield name[5:].replace("_", "-").title(), value
        elif name in _UNPREFIXED and value:
            yield _UNPREFIXED[name], value


class Journal:
    """The last exchanges of a world, numbered from 1. `total` counts all exchanges.

    At most `capacity` exchanges and `most` bytes are kept, but always the latest exchange. Counts include forgotten
    ones: `seen` counts the behaviours, `violated` and `defects` the exchanges with a violation or a defect. The
    archive's lock is held for every change.
    """

    def __init__(
        self, archive: Archive | None = None, capacity: int = CAPACITY, most: int = WORLD_BYTES
    ) -> None:
        self.total = 0
        self.cleared = 0  # the exchanges up to this number were cleared
        self.violated = 0
        self.defects = 0
        self.seen: dict[Sighting, int] = {}
        self._archive = archive or Archive()
        self._exchanges: deque[Exchange] = deque()
        self._capacity = capacity
        self._most = most
        self._bytes = 0
        self._touched = 0

    def add(self, exchange: Exchange, sighting: Sighting = ("", "", "")) -> None:
        """Remember an exchange, and count what it showed. The oldest exchanges make room for it."""
        archive, exchanges, change = self._archive, self._exchanges, exchange.memory
        with archive.lock:
            exchanges.append(exchange)
            self.total += 1
            if exchange.violations:
                self.violated += 1
            if exchange.defect:
                self.defects += 1
            self.seen[sighting] = self.seen.get(sighting, 0) + 1
            while len(exchanges) > self._capacity or (
                self._bytes + change > self._most and len(exchanges) > 1
            ):
                change -= exchanges.popleft().memory
            self._bytes += change
            if change or archive.latest is not self:
                archive.grow(self, change)

    def clear(self) -> None:
        """Forget all exchanges. Their numbers go on."""
        with self._archive.lock:
            self._archive.grow(self, -self.evict())
            self.cleared = self.total
            self._touched += 1

    def take_seen(self, other: Journal) -> None:
        """Take over the behaviours that another journal has counted."""
        with self._archive.lock:
            for sighting, times in other.seen.items():
                self.seen[sighting] = self.seen.get(sighting, 0) + times
            other.seen = {}

    def leave(self) -> None:
        """Forget all exchanges for good, because the world is gone."""
        self._archive.leave(self)

    def touch(self) -> None:
        """Note a change of the world without an exchange."""
        with self._archive.lock:
            self._touched += 1

    def evict(self) -> int:
        """Drop all exchanges to make room, and return how many bytes that frees. The archive's lock must be held."""
        freed, self._bytes = self._bytes, 0
        self._exchanges.clear()
        return freed

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The exchanges still remembered, the oldest first. The last one has the number `total`."""
        with self._archive.lock:
            return tuple(self._exchanges)

    @property
    def evicted(self) -> int:
        """How many exchanges had to make room for others."""
        return self.total - self.cleared - len(self._exchanges)

    @property
    def revision(self) -> int:
        """A number that grows with each change of the journal or of its world."""
        return self.total + self._touched


class Archive:
    """Counts the bytes of all journals. If there are too many, the journal that was idle for longest is emptied."""

    def __init__(self, most: int = ALL_BYTES) -> None:
        self.lock = threading.Lock()
        self._most = most
        self._bytes = 0
        self._journals: OrderedDict[Journal, None] = OrderedDict()  # the latest used is last
        self.latest: Journal | None = None

    def grow(self, journal: Journal, change: int) -> None:
        """Count the bytes that a journal took or gave back. The lock must be held."""
        self._bytes += change
        self.latest = journal
        self._journals[journal] = None
        self._journals.move_to_end(journal)
        while self._bytes > self._most and len(self._journals) > 1:
            idle, _ = self._journals.popitem(last=False)
            self._bytes -= idle.evict()

    def leave(self, journal: Journal) -> None:
        """Forget a journal whose world is gone."""
        with self.lock:
            self._bytes -= journal.evict()
            self._journals.pop(journal, None)
            self.latest = None


class Behaviour(NamedTuple):
    """Something that the service does. `kind`: operation, type, page or refusal; `seen`: how often."""

    kind: str
    name: str
    operation: str
    seen: int


def behaviours(contract: Contract, seen: Mapping[Sighting, int]) -> list[Behaviour]:
    """Return all behaviours of the document by operation, and how often each was seen."""
    found: dict[tuple[str, str, str], int] = {}
    for operation in contract.operations.values():
        for kind, name in _behaviours_of(operation):
            found[kind, name, operation.counted_as] = 0
    for (operation_name, refusal, situation), count in seen.items():
        names = [("refusal", refusal)]
        if not refusal:
            names = [("operation", operation_name), ("type", situation), ("page", situation)]
        for kind, name in names:
            if (kind, name, operation_name) in found:
                found[kind, name, operation_name] += count
    return [Behaviour(kind, name, operation, count) for (kind, name, operation), count in found.items()]


def _behaviours_of(operation: Operation) -> Iterator[tuple[str, str]]:
    """Yield the kind and the name of each behaviour of an operation. The mock's own limits do not count."""
    yield "operation", operation.counted_as
    if operation.behaviour == "create":
        yield from (("type", name) for name in operation.resource.types)
    if operation.paging:
        yield from (("page", name) for name in (SECOND, EMPTY, BEYOND))
    yield from (("refusal", refusal.name) for refusal in operation.refusals.values() if not refusal.own)
