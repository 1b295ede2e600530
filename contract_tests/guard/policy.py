"""What may pass, by method, path and id: nothing that could reach a row which the run did not create."""

from __future__ import annotations

import contextlib
import re
import threading
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote

from contract_tests.guard.exchange import GuardRefusal
from contract_tests.guard.ledger import Entry, Ledger, State
from contract_tests.guard.surface import Operation, Surface

# A path below the base that no service has: for the question what an unknown route gets.
NOWHERE = "bpm-nowhere"

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_TARGET = re.compile(r"/[!-~]*")
_NEVER = frozenset({"TRACE", "CONNECT"})  # they show the key, or open a way past the guard

Effect = Literal["read", "create", "write"]


@dataclass(frozen=True, slots=True)
class Passage:
    """A request that may pass, unless its body or key is against it.

    `operation` is None if the document has none for the method. `rows` are the run's own creates that the path
    may mean, and `row` is the id in it as PHP would cast it, None if there is none.
    """

    effect: Effect
    operation: Operation | None
    row: int | None = None
    rows: tuple[Entry, ...] = ()


class Policy:
    """The rules of one run. `path` is the target's; `learn` has the list looked at, for how high the ids are."""

    def __init__(
        self,
        surface: Surface,
        path: str,
        holdings: Holdings,
        learn: Callable[[], None],
        *,
        allow_writes: bool,
    ) -> None:
        self._surface = surface
        self._path = path
        self._holdings = holdings
        self._learn = learn
        self._allow_writes = allow_writes

    def admit(self, method: str, target: str) -> Passage:
        """Return how a request may pass. Raises GuardRefusal: see there for the reasons."""
        path, _, query = _checked(method, target).partition("?")
        segments = self._segments(path)
        if method == "GET" and len(segments) == 1 and segments[0].startswith(NOWHERE):
            return Passage("read", None)
        found = sorted(self._operations(segments), key=lambda one: one.slashed is not path.endswith("/"))
        operation = next((one for one in found if one.method == method), None)
        _check_query(query, reads=method == "GET" and operation is not None)
        if method == "GET" and operation is not None:
            row = max(readings(segments[-1])) if operation.on_row else None
            return Passage("read", operation, row, self._own_rows(segments[-1]) if operation.on_row else ())
        if not self._allow_writes:
            raise GuardRefusal("read-only", "The run may only read: allow writes to let this pass.")
        if operation is not None and operation.kind == "create":
            return Passage("create", operation)
        if not found[0].on_row:
            raise GuardRefusal(
                "method", f"The document has no {method[:20]} for this path, which names no row."
            )
        if not segments[-1].strip("\0\t\n\r\v\f "):  # a service that trims it would write to all rows
            raise GuardRefusal("path", "The id in the path is blank.")
        return self._write(segments[-1], operation)

    def _segments(self, path: str) -> tuple[str, ...]:
        """Return the decoded segments below the base path, without one slash at the end."""
        if not path.startswith(self._path + "/"):
            raise GuardRefusal("path", "The path is not below the API's base path.")
        raw = path[len(self._path) + 1 :].removesuffix("/").split("/")
        segments = tuple(unquote(segment, errors="surrogateescape") for segment in raw)
        if any(not s or s in {".", ".."} or set("/\\") & set(unquote(s)) for s in segments):
            raise GuardRefusal("path", "The path has an empty, a relative or a folded segment.")
        return segments

    def _operations(self, segments: tuple[str, ...]) -> list[Operation]:
        found = [one for one in self._surface.operations if _leads_to(one, segments)]
        if not found:
            raise GuardRefusal("path", "The document has no such path.")
        return found

    def _own_rows(self, text: str) -> tuple[Entry, ...]:
        entries = (self._holdings.entry(row) for row in sorted(readings(text)))
        return tuple(entry for entry in entries if entry is not None)

    def _write(self, text: str, operation: Operation | None) -> Passage:
        meant = readings(text)
        if self._holdings.cannot_tell(max(meant)):
            self._learn()
        if any(self._holdings.standing(row) is Standing.FOREIGN for row in meant):
            raise GuardRefusal("foreign", "The id may be that of a row which this run did not create.")
        entries = self._own_rows(text)
        if len(entries) > 1:  # whose marker would go into the name?
            raise GuardRefusal("foreign", "The id may be that of more than one row.")
        return Passage("write", operation, max(meant), entries)


def _checked(method: str, target: str) -> str:
    if not _TOKEN.fullmatch(method) or not _TARGET.fullmatch(target) or "#" in target:
        raise GuardRefusal("malformed-request", "The request line is not one of HTTP.")
    if method.upper() in _NEVER:
        raise GuardRefusal("method", f"{method.upper()} could show the key.")
    return target


def _check_query(query: str, *, reads: bool) -> None:
    if query and not reads:
        raise GuardRefusal("query", "Only the documented reads have a query.")
    if any(name.strip().lower() == "_method" for name, _ in parse_qsl(query, keep_blank_values=True)):
        raise GuardRefusal("override", "A query that overrides the method could turn a read into a write.")


def _leads_to(operation: Operation, segments: tuple[str, ...]) -> bool:
    if len(operation.segments) != len(segments):
        return False
    pairs = zip(operation.segments, segments, strict=True)
    return all(own == asked or own.startswith("{") for own, asked in pairs)


class Standing(Enum):
    """What an id is to the run."""

    OWN = "own"  # created by it, and seen to bear its marker
    CLAIMED = "claimed"  # an answer to a create named it
    DEAD = "dead"  # created and deleted by it
    IMPOSSIBLE = "impossible"  # exists nowhere
    FOREIGN = "foreign"  # anything else


_STANDINGS = {
    State.CLAIMED: Standing.CLAIMED,
    State.LIVE: Standing.OWN,
    State.GONE: Standing.DEAD,
    State.DELETED: Standing.DEAD,
}


class Holdings:
    """The ids of one run, kept beside its ledger. May be used from any thread."""

    def __init__(self, ledger: Ledger, impossible_from: int) -> None:
        self.ledger = ledger
        self._impossible_from = impossible_from
        self._by_id: dict[int, Entry] = {}
        self._foreign: set[int] = set()
        self._highest: int | None = None
        self._lock = threading.RLock()

    def standing(self, row: int) -> Standing:
        """Tell what an id is to the run."""
        with self._lock:
            entry = self._by_id.get(row)
            if entry is not None:
                return _STANDINGS.get(entry.state, Standing.FOREIGN)
            return Standing.IMPOSSIBLE if row <= 0 or self._is_beyond(row) else Standing.FOREIGN

    def cannot_tell(self, row: int) -> bool:
        """Tell whether an id may be impossible, but no answer has shown yet how high the service's ids are."""
        return row >= self._impossible_from and self._highest is None

    def see(self, row: int) -> None:
        """Note an id that exists, or 0 if a list shows none."""
        with self._lock:
            self._highest = max(self._highest or 0, row)

    def _is_beyond(self, row: int) -> bool:
        return self._highest is not None and row >= max(self._impossible_from, 1000 * self._highest)

    def entry(self, row: int) -> Entry | None:
        """Return the create that an id belongs to."""
        with self._lock:
            return self._by_id.get(row)

    def claim(self, entry: Entry, row: int, name: str | None = None) -> None:
        """Take the id that a create's answer named; not one that was seen as another's, or that is held already."""
        with self._lock:
            held = self._by_id.get(row)
            if row in self._foreign or (held is not None and held.exists):
                self.ledger.answered(entry)
                return
            self.see(row)
            self.ledger.created(entry, row, name)
            self._by_id[row] = entry
            if name is not None:
                entry.state = State.LIVE

    def settle(self, entry: Entry, state: State) -> None:
        """Note what a look at a row, or an accepted delete, has shown."""
        with self._lock:
            if state is State.GONE or entry.exists:
                entry.state = state

    def judge(self, row: int, marked: bool) -> bool:
        """Note the id of a row that an answer showed, and tell whether the row is the run's own."""
        with self._lock:
            self.see(row)
            if not marked and row not in self._by_id:
                self._foreign.add(row)
            return marked or self.standing(row) is Standing.OWN

    def claimed(self) -> list[Entry]:
        """Return the creates whose rows were not looked at yet."""
        with self._lock:
            return [entry for entry in self._by_id.values() if entry.state is State.CLAIMED]

    @property
    def live(self) -> int:
        """How many rows of the run may exist now."""
        with self._lock:
            return sum(entry.exists for entry in list(self.ledger.entries.values()))


def row_id(value: Any) -> int | None:
    """Return a row's id out of an answer: an integer, or a text of digits; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    return None


# Which rows a text in a path may mean: every integer that a service could read in it. A reading too many costs a
# request, and a reading too few may cost somebody's row.

_INT_MAX = 2**63 - 1
_WORD = 2**32
_LEADING = re.compile(r"\s*([+-]?[0-9]+)", re.ASCII)
_FLOAT = re.compile(r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?)", re.ASCII)
_ODD_START = re.compile(r"[^0-9A-Za-z+.-]+")
_MOST_DIGITS = 4000  # int() refuses more, and no service has such ids


def readings(text: str) -> frozenset[int]:
    """Return every integer that a once-decoded path segment may be cast to; 0 stands for none.

    PHP's cast (`1abc`, `01`, `1.9`, ` 1` are 1, `1e3` is 1000), C's and JavaScript's (`1e3` is 1), Python's (other
    digits than ASCII's, `1_0`, `0x1`), octal, a second percent-decoding, and 32-bit wrap-around.
    """
    found = {0}
    for spelling in _spellings(text):
        found.update(_casts(spelling))
    return frozenset(found | {_wrapped(value) for value in found})


def _spellings(text: str) -> set[str]:
    spellings = {text}
    for _ in range(4):
        spellings |= {unquote(spelling) for spelling in spellings}
    spellings |= {spelling.replace("+", " ") for spelling in spellings}
    spellings |= {unicodedata.normalize("NFKC", spelling) for spelling in spellings}
    return spellings | {_ODD_START.sub("", spelling, count=1) for spelling in spellings}


def _casts(text: str) -> Iterator[int]:
    if found := _LEADING.match(text):
        yield _clamped(found[1])
    if found := _FLOAT.match(text):
        value = float(found[1])
        # PHP clamps what is beyond 64 bits, and takes infinity for 0.
        yield int(value) if abs(value) < _INT_MAX else (_INT_MAX if value > 0 else -_INT_MAX)
    bases = (10, 0, 8) if text.strip().startswith("0") else (10,)
    for base in bases:
        with contextlib.suppress(ValueError):
            yield int(text[:_MOST_DIGITS], base)


def _clamped(digits: str) -> int:
    return max(-_INT_MAX, min(_INT_MAX, int(digits[:_MOST_DIGITS])))


def _wrapped(value: int) -> int:
    low = value % _WORD
    return value if abs(value) < _WORD else low
