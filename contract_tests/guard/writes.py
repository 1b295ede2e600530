"""Creates and other writes: proven to be harmless first, noted before and after."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from contract_tests.guard.account import Account
from contract_tests.guard.body import Body
from contract_tests.guard.credentials import Credentials
from contract_tests.guard.entry import Entry, State
from contract_tests.guard.foreign import Mask
from contract_tests.guard.holdings import Holdings, row_id
from contract_tests.guard.marker import Marker
from contract_tests.guard.outgoing import Outgoing
from contract_tests.guard.policy import Passage
from contract_tests.guard.refusal import GuardRefusal, TargetFailed
from contract_tests.guard.reply import Reply
from contract_tests.guard.surface import Surface

# Sends the request with this body.
Send = Callable[[bytes], Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """The writes of one run. Each method raises GuardRefusal and TargetFailed, and OSError where the ledger does."""

    surface: Surface
    holdings: Holdings
    account: Account
    credentials: Credentials
    outgoing: Outgoing
    mask: Mask
    clock: Callable[[], float]
    most: int
    lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def create(self, body: Body, authorization: str, send: Send) -> Reply:
        """Send a create between its intent and its id."""
        self.credentials.check_create(authorization)
        entry = self._intend()
        try:
            reply = send(self.outgoing.prepared(body, entry.number))
        except GuardRefusal:  # nothing was sent
            self.holdings.ledger.answered(entry)
            raise
        row = self._written_id(reply)
        if row is None:
            self.holdings.ledger.answered(entry)
        else:
            self._claim(entry, row, body)
        return reply

    def write(self, passage: Passage, body: Body, authorization: str, method: str, send: Send) -> Reply:
        """Send a write to one of the run's own rows, or to none."""
        for entry in passage.rows:
            self._prove(entry)
        self.credentials.check_write(authorization, passage.rows)
        for entry in passage.rows:
            for name in self.outgoing.blank_names(body):
                self.holdings.ledger.named(entry, name)
                self.holdings.ledger.named(entry, "")  # a service may trim it
        number = passage.rows[0].number if passage.rows else 0
        if not passage.rows and self.outgoing.has_name(body):
            self.holdings.ledger.touched(self.clock())
        reply = send(self.outgoing.prepared(body, number))
        if method == self.surface.of("delete").method and reply.is_success:
            for entry in passage.rows:
                self.holdings.settle(entry, State.GONE)
        return reply

    def learn(self) -> None:
        """Look at the list for how high the service's ids are; where it cannot be read, nothing is impossible."""
        highest = self.account.highest()
        if highest is not None:
            self.holdings.see(highest)

    def _intend(self) -> Entry:
        with self.lock:
            ledger = self.holdings.ledger
            if self.holdings.live >= self.most:
                raise GuardRefusal("live-rows", f"{self.most} rows of this run exist, and no more may.")
            if len(ledger.entries) >= Marker.LAST:
                raise GuardRefusal(
                    "budget", f"This run has made {Marker.LAST} creates, and has no marker for more."
                )
            return ledger.intend(self.clock())

    def _written_id(self, reply: Reply) -> int | None:
        """Return the id in a create's answer: where the document has it, else wherever it is."""
        if not reply.is_success:
            return None
        try:
            node: Any = json.loads(reply.body)
            for step in self.surface.written_id:
                node = node.get(step) if isinstance(node, dict) else None
        except (ValueError, RecursionError):
            return None
        row = row_id(node)
        return row if row is not None else next(iter(self.mask.rows(reply.body)), None)

    def _claim(self, entry: Entry, row: int, body: Body) -> None:
        """Take the id, and with it, where the row can have no marker, its blank name."""
        name = None
        if not self.outgoing.has_name(body) or self.outgoing.blank_names(body):
            # A look that fails must not lose the id.
            with contextlib.suppress(TargetFailed):
                seen = self.account.name_in(row, self.account.look(row, exempt=True))
                name = seen if seen is not None and Marker.is_blank(seen) else None
        self.holdings.claim(entry, row, name)

    def _prove(self, entry: Entry) -> None:
        """Raise GuardRefusal unless a row is seen to be the run's, or, once deleted, nobody else's."""
        if entry.state is State.LIVE:
            return
        reply = self.account.look(entry.id or 0)
        if entry.state is State.CLAIMED:
            gone = reply.status == 404
            if not self.account.bears(entry, reply) and (gone or not self.account.lists(entry)):
                raise GuardRefusal(
                    "foreign", "The id came from a create, but its row does not bear the run's marker."
                )
            self.holdings.settle(entry, State.LIVE)
        elif reply.is_success and not self.account.bears(entry, reply):
            raise GuardRefusal("foreign", "The id was the run's, and another row has it now.")
