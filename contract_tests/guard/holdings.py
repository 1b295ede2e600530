"""What the run owns: which id belongs to which create, and what a text in a path may therefore touch."""

from __future__ import annotations

import threading
from enum import Enum
from typing import Any

from contract_tests.guard.entry import Entry, State
from contract_tests.guard.ledger import Ledger


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
        """Note an id that exists, or 0 where a list shows none."""
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
        """Return the creates whose rows nobody has looked at."""
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
