"""Differences that somebody accepted: a file with a reason for each, and a day until which it holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from contract_tests.run.settings import Code, Stop
from contract_tests.twin.compare import Difference
from mock_server.document import Array, DocumentError, Object, place_of, read_object

_KEYS = ("operation", "place", "reason", "until")


@dataclass(frozen=True, slots=True)
class Accepted:
    """One entry. `operation` is an operationId or `*`, `place` a pattern of what a report calls the place."""

    operation: str
    place: str
    reason: str
    until: date
    where: str

    def covers(self, operation: str, difference: Difference) -> bool:
        """Tell whether a difference is this one."""
        return fnmatchcase(operation, self.operation) and fnmatchcase(difference.place, self.place)


@dataclass
class Acceptances:
    """The entries of one file; `met` are those that a run has met."""

    entries: tuple[Accepted, ...] = ()
    today: date = field(default_factory=date.today)
    met: set[Accepted] = field(default_factory=set)

    @property
    def expired(self) -> tuple[Accepted, ...]:
        """The entries whose day has passed: they accept nothing any more."""
        return tuple(entry for entry in self.entries if entry.until < self.today)

    @property
    def unmet(self) -> tuple[Accepted, ...]:
        """The entries that nothing in the run needed."""
        return tuple(e for e in self.entries if e not in self.met and e not in self.expired)

    def accepts(self, operation: str, difference: Difference) -> bool:
        """Tell whether a difference is accepted today."""
        for entry in self.entries:
            if entry.until >= self.today and entry.covers(operation, difference):
                self.met.add(entry)
                return True
        return False


def read_accepted(file: Path | None, today: date | None = None) -> Acceptances:
    """Read a file of accepted differences. Raises Stop (CANNOT), with file and line, where it is wrong."""
    now = today or date.today()
    if file is None:
        return Acceptances((), now)
    try:
        return Acceptances(tuple(_entries(read_object(file))), now)
    except DocumentError as error:
        raise Stop(Code.CANNOT, str(error)) from error
    except OSError as error:
        raise Stop(Code.CANNOT, f"{file} cannot be read: {error.strerror or error}") from error


def _entries(data: Object) -> Iterator[Accepted]:
    entries = data.get("accepted")
    if set(data) != {"accepted"} or not isinstance(entries, Array):
        raise DocumentError("the file has one key, `accepted`, a list of differences", data.place)
    for number, each in enumerate(entries):
        yield _entry(each, entries, number)


def _entry(data: Any, entries: Array, number: int) -> Accepted:
    place = place_of(entries, number)
    if not isinstance(data, Object) or set(data) != set(_KEYS):
        raise DocumentError(f"an accepted difference has the keys {', '.join(_KEYS)}, and no other", place)
    for key in _KEYS:
        if not isinstance(data[key], str) or not data[key].strip():
            raise DocumentError(f"{key} must be text, quote it", place_of(data, key))
    try:
        until = date.fromisoformat(data["until"])
    except ValueError:
        message = f"until is {data['until']!r}, write a day such as '2027-01-31'"
        raise DocumentError(message, place_of(data, "until")) from None
    return Accepted(data["operation"], data["place"], data["reason"], until, str(place))
