"""The write-ahead file of one run, what it says of each create, and the marker that tells the run's rows from others.

The ledger is JSON lines, each on the disk before the guard goes on. It never holds the key. The first line names the
target, the run's marker, the time, the process, and a 16-bit check of the key, so that a sweep with another account's
key does not take every 404 for a row that is gone. Each further line is an event:

    {"event": "intent", "number": 7, "time": …}     before a create is sent
    {"event": "created", "number": 7, "id": 31}     its answer named an id; with "name" if the marker is not in it
    {"event": "answered", "number": 7}              its answer named none; 0: a write that should create nothing
    {"event": "named", "number": 7, "name": ""}     before an update that takes the marker away is sent
    {"event": "deleted", "number": 7}               confirmed by a 404 or by a list without it
    {"event": "left", "number": 7}                  the row is not, or no longer, the run's

A file that is finished gets the suffix `.swept`, one that was given up `.forgotten`. A torn last line is what a crash
leaves; it is passed over.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from contract_tests.guard.exchange import Unswept

_BLANKS = re.compile(r"[\s\0]*")


class Marker:
    """The marker of one run, `bpm-` and eight hex digits, and that of each create in it; the suites never see it.

    It stands inside the stored name, `bpm-1a2b3c4d-00007:Example`, after whatever white space the name begins with: a
    service that trims and one that does not then both give back, without the marker, what they would have given anyway.
    What the marker costs is room: if a service cuts a name at 128 characters, a suite sees `Marker.LENGTH` fewer.
    Ordering by name becomes ordering by creation.
    """

    LENGTH = 19
    LAST = 99_999

    def __init__(self, run: str | None = None) -> None:
        self.run = run or f"bpm-{secrets.token_hex(4)}"
        self._text = re.compile(re.escape(self.run) + r"-(\d{5}):")
        self._bytes = re.compile(self._text.pattern.encode())

    def of(self, number: int) -> str:
        """Return the unique marker of a create; 0 is for a write that should create nothing."""
        return f"{self.run}-{number:05}:"

    @staticmethod
    def is_blank(name: str) -> bool:
        """Tell whether a name is empty or white space."""
        found = _BLANKS.match(name)
        return found is not None and found.end() == len(name)

    def insert(self, name: str, number: int) -> str:
        """Return the name with the marker in it; a blank name stays as it is, since it should be refused."""
        found = _BLANKS.match(name)
        start = found.end() if found else 0
        return name if start == len(name) else name[:start] + self.of(number) + name[start:]

    def strip(self, body: bytes) -> bytes:
        """Return a body without any marker of the run, all else as it was."""
        return self._bytes.sub(b"", body)

    def strip_text(self, text: str) -> str:
        """Return a text without any marker of the run."""
        return self._text.sub("", text)

    def number_in(self, text: str) -> int | None:
        """Return the number of the first marker of the run in a text."""
        found = self._text.search(text)
        return int(found[1]) if found else None


class State(Enum):
    """How far a create has come."""

    OPEN = "open"  # sent, and no answer so far
    ANSWERED = "answered"  # answered without an id: no row, if the service is honest
    CLAIMED = "claimed"  # the answer named an id, and no look at that row has shown the marker yet
    LIVE = "live"  # the row was seen to bear the marker
    GONE = "gone"  # a delete was accepted, and nothing has confirmed it yet
    DELETED = "deleted"  # confirmed
    LEFT = "left"  # the id's row is not, or no longer, the run's: it stays


@dataclass(slots=True)
class Entry:
    """One create of the run, from the intent to the confirmed deletion. `time` is that of the intent, since 1970.

    `names` are the stored names, other than one with the marker, that the run itself gave the row: blank ones.
    """

    number: int
    marker: str
    time: float
    id: int | None = None
    state: State = State.OPEN
    names: set[str] = field(default_factory=set)

    @property
    def exists(self) -> bool:
        """Whether a row of this entry may be there."""
        return self.state in {State.OPEN, State.CLAIMED, State.LIVE}


# The folder of a worker's ledger begins with this, if a run is spread over several workers.
WORKER = "worker-"
_SUFFIX = ".jsonl"
_SWEPT = ".swept"
_FORGOTTEN = ".forgotten"


class Ledger:
    """A ledger that is open for writing; with `file` None it is kept in memory only.

    All methods may be called from any thread. Writing raises OSError if the disk does.
    """

    def __init__(self, target: str, marker: Marker, file: Path | None, entries: Iterable[Entry] = ()) -> None:
        self.target = target
        self.marker = marker
        self.file = file
        self.entries: dict[int, Entry] = {entry.number: entry for entry in entries}
        self.key_check = ""
        self._is_torn = False
        self._lock = threading.RLock()

    @classmethod
    def open_for(
        cls, target: str, directory: Path, key: str, clock: Callable[[], float], marker: Marker | None = None
    ) -> Ledger:
        """Begin a run's ledger in a directory. Raises Unswept while one of an earlier run on the target is there."""
        check_swept(target, directory)
        marker = marker or Marker()
        directory.mkdir(parents=True, exist_ok=True)
        host = urlsplit(target).netloc.replace(":", "-")
        ledger = cls(target, marker, directory / f"{host}-{marker.run}{_SUFFIX}")
        ledger.key_check = key_check(key, marker.run)
        first = {"target": target, "marker": marker.run, "time": clock(), "pid": os.getpid()}
        ledger._write({"event": "run", **first, "key_check": ledger.key_check})
        _sync_directory(directory)
        return ledger

    @classmethod
    def read(cls, file: Path) -> Ledger:
        """Open a run's ledger again. Raises ValueError, in a sentence, if the file is not a ledger."""
        lines = _lines(file)
        if not lines or lines[0].get("event") != "run":
            raise ValueError(f"{file} is not a ledger: its first line does not name a run.")
        ledger = cls(lines[0]["target"], Marker(lines[0]["marker"]), file)
        ledger.key_check = str(lines[0].get("key_check", ""))
        ledger._is_torn = not file.read_bytes().endswith(b"\n")
        for line in lines[1:]:
            ledger._replay(line)
        return ledger

    def intend(self, time: float) -> Entry:
        """Note that a create is about to be sent, and return its entry."""
        with self._lock:
            number = max(self.entries, default=0) + 1
            entry = self._adopt(number, time)
            self._write({"event": "intent", "number": number, "time": time})
            return entry

    def created(self, entry: Entry, row: int, name: str | None = None) -> None:
        """Note the id that a create's answer, or a list, named; `name` if the row does not bear the marker."""
        with self._lock:
            line = {"event": "created", "number": entry.number, "id": row}
            self._write(line if name is None else {**line, "name": name})
            self._replay({**line, "name": name})

    def touched(self, time: float) -> None:
        """Note, once, that a write with a name goes to an id that nobody has: it should create nothing."""
        with self._lock:
            if 0 not in self.entries:
                self.answered(self._adopt(0, time))

    def answered(self, entry: Entry) -> None:
        """Note that a create was answered without an id."""
        self._note("answered", entry)

    def named(self, entry: Entry, name: str) -> None:
        """Note that an update is about to give a row a name without the marker."""
        with self._lock:
            if name not in entry.names:
                self._write({"event": "named", "number": entry.number, "name": name})
                entry.names.add(name)

    def deleted(self, entry: Entry) -> None:
        """Note that a row is confirmed to be gone."""
        self._note("deleted", entry)

    def left(self, entry: Entry) -> None:
        """Note that a row is not, or no longer, the run's."""
        self._note("left", entry)

    def found(self, number: int, time: float) -> Entry:
        """Return the entry of a marker that a list showed; a new one for 0, whose writes should create nothing."""
        with self._lock:
            return self.entries.get(number) or self._adopt(number, time)

    def finish(self) -> None:
        """Give the file its suffix: nothing of the run is left."""
        self._rename(_SWEPT)

    def forget(self) -> Path | None:
        """Give the run up and return the file's new name, by which it can still be swept."""
        return self._rename(_FORGOTTEN)

    def _rename(self, suffix: str) -> Path | None:
        if self.file is None or not self.file.exists():
            return None
        file = self.file.rename(self.file.with_name(self.file.name + suffix))
        _sync_directory(file.parent)
        return file

    def _adopt(self, number: int, time: float) -> Entry:
        entry = self.entries[number] = Entry(number, self.marker.of(number), time)
        return entry

    def _note(self, event: str, entry: Entry) -> None:
        with self._lock:
            line = {"event": event, "number": entry.number}
            self._write(line)
            self._replay(line)

    def _replay(self, line: dict[str, Any]) -> None:
        """Take an event's effect."""
        number, event = line["number"], line["event"]
        entry = self.entries.get(number) or self._adopt(number, line.get("time", 0.0))
        if event == "created":
            entry.id, entry.state = line["id"], State.CLAIMED
        elif event in {State.ANSWERED.value, State.DELETED.value, State.LEFT.value}:
            entry.state = State(event)
        if line.get("name") is not None:
            entry.names.add(line["name"])

    def _write(self, line: dict[str, Any]) -> None:
        if self.file is None:
            return
        with self._lock, self.file.open("ab") as out:
            # Begins anew after a line that a crash tore.
            out.write(b"\n" * self._is_torn + json.dumps(line).encode() + b"\n")
            self._is_torn = False
            out.flush()
            os.fsync(out.fileno())


def ledgers_in(directory: Path) -> list[Path]:
    """Return the unfinished ledgers in a directory, and in the folders that workers have there."""
    return sorted([*directory.glob(f"*{_SUFFIX}"), *directory.glob(f"{WORKER}*/*{_SUFFIX}")])


def check_swept(target: str, directory: Path) -> None:
    """Raise Unswept while the ledger of an earlier run on a target is in a directory."""
    for file in ledgers_in(directory):
        if (lines := _lines(file)) and lines[0].get("target") == target:
            pid = lines[0]["pid"]
            runs = f" Its process {pid} may still run: then wait for its end." if _may_run(pid) else ""
            raise Unswept(
                f"The run {lines[0]['marker']} on {target} left {file} unswept: finish it with "
                f"`bitpeak-mock sweep {file}`.{runs}"
            )


def _may_run(pid: int) -> bool:
    """Tell whether a process of this number is there; it may be another one's by now, or on another computer."""
    if os.name != "posix":  # elsewhere the question would end it
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True


def key_check(key: str, run: str) -> str:
    """Return 16 bits that tell, nearly always, whether a key is the one a run had, and nothing more of it."""
    return hmac.digest(run.encode(), key.encode(), "sha256")[:2].hex()


def _lines(file: Path) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for text in file.read_bytes().split(b"\n"):
        try:
            line = json.loads(text)
        except ValueError:  # the line that a crash tore
            continue
        if isinstance(line, dict) and "event" in line:
            lines.append(line)
    return lines


def _sync_directory(directory: Path) -> None:
    if os.name == "posix":  # elsewhere a directory cannot be opened
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def is_swept(file: Path) -> bool:
    """Tell whether a ledger, named with or without its suffix, is finished."""
    return file.name.endswith(_SWEPT) or file.with_name(file.name + _SWEPT).exists()
