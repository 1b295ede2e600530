"""Takes away what a run left: only what its ledger knows and what still bears its marker."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from contract_tests.guard.account import Account
from contract_tests.guard.entry import Entry, State
from contract_tests.guard.ledger import Ledger
from contract_tests.guard.refusal import TargetFailed

_ROUNDS = 3
_PAUSE = 5.0  # seconds between two words on how far a clean-up is
_GONE = frozenset({404, 410})
_FINAL = frozenset({State.DELETED, State.LEFT})


@dataclass(slots=True)
class CleanUp:
    """What a clean-up did. All are ids, but `open`: markers of creates whose answer never came.

    `left` are rows that are not, or no longer, the run's. `failed` could not be deleted, or not seen to be gone, with
    the reason; the id 0 stands for the list. While anything failed or is open, the ledger stays unswept.
    """

    deleted: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether nothing of the run is left that is known."""
        return not self.failed and not self.open


class Cleaner:
    """Cleans up after one ledger; doing it again, or being stopped in the midst, does no harm.

    Each row is looked at just before it is deleted and just after. Then the list is searched for the run's marker: for
    creates that were never answered, for what a faulty service said was gone, and, to spare requests, for all whose
    delete was accepted during the run; where there is no list to be had, those are looked at one by one.
    """

    def __init__(
        self,
        ledger: Ledger,
        account: Account,
        clock: Callable[[], float],
        settle: float,
        tell: Callable[[str], None],
    ) -> None:
        self._ledger = ledger
        self._account = account
        self._clock = clock
        self._settle = settle
        self._tell = tell
        self._told = 0.0
        self._done = CleanUp()
        self._listed: set[int] = set()

    def clean(self) -> CleanUp:
        """Delete what is the run's, and finish the ledger where nothing remains. Raises OSError where the disk does."""
        self._done = CleanUp()
        entries = self._ledger.entries
        self._remove_all(
            e for e in entries.values() if e.id is not None and e.state not in {*_FINAL, State.GONE}
        )
        if entries:
            self._say("cleaning up: searching the list for what is left")
            self._search()
            self._remove_all(e for e in entries.values() if e.state is State.GONE)
            self._close_intents()
        if self._done.complete:
            self._ledger.finish()
        return self._done

    def _remove_all(self, entries: Iterable[Entry]) -> None:
        there = list(entries)
        for number, entry in enumerate(there, start=1):
            self._say(f"cleaning up: row {number} of {len(there)}")
            self._guarded(entry, self._remove)

    def _say(self, sentence: str) -> None:
        """Tell how far the clean-up is, unless that was told just now."""
        now = self._clock()
        if now - self._told >= _PAUSE:
            self._told = now
            self._tell(sentence)

    def _guarded(self, entry: Entry, act: Callable[[Entry], None]) -> None:
        try:
            act(entry)
        except TargetFailed as failure:
            self._done.failed[entry.id or 0] = failure.sentence

    def _remove(self, entry: Entry) -> None:
        row = entry.id or 0
        reply = self._account.look(row, exempt=True)
        if reply.status in _GONE:
            self._gone(entry)
        elif self._account.bears(entry, reply):
            self._delete(entry)
        elif reply.is_success and self._account.name_in(row, reply) is not None:
            self._ledger.left(entry)
            self._done.left.append(row)
        else:
            self._done.failed[row] = f"It cannot be looked at: the target answers {reply.status}."

    def _delete(self, entry: Entry) -> None:
        row = entry.id or 0
        reply = self._account.delete(row)
        if reply.is_success:
            entry.state = State.GONE
        after = self._account.look(row, exempt=True)
        if after.status in _GONE:
            self._gone(entry)
        else:
            self._done.failed[row] = (
                f"It is not gone: the delete answered {reply.status}, a look {after.status}."
            )

    def _gone(self, entry: Entry) -> None:
        self._ledger.deleted(entry)
        self._done.failed.pop(entry.id or 0, None)
        if entry.id is not None and entry.id not in self._done.deleted:
            self._done.deleted.append(entry.id)

    def _search(self) -> None:
        """Search the list for the marker until it shows none."""
        try:
            for _ in range(_ROUNDS):
                found = self._bearing()
                if not found:
                    self._list_is_clean()
                    return
                for row, number in found.items():
                    self._take(row, number)
            self._done.failed.update(dict.fromkeys(self._bearing(), "It is still in the list."))
        except TargetFailed as failure:
            if any(entry.state not in _FINAL for entry in self._ledger.entries.values()):
                self._done.failed[0] = failure.sentence

    def _bearing(self) -> dict[int, int]:
        """Return the rows of the list that bear the run's marker, with its number."""
        rows = dict(self._account.rows())
        self._listed = set(rows)
        shown = ((row, self._ledger.marker.number_in(json.dumps(node))) for row, node in rows.items())
        return {row: number for row, number in shown if number is not None}

    def _take(self, row: int, number: int) -> None:
        """Delete a row on the list's evidence."""
        entry = self._ledger.found(number, self._clock())
        if entry.id != row or entry.state in _FINAL:
            self._ledger.created(entry, row)
        self._guarded(entry, self._delete)

    def _list_is_clean(self) -> None:
        """Take for gone what a look could not settle, where a delete of it had been accepted."""
        for entry in self._ledger.entries.values():
            if entry.state is State.GONE and entry.id not in self._listed:
                self._gone(entry)

    def _close_intents(self) -> None:
        if 0 in self._done.failed:
            self._done.open += [e.marker for e in self._ledger.entries.values() if e.state is State.OPEN]
            return
        for entry in list(self._ledger.entries.values()):
            if entry.state is not State.OPEN:
                continue
            if self._clock() - entry.time >= self._settle:
                self._ledger.answered(entry)
            else:
                self._done.open.append(entry.marker)
