"""Cleans up after a run, even a killed one: deletes what is proven to be the run's, and says what may be left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from contract_tests.guard.account import PAUSES, SERVER, Account, Census, has_failed
from contract_tests.guard.exchange import GuardRefusal, Reply, TargetFailed
from contract_tests.guard.ledger import CreateState, Id, Ledger, LedgerEntry, is_swept, key_check
from contract_tests.guard.upstream import GuardSettings, silent
from mock_server.document import Document

_ROUNDS = 3
_MOST_HIDDEN = 60  # ids that are tried for creates whose response was lost
_MOST_UNLISTED = 600  # the same if the list hides rows of the run
_BEYOND = 3  # how many ids are tried beyond those that lost creates may have got
_OTHER_ACCOUNT = (
    "the list shows none of the rows that were there before the run: it may be another account's."
)
_SPEAKS = 5.0  # seconds between two messages of progress


@dataclass(slots=True)
class CleanUp:
    """What a clean-up did.

    `deleted` are the ids that were seen to be gone. `failed` has the ids that could not be deleted, or could not be
    proven to be the run's, with the reason. `open` are markers of creates without a response. `unlisted` says why the
    list does not prove that nothing is left; it is empty if it does. `unfinished` says why the ledger stays although
    nothing is left. The ledger stays unswept while any of the last four is not empty.
    """

    deleted: list[Id] = field(default_factory=list)
    failed: dict[Id, str] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)
    unlisted: str = ""
    unfinished: str = ""

    @property
    def complete(self) -> bool:
        """Whether all that the run created is proven to be gone, and the ledger says so."""
        return not (self.failed or self.open or self.unlisted or self.unfinished)

    @property
    def sentences(self) -> list[str]:
        """What may be left and why, in sentences."""
        found = [f"The handler {row} may be left: {why}" for row, why in self.failed.items()]
        found += [
            f"A handler with {marker} in its name may be left: its creation was not answered with an id."
            for marker in self.open
        ]
        found += [f"Handlers may be left: {self.unlisted}"] if self.unlisted else []
        return [*found, *([self.unfinished] if self.unfinished else [])]


class Cleaner:
    """Cleans up after one ledger. It may be repeated, and stopped at any moment, without harm.

    A row is deleted only right after a look that proves it to be the run's, and counts as gone only when a look at its
    id says so. The first delete, and any that seems to have failed, is followed by a look at the rows of others. If one
    of them is gone, or if the row stays after its delete, nothing more is deleted, not even by a later sweep; `harm`
    says why. Then the list is searched for the run's marker until it was read whole and shows nothing of the run.
    `census` is the last such list. If the list is known to hide rows of the run, all ids that the run may have got are
    tried.
    """

    def __init__(self, ledger: Ledger, account: Account, settings: GuardSettings, harm: str = "") -> None:
        self.census = Census()
        self._ledger = ledger
        self._account = account
        self._settings = settings
        self._told = 0.0
        self._harm = harm
        self._others: frozenset[Id] | None = None
        self._answered: dict[Id, int] = {}  # the status of the response to each delete
        self._accepted: set[Id] = set()  # rows whose delete was accepted
        self._missing: set[Id] = set()  # rows that went although no delete of them was accepted
        self._is_blind = (
            False  # rows of the run do not bear its mark, rows of others do, or a row was never seen
        )
        self._unlisted: set[Id] = set()  # rows that should be there, and that the whole list lacked
        self._stays: set[Id] = set()  # rows that a look has shown after their delete
        self._done = CleanUp()

    @property
    def harm(self) -> str:
        """Why nothing is deleted any more, empty while rows of others are safe."""
        return self._harm or self._ledger.harm

    def clean(self) -> CleanUp:
        """Delete what is the run's, and finish the ledger if nothing remains."""
        done = self._done = CleanUp()
        entries = self._ledger.entries
        if entries:
            self._note_standing()
            self._doubt_harm()
            there = [e for e in entries.values() if e.id is not None and e.state is not CreateState.DELETED]
            was_deleted = [entry for entry in there if entry.state is CreateState.GONE]
            self._accepted |= {entry.id for entry in was_deleted if entry.id is not None}
            self._remove_all(was_deleted)
            self._remove_all(entry for entry in there if entry.id not in self._accepted)
            self._say("cleaning up: searching the list for what is left")
            self._search()
            self._close_intents()
        if done.complete:
            try:
                self._ledger.finish()
            except OSError as error:
                why = error.strerror or type(error).__name__
                done.unfinished = (
                    f"Nothing of the run is left, but its ledger cannot be marked as swept: {why}."
                )
        return done

    def _note_standing(self) -> None:
        """Note rows that were there before the run and that the list still shows: looks have to find them."""
        if not self._account.standing and self._ledger.before:
            self._account.standing = sorted(self._strangers() & self._ledger.before, key=str)

    def _doubt_harm(self) -> None:
        """Take back that a delete did harm, if its row has gone since and all rows of others are there."""
        row = self._ledger.harmed_by
        if row is None:
            return
        with suppress(TargetFailed):
            is_gone = self._account.is_gone(self._account.look(row, exempt=True))
            census = self._account.census(exempt=True) if is_gone else Census(gap="not read")
            if not (census.gap or self._ledger.before - census.rows.keys()):
                self._ledger.unharmed()

    def _remove_all(self, entries: Iterable[LedgerEntry]) -> None:
        """Delete the rows that are proven to be the run's. Look again at those that the service may show late."""
        left = list(entries)
        for turn, pause in enumerate(PAUSES, start=1):
            if not left:
                return
            self._settings.sleep(pause)
            late = []
            for number, entry in enumerate(left, start=1):
                self._say(f"cleaning up: row {number} of {len(left)}")
                if self._remove(entry, is_last=turn == len(PAUSES)):
                    late.append(entry)
            left = late

    def _say(self, sentence: str) -> None:
        """Tell how far the clean-up is, unless it was told a moment ago."""
        now = self._settings.clock()
        if now - self._told >= _SPEAKS:
            self._told = now
            self._settings.tell(sentence)

    def _remove(self, entry: LedgerEntry, *, is_last: bool) -> bool:
        """Look at a row, delete it on that proof, and look again; tell whether it is worth asking again later.

        A row that went without a delete, or whose delete got no response, counts as gone only at the last look; if the
        service shows rows late, only a minute after its create: a replica may not have it yet.
        """
        row = entry.id
        if row is None:
            return False
        try:
            reply = self._account.look(row, exempt=True)
            if self._account.proves(reply, entry.number, row) and row not in self._accepted:
                self._ledger.seen(entry)
                if not self.harm:
                    reply = self._delete(entry, row)
            is_gone = self._account.is_gone(reply)
        except TargetFailed as failure:
            self._done.failed[row] = failure.sentence
            return True
        is_young = self._settings.clock() - entry.time < self._settings.settle
        may_come = not is_last or (self._ledger.is_late and is_young)
        if is_gone and entry.state is CreateState.LIVE and may_come:
            self._missing.add(row)
            self._done.failed[row] = "it was not deleted, and a look does not find it."
            return True
        if is_gone and entry.state is not CreateState.CLAIMED:
            if entry.state is CreateState.LIVE and not entry.is_doomed:
                self._ledger.once("moved")
            self._gone(entry, row)
            return False
        is_own = self._account.proves(reply, entry.number, row)
        if row in self._accepted and (is_own or has_failed(reply)):
            self._stays |= {row} if is_own else set()
            if is_last:
                self._doubt_delete(row, is_there=is_own)
        self._done.failed[row] = self._why_left(row, reply, is_own=is_own, is_gone=is_gone)
        return (is_own and not self.harm) or is_gone or has_failed(reply)

    def _why_left(self, row: Id, reply: Reply, *, is_own: bool, is_gone: bool) -> str:
        """Say why a row may be left, by a look at it."""
        self._is_blind |= not is_own and (reply.is_success or is_gone)
        if is_own and self.harm:
            return f"it is not deleted. {self.harm}"
        if is_own:
            return f"it is still there; its delete returned {self._answered.get(row) or 'nothing'}."
        if reply.is_success:
            return "it does not show this run's mark, so it is not deleted."
        if is_gone:
            return "its create was answered with this id, and a look has never shown it."
        return f"it cannot be looked at: the target answers {reply.status}."

    def _delete(self, entry: LedgerEntry, row: Id) -> Reply:
        """Delete a row, see that nothing else went, and return a look at it.

        A row that stays although its delete was accepted is waited for, once: the service may be late, or another row
        may have been deleted in its place.
        """
        is_first = self._others is None
        before = self._others = self._strangers() if self._others is None else self._others
        if row in self._unlisted:
            self._ledger.once("partial")
        if is_first and (other := self._account.shown_elsewhere(entry, before, exempt=True)) is not None:
            self._harm = f"The handler {row} is shown for the id {other}, too: a look proves nothing."
        elif is_first and not self._is_same_account():
            self._harm = f"In the target, {_OTHER_ACCOUNT}"
        if self.harm:
            return self._account.look(row, exempt=True)
        self._answered[row] = self._deleted(row)
        if not 400 <= self._answered[row] < SERVER:
            self._ledger.doomed(entry)
        is_accepted = 200 <= self._answered[row] < 300
        if is_accepted:
            self._accepted.add(row)
            self._ledger.accepted(entry)

        def is_told(reply: Reply) -> bool:
            return not has_failed(reply) and not (
                is_accepted and self._account.proves(reply, entry.number, row)
            )

        reply = self._account.look_until(row, is_told, exempt=True)
        is_there = self._account.proves(reply, entry.number, row)
        if (is_first or is_there or has_failed(reply)) and (gone := before - self._strangers()):
            why = f"When {row} was deleted, {min(map(str, gone))} went, which this run did not create."
            self._ledger.harmed(row, why)
        elif is_accepted and (is_there or has_failed(reply)):
            self._doubt_delete(row, is_there=is_there)
        return reply

    def _doubt_delete(self, row: Id, *, is_there: bool) -> None:
        """Note that a delete was accepted, and that its row is still there or cannot be looked at."""
        what = "stays although it was deleted" if is_there else "cannot be looked at after its delete"
        self._ledger.harmed(row, f"The handler {row} {what}, so it is unclear what the delete did.")

    def _deleted(self, row: Id) -> int:
        """Delete a row, and return the status of the response, 0 if there was none."""
        try:
            return self._account.delete(row).status
        except TargetFailed:
            return 0

    def _strangers(self) -> frozenset[Id]:
        """Return the rows of others that the list shows; those that it did before if it cannot be read."""
        census = self.census = self._listed()
        if census.gap and not census.is_miscounted:
            return self._others or frozenset()
        own = {entry.id for entry in self._ledger.entries.values()}
        shown = census.rows.items()
        return frozenset(
            row for row, node in shown if row not in own and self._account.number_in(node) is None
        )

    def _listed(self) -> Census:
        """Read the list, and note which rows of the run it shows. Does not raise TargetFailed."""
        try:
            census = self._account.census(exempt=True)
        except TargetFailed as failure:
            return Census(gap=failure.sentence)
        own = {entry.id: entry.number for entry in self._ledger.entries.values()}
        if any(row in own and self._account.number_in(node) == own[row] for row, node in census.rows.items()):
            self._ledger.once("listed")
        if not census.gap:
            there = {e.id for e in self._ledger.entries.values() if e.exists and e.id is not None}
            self._unlisted |= there - census.rows.keys()
            if self._stays - census.rows.keys():
                self._ledger.once("partial")
        return census

    def _gone(self, entry: LedgerEntry, row: Id) -> None:
        self._ledger.deleted(entry)
        self._done.failed.pop(row, None)
        self._stays.discard(row)
        if row not in self._done.deleted:
            self._done.deleted.append(row)

    def _search(self) -> None:
        """Search the list for the run's rows until it was read whole and shows none."""
        waits = True
        for _ in range(_ROUNDS):
            self.census = self._listed()
            left = self._left()
            if not (left or self._lacking()):
                if not (waits and self._ledger.expects_more):
                    break
                waits = False
                self._settings.sleep(sum(PAUSES))
            self._remove_all([own for row, entry in left if (own := self._proven(row, entry))])
        else:
            self._done.failed.update({row: "it is still in the list." for row, _ in self._left()})
        self._done.unlisted = self.census.gap
        has_made = any(entry.id is not None for entry in self._ledger.entries.values())
        if lacking := self._lacking():
            self._done.unlisted = (
                f"the list does not show {min(map(str, lacking))} any more, so it may be cut."
            )
        elif not self._is_same_account():
            self._done.unlisted = _OTHER_ACCOUNT
        elif (self._missing or self._ledger.is_moved) and not self._finds_others():
            self._done.unlisted = "looks do not find rows that the list shows, so they prove nothing."
        elif has_made and not (self._ledger.is_listed or self.census.gap):
            why = "the list has never shown a row of this run, so it proves nothing that it shows none now."
            self._done.unlisted = why

    def _is_same_account(self) -> bool:
        """Tell whether the last list shows a row that was there before the run; also if it could not be read."""
        return bool(self.census.gap) or self._ledger.is_same_account(self._account.born(self.census.rows))

    def _finds_others(self) -> bool:
        """Tell whether looks find rows of others; not if a look gets no response."""
        try:
            return self._account.finds_others()
        except TargetFailed:
            return False

    def _lacking(self) -> frozenset[Id]:
        """Return the rows of others that the list showed when this clean-up began, and does not show now."""
        return frozenset() if self.census.gap else (self._others or frozenset()) - self.census.rows.keys()

    def _left(self) -> list[tuple[Id, LedgerEntry]]:
        """Return the rows of the list that bear the run's marker or an id of its own, with their creates."""
        own = {entry.id: entry for entry in self._ledger.entries.values() if entry.id is not None}
        found = []
        for row, node in self.census.rows.items():
            number = self._account.number_in(node)
            if number is not None:
                found.append((row, self._ledger.found(number, row, self._settings.clock())))
            elif row in own:
                found.append((row, own[row]))
        return [(row, entry) for row, entry in found if row not in self._done.failed]

    def _proven(self, row: Id, entry: LedgerEntry) -> LedgerEntry | None:
        """Return the entry of a row that the list shows as one of the run, if a look proves the list right."""
        if row in self._ledger.before | self._ledger.others:
            self._is_blind = True
            self._done.failed[row] = "it bears this run's mark, and was there before the run."
            return None
        if entry.id != row:
            try:
                reply = self._account.look(row, exempt=True)
            except TargetFailed as failure:
                self._done.failed[row] = failure.sentence
                return None
            if not self._account.proves(reply, entry.number, row):
                self._is_blind = True
                self._done.failed[row] = "the list shows this run's mark there, and a look at it does not."
                return None
            entry = self._ledger.created(entry, row)
        if entry.state is CreateState.DELETED:
            entry.state = CreateState.GONE
        return entry

    def _close_intents(self) -> None:
        """Give up the creates that made nothing, unless a row may be theirs that does not bear the mark."""
        entries = [
            e for e in self._ledger.entries.values() if e.state in {CreateState.OPEN, CreateState.UNKNOWN}
        ]
        if self._ledger.is_partial:
            self._search_ids(len(entries))
        elif self._ledger.is_moved or any(entry.is_create for entry in entries):
            self._remove_all(list(self._hidden(self._nameless(len(entries))[:_MOST_HIDDEN])))
        own = {entry.id for entry in self._ledger.entries.values()}
        new = sorted(map(str, self.census.rows.keys() - self._ledger.before - own))
        for entry in entries:
            is_young = self._settings.clock() - entry.time < self._settings.settle
            is_lost = (
                entry.state is CreateState.UNKNOWN or self.census.gap or self._is_blind or new or is_young
            )
            if entry.state in {CreateState.OPEN, CreateState.UNKNOWN} and is_lost:
                self._done.open.append(entry.marker)
            elif entry.state is CreateState.OPEN:
                self._ledger.answered(entry)
        if new and not self._done.unlisted and self._may_be_unknown():
            self._done.unlisted = f"the list shows rows that were not there before the run: {', '.join(new)}."
        elif self._is_blind and not self._done.unlisted:
            self._done.unlisted = "rows of this run do not show its mark, so there may be others."

    def _may_be_unknown(self) -> bool:
        """Tell whether the run may have rows that do not bear its mark, or that have other ids now."""
        has_moved = self._ledger.is_moved or bool(self._missing & self._done.failed.keys())
        entries = self._ledger.entries.values()
        has_marked = any(e.id is not None and e.state is not CreateState.CLAIMED for e in entries)
        return bool(self._done.open) or self._is_blind or has_moved or not has_marked

    def _search_ids(self, lost: int) -> None:
        """Ask for all ids that the run has got or may have got, since the list hides rows of the run."""
        known = [entry for entry in self._ledger.entries.values() if entry.id is not None]
        for entry in known:
            if entry.state is CreateState.DELETED:  # one that is back would not be listed either
                entry.state = CreateState.GONE
        ids = [entry.id for number, entry in self._ledger.entries.items() if number > 0 and entry in known]
        highest = max((row for row in self._ledger.before if isinstance(row, int)), default=0)
        grows = ids == sorted({row for row in ids if isinstance(row, int) and row > highest})
        nameless = self._nameless(lost)
        self._remove_all([e for e in known if e.state is CreateState.GONE] + list(self._hidden(nameless)))
        if not (grows and len(nameless) < _MOST_UNLISTED) and not self._done.unlisted:
            self._done.unlisted = "the list has not shown all rows of this run, so it may hide others."

    def _nameless(self, lost: int) -> list[int]:
        """Return ids that the run may have got, if they are numbers that grow, and that nothing has named so far."""
        own = {entry.id for entry in self._ledger.entries.values()} - {None}
        known = {*self._ledger.before, *self.census.rows, *own}
        numbers = [row for row in known if isinstance(row, int)]
        if len(numbers) < len(known):
            return []
        first = max((row for row in self._ledger.before if isinstance(row, int)), default=0) + 1
        lowest = min((row for row in own if isinstance(row, int)), default=first)
        lowest = first if self._ledger.is_moved else lowest  # their other ids may be any
        last = max(numbers, default=0) + lost + _BEYOND
        ids = range(max(first, lowest - lost - _BEYOND), last + 1)
        return list(islice((row for row in ids if row not in known), _MOST_UNLISTED))

    def _hidden(self, ids: Iterable[int]) -> Iterable[LedgerEntry]:
        """Yield the creates whose rows are found under ids that nothing has named."""
        for row in ids:
            try:
                shown = self._account.shown(self._account.look(row, exempt=True), "retrieve").get(row)
            except TargetFailed:
                continue
            number = self._account.number_in(shown) if shown else None
            if number is not None:
                yield self._ledger.created(self._ledger.found(number, row, self._settings.clock()), row)


def sweep(  # noqa: PLR0913 -- each is one decision of the user
    ledger_file: Path,
    key: str,
    *,
    document: Document | None = None,
    allow_plain_http: bool = False,
    rate: int | None = None,
    settle: float = 60.0,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    tell: Callable[[str], None] = silent,
) -> CleanUp:
    """Delete what a run left, and tell what was done.

    Only rows that the ledger knows, by id or by marker, and that still bear the run's marker. It may be stopped and
    run again; on a finished ledger it does nothing. `rate` counts requests a minute, `settle` is in seconds: a create
    younger than that, which was never answered and is in no list, keeps the ledger open.
    Raises FileNotFoundError, ValueError if the file is not a ledger, Unswept if its run is not over, GuardRefusal
    (`key`: another key or target than the run's, `target`, `plain-http`, `proxy`), TargetFailed if nothing answers, and
    OSError.
    """
    ledger_file = ledger_file.resolve()  # a link would be renamed in place of the ledger
    if is_swept(ledger_file):
        return CleanUp()
    ledger = Ledger.read(ledger_file)
    settings = GuardSettings(
        target=ledger.target, key=key, allow_writes=True, allow_plain_http=allow_plain_http, rate=rate, settle=settle,
        clock=clock, sleep=sleep, tell=tell,
    )  # fmt: skip
    if ledger.key_check != key_check(key, ledger.marker.run, ledger.target):
        # With another account's key every row would seem to be gone; another target must not get the key.
        raise GuardRefusal(
            "key",
            f"{ledger_file} was written with another key, or for another target: sweep it with that key.",
        )
    account = Account(settings, document, ledger.marker)
    try:
        ledger.hold()
    except FileNotFoundError:  # another sweep has finished it meanwhile
        return CleanUp()
    try:
        if ledger.entries:
            _reach(account)
        return Cleaner(ledger, account, settings).clean()
    finally:
        ledger.release()
        account.upstream.close()


def _reach(account: Account) -> None:
    """See that the target answers at all. Raises TargetFailed."""
    try:
        account.first_page("")
    except TargetFailed:
        account.look(1, exempt=True)  # a list that fails alone stops no clean-up
