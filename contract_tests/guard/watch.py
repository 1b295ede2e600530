"""Watches the rows of others: reads the list, and stops the run's writes if one of them has changed."""

from __future__ import annotations

from collections.abc import Set

from contract_tests.guard.account import SERVER, Account
from contract_tests.guard.exchange import Reply
from contract_tests.guard.ledger import Id, Ledger
from contract_tests.guard.policy import Alarm, Holdings, Rows


class Watch:
    """Decides when the list must be read before the next write, and reads it.

    It is read before the first write, after the first write of each kind and outcome, after a write with an unknown
    outcome, and before a create if the run has more rows than ever. A suite's own list can take its place.
    """

    def __init__(self, account: Account, ledger: Ledger, holdings: Holdings) -> None:
        self._account = account
        self._ledger = ledger
        self._holdings = holdings
        self._is_due = False
        self._most = 0  # rows of the run that were there when the list was last read
        self._outcomes: set[tuple[str, bool]] = (
            set()
        )  # kinds of writes so far, and whether they were accepted

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
