"""A file of differences or findings that somebody accepted, each with a reason and a last day.

`check --baseline` and `twin --accepted` read the same format:

    accepted:
      - operation: list_notification_handlers    # or "*", for any
        place: body.data[*].name                 # of twin, a pattern; of check, what a finding is about
        reason: It is mended with the next release.
        until: '2027-01-31'
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol

from contract_tests.run.settings import Code, Stop
from mock_server.document import DocumentError, Object, dump_yaml, place_of, read_object, shape

_ANY = "*"
# How long an entry without a last day holds.
_GRACE = timedelta(days=90)


class Placed(Protocol):
    """Something that has a place."""

    @property
    def place(self) -> str:
        """The place in the report's words."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """One entry. `operation` is an operationId or `*`, `place` a pattern for places in reports."""

    operation: str
    place: str
    reason: str
    until: date
    where: str

    def covers(self, operation: str, place: str) -> bool:
        """Tell whether the entry accepts something."""
        return fnmatchcase(operation, self.operation) and (
            place == self.place or fnmatchcase(place, self.place)
        )


@dataclass
class Acceptances:
    """The entries of one file; `met` are those that the run needed."""

    entries: tuple[Accepted, ...] = ()
    today: date = field(default_factory=date.today)
    met: set[Accepted] = field(default_factory=set)

    @property
    def expired(self) -> tuple[Accepted, ...]:
        """The entries whose last day has passed. They accept nothing."""
        return tuple(entry for entry in self.entries if entry.until < self.today)

    @property
    def unmet(self) -> tuple[Accepted, ...]:
        """The entries that the run did not need."""
        return tuple(e for e in self.entries if e not in self.met and e.until >= self.today)

    def accepts(self, operation: str, difference: Placed) -> bool:
        """Tell whether a difference is accepted today."""
        return self.knows(operation, difference.place)

    def knows(self, operation: str, place: str) -> bool:
        """Tell whether something is accepted today, and note the entry that accepts it."""
        found = [entry for entry in self.entries if entry.covers(operation, place)]
        self.met |= {*found}
        return any(entry.until >= self.today for entry in found)

    def renewed(self, places: Iterable[str], *, drops: bool) -> str:
        """Return the file's text with an entry for each place. Entries that were not needed stay unless `drops`."""
        kept = [
            entry for entry in self.entries if entry.until >= self.today and (entry in self.met or not drops)
        ]
        new = [
            place for place in dict.fromkeys(places) if not any(entry.covers(_ANY, place) for entry in kept)
        ]
        entries = [
            {"operation": e.operation, "place": e.place, "reason": e.reason, "until": str(e.until)}
            for e in kept
        ]
        until, reason = str(self.today + _GRACE), f"Found on {self.today}. Say here why it is accepted."
        entries += [{"operation": _ANY, "place": place, "reason": reason, "until": until} for place in new]
        return dump_yaml({"accepted": entries})


def read_accepted(file: Path | None, today: date | None = None) -> Acceptances:
    """Read a file of accepted differences. Raises Stop (CANNOT) with file and line if it is wrong."""
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
    shape("accepted").check(data)
    for number, each in enumerate(data["accepted"]):
        try:
            until = date.fromisoformat(each["until"])
        except ValueError:
            message = f"accepted/{number}/until: There is no such day as {each['until']}."
            raise DocumentError(message, place_of(each, "until")) from None
        where = str(place_of(data["accepted"], number))
        yield Accepted(each["operation"], each["place"], each["reason"], until, where)
