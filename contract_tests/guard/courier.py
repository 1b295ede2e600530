"""Sends within the budget: waits as the target asks, and repeats only what is safe to repeat."""

from __future__ import annotations

from typing import NamedTuple

from contract_tests.guard.budget import Budget
from contract_tests.guard.refusal import TargetFailed
from contract_tests.guard.reply import Headers, Reply
from contract_tests.guard.upstream import Upstream

_TOO_MANY = 429
_PATIENCE = 6  # times that a 429 is waited out
# Of a GET, on a connection that fails. A target that lets one wait would let the next one wait, too.
_TRIES = 3


class Parcel(NamedTuple):
    """A request to the target. Not `patient`: a 429 is wanted. `exempt`: outside of the budget's `max_requests`."""

    method: str
    path: str
    headers: Headers
    body: bytes = b""
    patient: bool = True
    exempt: bool = False


class Courier:
    """The only user of the connections. `retried` counts what was sent again."""

    def __init__(self, upstream: Upstream, budget: Budget) -> None:
        self._upstream = upstream
        self.budget = budget
        self.retried = 0

    def send(self, parcel: Parcel) -> Reply:
        """Return the target's answer; a 429 only if not `patient`, or if it asks for too long a wait.

        What a 429 refused was not executed, so any method may be sent again. Raises TargetFailed and GuardRefusal.
        """
        reply = self._once(parcel)
        for _ in range(_PATIENCE):
            if reply.status != _TOO_MANY or not parcel.patient or not self.budget.close(reply):
                break
            self.retried += 1
            reply = self._once(parcel)
        return reply

    def _once(self, parcel: Parcel) -> Reply:
        tries = _TRIES if parcel.method == "GET" else 1
        while True:
            self.budget.take(patient=parcel.patient, exempt=parcel.exempt)
            tries -= 1
            try:
                reply = self._upstream.send(parcel.method, parcel.path, parcel.headers, parcel.body)
            except TargetFailed as failure:
                if not tries or failure.reason == "timeout":
                    raise
                self.retried += 1
                continue
            self.budget.learn(reply)
            return reply
