"""Decides what may pass: nothing that could reach a row which is not proven to be the run's, or once others changed."""

from __future__ import annotations

import contextlib
import json
import re
import threading
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl, unquote

from contract_tests.document import DocumentedOperation, Facts
from contract_tests.guard.account import SERVER, Account
from contract_tests.guard.exchange import GuardRefusal, Reply
from contract_tests.guard.ledger import CreateState, Id, Ledger, LedgerEntry, row_id

# A path that no service has, to ask what an unknown route returns.
NOWHERE = "bpm-nowhere"

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_TARGET = re.compile(r"/[!-~]*")
_NEVER = frozenset({"TRACE", "CONNECT"})  # they echo the key, or open a way around the guard
_INT_MAX = 2**63 - 1
_WORD = 2**32
_LEADING = re.compile(r"\s*([+-]?[0-9]+)", re.ASCII)
_FLOAT = re.compile(r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?)", re.ASCII)
_ODD_START = re.compile(r"[^0-9A-Za-z+.-]+")
_MOST_DIGITS = 4000  # int() refuses longer numbers, and no service has such ids

# Ids from here on are unused, unless 1000 times the highest id is above them.
_IMPOSSIBLE_FROM = 10**9
# How many rows with ids in the order of creation prove that ids grow.
_TELLING = 5
# States in which the guard has to look at the row, and in which it has to find the row first.
_TO_PROVE = frozenset({CreateState.CLAIMED, CreateState.GONE})
_TO_FIND = frozenset({CreateState.OPEN, CreateState.UNKNOWN})
_OR_ELSE = "If nobody else did it, the service did."

Effect = Literal["read", "create", "write"]
Rows = Mapping[Id, Mapping[str, Any]]
# Returns the number of the marker in a row; None without a marker.
NumberIn = Callable[[Mapping[str, Any]], int | None]


class Alarm(NamedTuple):
    """Why the run has stopped writing.

    It is `about` the `list` (it cannot be read whole), the `ids` (they are not given as they should be), the `mark`
    (rows of the run do not show it), the `status` (a look at a row is a 5xx), the `json` (it is not JSON), what is
    `deleted` (and stays), what is shown `late` (the run would take too long) or `others`: rows of others may have been
    harmed, so that not even the clean-up deletes anything. `bytes` is a remark that does not stop the run: what is not
    UTF-8 broke the service, and was taken back. `row` is the id, None for a list.
    """

    sentence: str
    about: Literal["list", "ids", "mark", "status", "json", "others", "deleted", "bytes", "late"]
    row: Id | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A request that may pass as far as its method and path are concerned.

    `operation` is None if the document has none for the method. `row` is the id in the path, a number as PHP would cast
    it, or None; `entry` is the create of the run that it belongs to.
    """

    effect: Effect
    operation: DocumentedOperation | None
    row: Id | None = None
    entry: LedgerEntry | None = None


class Holdings:
    """What the run owns, by create, and what was there before: ids, and the content of other rows.

    May be used from any thread. `alarms` say why the run has stopped writing; it may write while there are none.
    """

    def __init__(self, ledger: Ledger, facts: Facts, number_in: NumberIn) -> None:
        self.ledger = ledger
        self.is_surveyed = False
        self.there_first: frozenset[Id] = frozenset()  # before the run wrote
        self.has_texts = False  # ids that are texts, such as UUIDs
        self.writes = 0  # counts the writes that may have changed something
        self.alarms: list[Alarm] = []
        self.takes_bytes: Alarm | bool = (
            False  # whether bytes that are not UTF-8 are harmless; the alarm if they broke something
        )
        self._steady = [
            name for word, name in facts.row.items() if word not in {"created", "changed"}
        ]  # what only a write changes
        self._number_in = number_in
        self._by_id: dict[Id, LedgerEntry] = {}
        self._looks: dict[tuple[str, Id], tuple[int, str]] = {}
        self._highest: int | None = None
        self._grows, self._floor = False, 0  # whether new ids are above this one
        self._lock = threading.RLock()

    def halt(self, alarm: Alarm) -> None:
        """Stop the run's writes, and say why."""
        with self._lock:
            if alarm not in self.alarms:
                self.alarms.append(alarm)
            if alarm.about == "deleted" and alarm.row is not None:
                self.ledger.harmed(alarm.row, alarm.sentence)

    def check_may_write(self) -> None:
        """Raise GuardRefusal (`halted`) once there was an alarm."""
        if self.alarms:
            raise GuardRefusal("halted", f"The run writes no more. {self.alarms[0].sentence}")

    def miss(self, *rows: Id) -> None:
        """Stop the run's writes if rows of others are gone."""
        for row in rows:
            gone = f"The row {row}, which this run did not create, is gone. {_OR_ELSE}"
            self.halt(Alarm(gone, "others", row))

    def survey(self, born: Mapping[Id, str], *, is_whole: bool) -> None:
        """Note the rows that are there before the run writes, and when each was made.

        Not `is_whole`: there may be others, and only an id above all that are shown is a new one. Raises GuardRefusal
        (`ledger`).
        """
        with self._lock:
            self.there_first = frozenset(born)
            self.ledger.found_before(born)
            self.see(*self.ledger.before)
            self._highest = self._highest or 0
            by_time = sorted(born, key=lambda row: (born[row], str(row).zfill(20)))
            numbers = [row for row in by_time if isinstance(row, int)]
            is_telling = len(numbers) == len(born) >= _TELLING and numbers == sorted(numbers)
            self._grows = is_telling or not is_whole
            self._floor = max(numbers, default=0)
            self.is_surveyed = True

    def see(self, *rows: Id) -> None:
        """Note ids that exist."""
        with self._lock:
            for row in rows:
                if isinstance(row, int):
                    self._highest = max(self._highest or 0, row)
                else:
                    self.has_texts = True

    def entry(self, row: Id) -> LedgerEntry | None:
        """Return the create that an id belongs to."""
        with self._lock:
            return self._by_id.get(row)

    def is_impossible(self, row: int) -> bool:
        """Tell whether an id is surely unused: it is not positive, or far above all known ids."""
        far = self._highest is not None and row >= max(_IMPOSSIBLE_FROM, 1000 * self._highest)
        return row <= 0 or far

    def cannot_tell(self, row: int) -> bool:
        """Tell whether an id may be unused, but no response has shown yet how high the service's ids are."""
        return row >= _IMPOSSIBLE_FROM and self._highest is None

    def claim(self, entry: LedgerEntry, row: Id) -> bool:
        """Take the id that a create's response, or a look, named; False if it was there before."""
        with self._lock:
            held = self._by_id.get(row)
            said = f"A create was answered with the id {row}, which"
            if row in self.ledger.before | self.ledger.others:
                self.halt(Alarm(f"{said} was there before.", "ids", row))
            elif held is not None and held is not entry and held.exists:
                self.halt(Alarm(f"{said} an earlier create had got.", "ids", row))
            elif self._grows and not (isinstance(row, int) and row > self._floor):
                self.halt(
                    Alarm(f"{said} is not above {self._floor}: the list may have hidden its row.", "ids", row)
                )
            else:
                self.see(row)
                self.ledger.created(entry, row)
                self._by_id[row] = entry
                return True
            return False

    def unsettled(self) -> list[LedgerEntry]:
        """Return the creates with an unknown outcome, in their order.

        No look has shown the row, the create had no response, or there was no look since the row's delete.
        """
        with self._lock:
            entries = list(self.ledger.entries.values())
        return [
            entry
            for entry in entries
            if entry.state in _TO_PROVE
            or (entry.state in _TO_FIND and entry.is_create and not entry.is_sought)
        ]

    def compare(self, kind: str, rows: Rows, *, whole: bool) -> None:
        """Compare rows of others with what the last response of the same kind showed: no write may have changed them.

        `whole`: the response shows all rows, so none of them may be missing.
        """
        with self._lock:
            self.see(*rows)
            if whole and self.writes:
                self.miss(*sorted(self.there_first - rows.keys(), key=str))
            for row, node in rows.items():
                is_marked = self._number_in(node) is not None
                if row in self._by_id or (is_marked and row not in self.ledger.before | self.ledger.others):
                    continue
                look = json.dumps([node.get(name) for name in self._steady], sort_keys=True)
                writes, before = self._looks.get((kind, row), (self.writes, look))
                self._looks[kind, row] = self.writes, look
                self.ledger.others.add(row)
                if is_marked or (look != before and writes != self.writes):
                    changed = f"The row {row}, which this run did not create, changed while the run wrote to others."
                    self.halt(Alarm(f"{changed} {_OR_ELSE}", "others", row))

    def note_listed(self, rows: Rows, *, whole: bool) -> None:
        """Note whether a list shows rows of the run, and all of them. If not, lists do not prove that rows are gone."""
        entries = ((self.entry(row), node) for row, node in rows.items())
        if any(entry and self._number_in(node) == entry.number for entry, node in entries):
            self.ledger.once("listed")
        if whole and not self.ledger.is_partial and self.ledger.proven - rows.keys():
            self.ledger.once("partial")

    @property
    def live(self) -> int:
        """How many rows of the run may exist now."""
        with self._lock:
            return sum(entry.exists for entry in list(self.ledger.entries.values()))


class Watch:
    """Watches the rows of others: decides when the list must be read before the next write, and reads it.

    It is read before the first write, after the first write of each kind and outcome, after a write with an unknown
    outcome, and before a create if the run has more rows than ever. A suite's own list can take its place.
    """

    def __init__(self, account: Account, ledger: Ledger, holdings: Holdings) -> None:
        self._account = account
        self._ledger = ledger
        self._holdings = holdings
        self._is_due = False
        self._most = 0  # rows of the run that were there when the list was last read
        self._outcomes: set[tuple[str, bool]] = set()  # kinds of writes, and whether they were accepted

    def survey(self) -> None:
        """Read the whole list once before the run writes: what it shows is not the run's.

        Raises GuardRefusal (`halted`, `ledger`).
        """
        holdings = self._holdings
        if holdings.is_surveyed:
            return
        census = self._account.census()
        if census.gap and not census.is_miscounted:
            why = "So a new row could not be told from one that was there, and nothing was written."
            holdings.halt(Alarm(f"{census.gap} {why}", "list"))
        else:
            self._account.standing = [*census.rows]
            holdings.survey(self._account.born(census.rows), is_whole=not census.gap)
            holdings.compare("list", census.rows, whole=not census.gap)
        holdings.check_may_write()

    def expect(self, *, is_create: bool) -> None:
        """Note that a write is next; its effect is unknown until it has an outcome.

        An account that is full may drop its oldest row for a new one, so a create may call for the list now.
        """
        self._is_due |= not is_create or self._holdings.live > self._most

    def note(self, kind: str, reply: Reply) -> None:
        """Note the outcome of a write. The first one of each outcome makes a look at the rows of others due.

        The effect of a write is unknown if the service fails. A refused update or delete has had none, if the service
        is honest.
        """
        outcome = (kind, reply.is_success)
        is_new = outcome not in self._outcomes and (reply.is_success or kind == "create")
        self._outcomes.add(outcome)
        self._is_due = is_new or reply.status >= SERVER

    def look(self) -> None:
        """Check that rows of others have not changed, if that is due. Raises GuardRefusal (`halted`)."""
        if not self._is_due:
            return
        holdings, ledger = self._holdings, self._ledger
        census = self._account.census(showing=frozenset() if ledger.is_partial else ledger.proven)
        holdings.compare("list", census.rows, whole=census.is_counted)
        holdings.note_listed(census.rows, whole=not census.gap)
        if census.gap and not census.is_miscounted:
            why = "It could be read before, so what was done to rows of others would not show."
            holdings.halt(Alarm(f"{census.gap} {why}", "list"))
        elif ledger.is_partial:
            self._look_at(holdings.there_first)
        elif not census.is_counted:
            self._look_at(holdings.there_first - census.rows.keys())
        self._have_looked()
        holdings.check_may_write()

    def take(self, rows: Rows, *, whole: bool) -> None:
        """Take the rows of a suite's list, read since the last write, in place of the one that is due."""
        if whole and not (self._holdings.unsettled() or self._ledger.proven - rows.keys()):
            self._have_looked()

    def _look_at(self, rows: Set[Id]) -> None:
        """Look at rows of others that the list may not show."""
        for row, reply in self._account.looks(rows):
            if self._account.is_gone(reply):
                self._holdings.miss(row)
            self._holdings.compare("retrieve", self._account.shown(reply, "retrieve"), whole=False)

    def _have_looked(self) -> None:
        self._is_due = False
        self._most = max(self._most, self._holdings.live)


class Policy:
    """The rules of one run.

    `path` is the target's. `survey` reads the list to learn the ids; `is_nowhere` asks whether a text is not the
    id of a row.
    """

    def __init__(  # noqa: PLR0913 -- what the rules rest on
        self,
        facts: Facts,
        path: str,
        holdings: Holdings,
        survey: Callable[[], object],
        is_nowhere: Callable[[str], bool],
        *,
        allow_writes: bool,
    ) -> None:
        self._facts = facts
        self._path = path
        self._holdings = holdings
        self._survey = survey
        self._is_nowhere = is_nowhere
        self._allow_writes = allow_writes

    def admit(self, method: str, target: str) -> Passage:
        """Return how a request may pass. Raises GuardRefusal; its docstring lists the reasons."""
        path, _, query = _checked(method, target).partition("?")
        segments = self._segments(path)
        if method == "GET" and len(segments) == 1 and segments[0].startswith(NOWHERE):
            return Passage("read", None)
        found = sorted(
            self._operations(segments), key=lambda one: one.path.endswith("/") is not path.endswith("/")
        )
        operation = next((one for one in found if one.method == method), None)
        _check_query(query, reads=method == "GET" and operation is not None)
        if method == "GET" and operation is not None:
            row = self._meant(segments[-1]) if operation.on_row else None
            return Passage("read", operation, row, None if row is None else self._holdings.entry(row))
        if not self._allow_writes:
            raise GuardRefusal("read-only", "The run may only read: allow writes to let this pass.")
        if operation is not None and operation.kind == "create":
            return Passage("create", operation)
        if not found[0].on_row:
            raise GuardRefusal(
                "method", f"The document has no {method[:20]} for this path, which names no row."
            )
        if not segments[-1].strip("\0\t\n\r\v\f "):  # a service that trims it might write to all rows
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

    def _operations(self, segments: tuple[str, ...]) -> list[DocumentedOperation]:
        found = [one for one in self._facts.operations.values() if _leads_to(one, segments)]
        if not found:
            raise GuardRefusal("path", "The document has no such path.")
        return found

    def _meant(self, text: str) -> Id:
        """Return the id that a path segment names: an id of the run with this spelling, else the number in it."""
        row = row_id(text)
        return row if row is not None and self._holdings.entry(row) else max(readings(text))

    def _write(self, text: str, operation: DocumentedOperation | None) -> Passage:
        holdings, exact = self._holdings, row_id(text)
        if isinstance(exact, str) and (entry := holdings.entry(exact)):
            return Passage("write", operation, exact, entry)
        meant = readings(text)
        if holdings.cannot_tell(max(meant)):
            self._survey()
        own = {row: entry for row in meant if (entry := holdings.entry(row))}
        if any(not holdings.is_impossible(row) for row in meant - own.keys()):
            raise GuardRefusal("foreign", "The id may be that of a row which this run did not create.")
        if len(own) > 1:  # whose marker should the name get?
            raise GuardRefusal("foreign", "The id may be that of more than one row.")
        if text not in map(str, own):  # a text that is not a number may name a row all the same
            self._survey()
            if holdings.has_texts and not self._is_nowhere(text):
                raise GuardRefusal("foreign", "The id may be that of a row which this run did not create.")
        return Passage("write", operation, max(meant), next(iter(own.values()), None))


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


def _leads_to(operation: DocumentedOperation, segments: tuple[str, ...]) -> bool:
    if len(operation.segments) != len(segments):
        return False
    pairs = zip(operation.segments, segments, strict=True)
    return all(own == asked or own.startswith("{") for own, asked in pairs)


def readings(text: str) -> frozenset[int]:
    """Return every integer that a service could read in a path segment that is decoded once; 0 stands for none.

    PHP's cast (`1abc`, `01`, `1.9`, ` 1` are 1, `1e3` is 1000), C's and JavaScript's (`1e3` is 1), Python's (other
    digits than ASCII's, `1_0`, `0x1`), octal, a second percent-decoding, and 32-bit wrap-around. A reading too many
    costs a request, and a reading too few may cost another user's row.
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
