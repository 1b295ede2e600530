"""The write-ahead file of one run, its entry for each create, and the marker that identifies the run's rows.

The ledger is JSON lines, each synced to disk before the guard goes on. It never holds the key. The first line has the
target, the run's marker, the time, the process, and a 16-bit check of the key and the target: with another account's
key every row would seem to be gone, and another target must not get the key. Each further line is an event:

    {"event": "before", "ids": [3, 7], "born": …}   the rows that were there before the first create, and of each a
                                                    digest of its id and time: other accounts have other rows
    {"event": "intent", "number": 7, "time": …}     before a create, or another write that might create, is sent
    {"event": "created", "number": 7, "id": 31}     its response, or a look at the row, named an id; a second one is a
                                                    second row of that create, and further events on it name it
    {"event": "seen", "number": 7}                  a look at the row has shown the marker
    {"event": "answered", "number": 7}              it was refused
    {"event": "unknown", "number": 7}               it succeeded, and the response named no new id
    {"event": "doomed", "number": 7}                its delete was sent, and not refused
    {"event": "accepted", "number": 7}              its delete succeeded
    {"event": "deleted", "number": 7}               a look at its id says that the row is gone
    {"event": "listed"}                             the list has shown a row of the run: it does not hide them
    {"event": "partial"}                            the whole list lacked a row of the run that was there
    {"event": "late"}                               a row was shown some time after its create
    {"event": "moved"}                              a row went without a delete: it may have another id now
    {"event": "harmed", "id": 31, "why": "When 31 …"}   the delete of a row did harm: nothing more is deleted
    {"event": "unharmed"}                           it did none: the row has gone since, and nothing else

A file that is finished gets the suffix `.swept`, one that was given up `.forgotten`. A torn line, as a crash
leaves it, is skipped. A process locks the ledger while it has it open.
"""

from __future__ import annotations

import contextlib
import errno
import hmac
import json
import os
import re
import secrets
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args
from urllib.parse import urlsplit

from contract_tests.guard.exchange import GuardRefusal, Unswept
from mock_server.document.source import LARGEST, read_bytes

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

# The folder of each worker's ledger begins with this if a run has several workers.
WORKER = "worker-"
_SUFFIX = ".jsonl"
_SWEPT = ".swept"
_FORGOTTEN = ".forgotten"
_LONGEST_REASON = 300
_BLANKS = re.compile(r"[\s\0]*")
_OPENING = re.compile(_BLANKS.pattern + "(?:[A-Za-z]-)?")  # what comes before the marker in a name
_TEXT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ADDRESS = re.compile(r"(?<=@|/)(?=[\w-]+\.)")  # where the host of a mailbox or URL begins

# An id: a number, or a text such as a UUID.
Id = int | str
# An event that says how the service is. The ledger has a property for each, such as `is_listed`.
Trait = Literal["listed", "partial", "late", "moved"]


def row_id(value: Any) -> Id | None:
    """Return a row's id as a response shows it, numbers as int even if JSON has `1.0`; None for other values."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, str) and _TEXT_ID.fullmatch(value):
        is_number = value.isdigit() and (value == "0" or value[0] != "0") and len(value) < 20
        return int(value) if is_number else value
    return None


class Marker:
    """The marker of one run, `bpm-` and eight hex digits, and of each create in it. Suites never see it.

    It is part of the stored name, `bpm-1a2b3c4d-00007:Example`, after any white space that the name begins with: so the
    result without the marker is the same as ever, whether or not the service trims names. The marker costs room: if a
    service cuts names at 128 characters, a suite sees `Marker.LENGTH` fewer. The order by name becomes that of
    creation, unless names begin with a letter and a hyphen, which stay before the marker:
    `a-bpm-1a2b3c4d-00007:Example`. A blank name should be refused, so it is not marked; then the marker goes into the
    addresses of the form, as a label of the host: `hey@bpm-1a2b3c4d-00007.example.com`.
    """

    LENGTH = 19
    LAST = 99_999

    def __init__(self, run: str | None = None) -> None:
        self.run = run or f"bpm-{secrets.token_hex(4)}"
        self._text = re.compile(re.escape(self.run) + r"-(\d{5})[:.]")
        self._bytes = re.compile(self._text.pattern.encode())

    def of(self, number: int) -> str:
        """Return the unique marker of a create, without the sign that follows it in a name or host."""
        return f"{self.run}-{number:05}"

    @staticmethod
    def is_blank(name: str) -> bool:
        """Tell whether a name is empty or white space."""
        return _BLANKS.fullmatch(name) is not None

    def insert(self, name: str, number: int) -> str:
        """Return the name with the marker in it, even if the name is blank."""
        found = _OPENING.match(name)
        start = found.end() if found else 0
        return f"{name[:start]}{self.of(number)}:{name[start:]}"

    def in_address(self, value: str, number: int) -> str:
        """Return a mailbox or URL with the marker as the first label of its host; other texts unchanged."""
        return _ADDRESS.sub(f"{self.of(number)}.", value, count=1)

    def strip(self, body: bytes) -> bytes:
        """Return a body without markers of the run, otherwise unchanged."""
        return self._bytes.sub(b"", body)

    def strip_text(self, text: str) -> str:
        """Return a text without markers of the run."""
        return self._text.sub("", text)

    def number_in(self, text: str) -> int | None:
        """Return the number of the first marker of the run in a text."""
        found = self._text.search(text)
        return int(found[1]) if found else None


class CreateState(StrEnum):
    """How far a create has come."""

    OPEN = "open"  # sent, without a response so far
    ANSWERED = "answered"  # refused: no row, if the service is honest
    UNKNOWN = "unknown"  # succeeded, but the response named no new id: a row exists under an unknown one
    CLAIMED = "claimed"  # the response named an id, but no look has shown the marker there yet
    LIVE = "live"  # a look at the row has shown the marker
    GONE = "gone"  # a delete was accepted, without a look since
    DELETED = "deleted"  # a look says that it is gone


_THERE = frozenset({CreateState.CLAIMED, CreateState.LIVE, CreateState.UNKNOWN})


@dataclass(slots=True)
class LedgerEntry:
    """One create of the run, from the intent to the confirmed deletion.

    `time` is that of the intent, in seconds since 1970. `is_create` is False for a write to an id that should not
    exist. `is_nameless`: it had no plain name, so its marker may stand in an address alone. `is_sought`: the list was
    searched for its row. `is_doomed`: a delete was sent and not refused. `seen` says when a look last proved that the
    row is the run's, or gone: after how many writes, and at what time. `row` is what that look showed.
    """

    number: int
    marker: str
    time: float
    is_create: bool = True
    is_sought: bool = False
    is_doomed: bool = False
    is_nameless: bool = False
    row: Mapping[str, Any] | None = field(default=None, repr=False)
    id: Id | None = None
    state: CreateState = CreateState.OPEN
    seen: tuple[int, float] | None = None

    @property
    def exists(self) -> bool:
        """Whether a row of this entry may be there."""
        return self.state in _THERE or (self.state is CreateState.OPEN and self.is_create)


class Ledger:
    """A ledger that is open for writing; if `file` is None, it is kept in memory only.

    All methods may be called from any thread. If the disk fails, `fault` says so; `intend` and `found_before` then
    raise GuardRefusal (`ledger`), so that nothing is created without a line in the file. What happened before is still
    known.
    """

    def __init__(
        self, target: str, marker: Marker, file: Path | None, entries: Iterable[LedgerEntry] = ()
    ) -> None:
        self.target = target
        self.marker = marker
        self.file = file
        self.entries: dict[int, LedgerEntry] = {entry.number: entry for entry in entries}
        self.before: set[Id] = set()
        self._born: dict[
            Id, str
        ] = {}  # of rows that were there before: a digest, which differs from those of other accounts
        self.others: set[Id] = set()  # rows that were seen since, and are not the run's
        self.is_listed = False  # whether the list has ever shown a row of the run
        self.is_partial = False  # whether the whole list has ever lacked a row of the run that was there
        self.is_late = False  # whether a row of the run was shown some time after its create
        self.is_moved = False  # whether a row of the run ever went without a delete
        self.is_queued = False  # whether a create was accepted for later
        self.harm = ""  # what harm a delete did, in a sentence
        self.harmed_by: Id | None = None  # the row of that delete
        self.key_check = ""
        self.fault = ""
        self._is_torn = False  # whether the file ends in the middle of a line
        self._out: FileIO | None = None
        self._lock = threading.RLock()

    @classmethod
    def open_for(
        cls, target: str, directory: Path, key: str, clock: Callable[[], float], marker: Marker | None = None
    ) -> Ledger:
        """Begin a run's ledger in a directory. Raises Unswept while it has one of an earlier run on the target."""
        check_swept(target, directory)
        marker = marker or Marker()
        directory.mkdir(parents=True, exist_ok=True)
        host = urlsplit(target).netloc.replace(":", "-")
        file = directory / f"{host}-{marker.run}{_SUFFIX}"
        ledger = cls(target, marker, file)
        ledger.key_check = key_check(key, marker.run, target)
        first = {"target": target, "marker": marker.run, "time": clock(), "pid": os.getpid()}
        file.touch(exist_ok=False)
        ledger.hold()
        ledger._write({"event": "run", **first, "key_check": ledger.key_check})
        _sync_directory(directory)
        return ledger

    @classmethod
    def read(cls, file: Path) -> Ledger:
        """Read a run's ledger. Raises ValueError, in a sentence, if the file is not one."""
        lines = _lines(file)
        first = lines[0] if lines else {}
        if first.get("event") != "run" or not all(
            isinstance(first.get(k), str) for k in ("target", "marker")
        ):
            raise ValueError(f"{file} is not a ledger: its first line does not name a run.")
        ledger = cls(first["target"], Marker(first["marker"]), file)
        ledger.key_check = str(first.get("key_check", ""))
        for number, line in enumerate(lines[1:], start=2):
            try:
                ledger._replay(line)
            except (ArithmeticError, LookupError, TypeError, ValueError):
                raise ValueError(f"{file} is not a ledger: its event {number} cannot be read.") from None
        return ledger

    @property
    def expects_more(self) -> bool:
        """Whether the list may show rows of the run later: second rows of a create, moved, late or queued ones."""
        return (
            self.is_moved
            or self.is_late
            or self.is_queued
            or any(number < 0 for number in list(self.entries))
        )

    @property
    def proven(self) -> frozenset[Id]:
        """The rows that a look has proven to be the run's, and that were not seen to be gone since."""
        entries = list(self.entries.values())
        return frozenset(e.id for e in entries if e.state is CreateState.LIVE and e.id is not None)

    def hold(self) -> None:
        """Open the file for writing, and lock it.

        Raises Unswept if another process has it, FileNotFoundError if one has finished it meanwhile, and OSError.
        """
        if self.file is None or self._out is not None:
            return
        held = self.file.read_bytes()
        out = self.file.open("r+b", buffering=0)
        is_locked = _locked(out)
        if not is_locked or not _is_at(self.file, out):
            out.close()
            if is_locked:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.file))
            raise Unswept(f"{self.file} belongs to a run that is not over: wait for its end.")
        out.seek(0, os.SEEK_END)
        self._is_torn = not held.endswith(b"\n") and bool(held)
        self._out = out

    def release(self) -> None:
        """Close the file, and give the lock back."""
        with self._lock:
            if self._out is not None:
                self._out.close()
                self._out = None

    def found_before(self, born: Mapping[Id, str]) -> None:
        """Note the rows that are there before the first create, and when each was made."""
        with self._lock:
            ids = sorted(born, key=lambda row: (isinstance(row, str), row))
            line = {"event": "before", "ids": ids, "born": [self._digest(row, born[row]) for row in ids]}
            self._replay(line)
            self._insist(line)

    def is_same_account(self, born: Mapping[Id, str]) -> bool:
        """Tell whether rows, with their times of creation, are of the account that the run wrote to; True if unknown.

        Some of its rows may be gone or have changed, but not all.
        """
        shown = (self._born.get(row) == self._digest(row, time) for row, time in born.items())
        return not self._born or any(shown)

    def _digest(self, row: Id, time: str) -> str:
        return hmac.digest(self.marker.run.encode(), f"{row} {time}".encode(), "sha256")[:4].hex()

    def intend(self, time: float, *, is_create: bool = True) -> LedgerEntry:
        """Note that a create, or a write that might create, is about to be sent, and return its entry."""
        with self._lock:
            number = max(self.entries, default=0) + 1
            self._insist({"event": "intent", "number": number, "time": time})
            entry = self._adopt(number, time)
            entry.is_create = is_create
            return entry

    def created(self, entry: LedgerEntry, row: Id) -> LedgerEntry:
        """Note the id that a create's response, or a look, named, and return the entry that has it.

        It is a new entry if the create has made another row before.
        """
        self._note({"event": "created", "number": entry.number, "id": row})
        return self._of(entry.number, row)

    def seen(self, entry: LedgerEntry) -> None:
        """Note that a look has shown a row with its marker."""
        if entry.state is CreateState.CLAIMED:
            self._note({"event": "seen", **self._naming(entry)})
        entry.state = CreateState.LIVE

    def answered(self, entry: LedgerEntry) -> None:
        """Note that a create was refused."""
        self._note({"event": "answered", "number": entry.number})

    def unknown(self, entry: LedgerEntry) -> None:
        """Note that a create succeeded, and that its response named no new id."""
        self._note({"event": "unknown", "number": entry.number})

    def deleted(self, entry: LedgerEntry) -> None:
        """Note that a row is gone for sure."""
        self._note({"event": "deleted", **self._naming(entry)})

    def once(self, event: Trait) -> None:
        """Note a trait of the service, unless it is known."""
        if not getattr(self, f"is_{event}"):
            self._note({"event": event})

    def harmed(self, row: Id, why: str) -> None:
        """Note that the delete of a row did harm: neither this run nor a sweep deletes anything more."""
        if not self.harm:
            self._note({"event": "harmed", "id": row, "why": why})

    def unharmed(self) -> None:
        """Note that a delete did what it should after all, only later."""
        self._note({"event": "unharmed"})

    def doomed(self, entry: LedgerEntry) -> None:
        """Note that a row's delete was sent and not refused."""
        if not entry.is_doomed:
            self._note({"event": "doomed", **self._naming(entry)})

    def accepted(self, entry: LedgerEntry) -> None:
        """Note that a row's delete succeeded."""
        self._note({"event": "accepted", **self._naming(entry)})

    def found(self, number: int, row: Id, time: float) -> LedgerEntry:
        """Return the entry of a row whose marker was shown: the one with its id, else the first one of its create."""
        with self._lock:
            return self._of(number, row, time)

    def _of(self, number: int, row: Id | None, time: float = 0.0) -> LedgerEntry:
        entries = [entry for entry in self.entries.values() if entry.number == number]
        first = next(iter(entries), None) or self._adopt(number, time)
        return next((entry for entry in entries if row is not None and entry.id == row), first)

    def _naming(self, entry: LedgerEntry) -> dict[str, Any]:
        """Return what identifies an entry in an event."""
        is_first = self.entries.get(entry.number) is entry
        return {"number": entry.number} if is_first else {"number": entry.number, "id": entry.id}

    def finish(self) -> None:
        """Rename the file to `.swept`, since nothing of the run is left."""
        self._rename(_SWEPT)

    def forget(self) -> Path | None:
        """Give the run up. Returns the file's new path, which `sweep` still accepts."""
        return self._rename(_FORGOTTEN)

    def _rename(self, suffix: str) -> Path | None:
        if self.file is None or not self.file.exists():
            return None
        self.release()
        self.file = self.file.rename(self.file.with_name(self.file.name + suffix))
        _sync_directory(self.file.parent)
        return self.file

    def _adopt(self, number: int, time: float) -> LedgerEntry:
        entry = self.entries[number] = LedgerEntry(number, self.marker.of(number), time)
        return entry

    def _insist(self, line: dict[str, Any]) -> None:
        """Write an event that must be on disk before it happens. Raises GuardRefusal (`ledger`)."""
        try:
            self._write(line)
        except OSError as error:
            self._failed(error)
            raise GuardRefusal("ledger", f"{self.fault} So nothing more is created.") from None

    def _failed(self, error: OSError) -> None:
        self.fault = f"The ledger {self.file} cannot be written: {error.strerror or type(error).__name__}."

    def _note(self, line: dict[str, Any]) -> None:
        """Apply an event that has happened, and try to write it."""
        with self._lock:
            try:
                self._write(line)
            except OSError as error:
                self._failed(error)
            self._replay(line)

    def _replay(self, line: dict[str, Any]) -> None:
        """Apply an event. Raises ArithmeticError, KeyError, TypeError or ValueError if it is malformed."""
        if line["event"] == "before":
            ids = [_checked_id(each) for each in line["ids"]]
            self.before, self._born = set(ids), dict(zip(ids, map(str, line.get("born", ())), strict=False))
            return
        if line["event"] in {"harmed", "unharmed"}:
            is_harmed = line["event"] == "harmed"
            self.harmed_by = _checked_id(line["id"]) if is_harmed else None
            self.harm = str(line["why"])[:_LONGEST_REASON] if is_harmed else ""
            return
        if line["event"] in get_args(Trait):
            setattr(self, f"is_{line['event']}", True)
            return
        number, event = int(line["number"]), line["event"]
        row = _checked_id(line["id"]) if "id" in line else None
        entry = self._of(number, row, float(line.get("time", 0.0)))
        if event == "created":
            if entry.id not in {None, row}:  # entries of second rows have negative keys
                entry = LedgerEntry(number, entry.marker, entry.time, is_create=False)
                self.entries[-len(self.entries)] = entry
            entry.id, entry.state = _checked_id(row), CreateState.CLAIMED
        elif event == "seen":
            entry.state = CreateState.LIVE
        elif event == "doomed":
            entry.is_doomed = True
        elif event == "accepted":
            entry.state = CreateState.GONE
        elif event in {CreateState.ANSWERED.value, CreateState.UNKNOWN.value, CreateState.DELETED.value}:
            entry.state = CreateState(event)

    def _write(self, line: dict[str, Any]) -> None:
        if self.file is None:
            return
        with self._lock:
            self.hold()
            assert self._out is not None  # noqa: S101 -- hold has opened it
            data = b"\n" * self._is_torn + json.dumps(line).encode() + b"\n"
            self._is_torn = True
            if self._out.write(data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._is_torn = False
            # Without these, a sweep is more careful than necessary, or deletes once more.
            if line["event"] not in {"seen", "doomed", "accepted"}:
                os.fsync(self._out.fileno())


def _checked_id(value: Any) -> Id:
    found = row_id(value)
    if found is None:
        raise ValueError
    return found


def ledgers_in(directory: Path) -> list[Path]:
    """Return the unfinished ledgers in a directory, and in the folders that workers have there."""
    return sorted([*directory.glob(f"*{_SUFFIX}"), *directory.glob(f"{WORKER}*/*{_SUFFIX}")])


def check_swept(target: str, directory: Path) -> None:
    """Raise Unswept while the ledger of an earlier run on a target is in a directory."""
    for file in ledgers_in(directory):
        lines = _lines(file)
        if lines and lines[0].get("target") == target:
            marker = lines[0].get("marker")
            with file.open("rb") as ledger:
                if not _locked(ledger):
                    raise Unswept(f"The run {marker} on {target} is not over: wait for its end ({file}).")
            raise Unswept(
                f"The run {marker} on {target} left {file} unswept: finish it with `bitpeak-mock sweep {file}`."
            )


def key_check(key: str, run: str, target: str) -> str:
    """Return 16 bits of a digest of key and target. They reveal nothing more about the key."""
    return hmac.digest(f"{run} {target}".encode(), key.encode(), "sha256")[:2].hex()


def is_swept(file: Path) -> bool:
    """Tell whether a ledger, named with or without its suffix, is finished."""
    return file.name.endswith(_SWEPT) or file.with_name(file.name + _SWEPT).exists()


def _lines(file: Path) -> list[dict[str, Any]]:
    """Return the events of a file. Raises OSError, also if it is too large to be a ledger."""
    lines: list[dict[str, Any]] = []
    for text in read_bytes(file).split(b"\n"):
        line: Any = None
        with contextlib.suppress(ValueError, RecursionError):  # a line that a crash has torn
            line = json.loads(text)
        if isinstance(line, dict) and "event" in line:
            lines.append(line)
    return lines


def _locked(file: BinaryIO) -> bool:
    """Lock an open file for as long as it is open; False if another process has locked it."""
    try:
        if sys.platform == "win32":
            file.seek(LARGEST)  # beyond the end of the file: on Windows, others cannot read a locked byte
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # as on Windows, and on a file system without locks
        return sys.platform != "win32"
    return True


def _is_at(path: Path, file: BinaryIO | FileIO) -> bool:
    """Tell whether an open file still has its path: it may have been renamed before it was locked."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    return False


def _sync_directory(directory: Path) -> None:
    if os.name == "posix":  # elsewhere a directory cannot be opened
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
