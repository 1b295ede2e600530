"""What a suite gets to see of an answer."""

from __future__ import annotations

from dataclasses import dataclass

from contract_tests.guard.account import Account
from contract_tests.guard.entry import State
from contract_tests.guard.foreign import Mask
from contract_tests.guard.holdings import Holdings, Standing
from contract_tests.guard.marker import Marker
from contract_tests.guard.policy import Passage
from contract_tests.guard.redaction import Redactor
from contract_tests.guard.refusal import GuardRefusal
from contract_tests.guard.reply import Reply
from contract_tests.guard.target import Target

_DROPPED = frozenset({"set-cookie", "set-cookie2"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Returns:
    """Masks rows of others, takes the marker and the key out, and refuses to be led elsewhere."""

    target: Target
    holdings: Holdings
    account: Account
    mask: Mask
    marker: Marker
    redactor: Redactor

    def shown(self, reply: Reply, passage: Passage, path: str, *, own: bool) -> Reply:
        """Return an answer fit to be seen. `own`: it was asked with the run's key.

        Raises GuardRefusal (`redirect`) where it leads to another host.
        """
        if 300 <= reply.status < 400:
            for location in reply.values("location"):
                if not self.target.is_home(location, path):
                    raise GuardRefusal("redirect", "The target redirects to another host.")
        if own and passage.effect == "read":
            self._recognise(reply, passage)
        risky = reply.is_success and passage.effect == "read" and not self._is_own(passage)
        body = self.mask.apply(
            reply.body,
            self.holdings.judge if own else _by_marker,
            risky=risky and passage.operation is not None,
        )
        headers = tuple(
            (name, self.marker.strip_text(self.redactor.clean(value)))
            for name, value in reply.headers
            if name.lower() not in _DROPPED
        )
        return reply._replace(body=self.redactor.clean_bytes(self.marker.strip(body)), headers=headers)

    def _recognise(self, reply: Reply, passage: Passage) -> None:
        """Take a suite's own look at new rows for the proof that a write would have to ask for."""
        for entry in passage.rows:
            if entry.id == passage.row and entry.state is State.CLAIMED and self.account.bears(entry, reply):
                self.holdings.settle(entry, State.LIVE)
        if passage.row is None:
            for entry in self.account.listed(self.holdings.claimed(), reply):
                self.holdings.settle(entry, State.LIVE)

    def _is_own(self, passage: Passage) -> bool:
        return passage.row is not None and self.holdings.standing(passage.row) in {
            Standing.OWN,
            Standing.CLAIMED,
        }

    def through(self, reply: Reply, door: str) -> Reply:
        """Return an answer whose links lead back through the door; `door` is the guard's URL."""
        there = self.target.url
        pairs = [(there, door), (there.replace("/", "\\/"), door.replace("/", "\\/"))]
        body = reply.body
        for old, new in pairs:
            body = body.replace(old.encode(), new.encode())
        headers = tuple(
            (name, value.replace(there, door) if name.lower() == "location" else value)
            for name, value in reply.headers
        )
        return reply._replace(body=body, headers=headers)


def _by_marker(_: int, marked: bool) -> bool:
    """Judge a row that another Authorization showed: its id may be somebody else's there."""
    return marked
