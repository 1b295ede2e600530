"""One side of a twin run: a service behind a guard of its own, with the rows of the sequence that runs."""

from __future__ import annotations

import time
from typing import Any, Protocol

from contract_tests.document.facts import Facts
from contract_tests.guard import Guard
from contract_tests.guard.exchange import Exchange
from contract_tests.guard.policy import NOWHERE
from contract_tests.probes.reading import at, is_success, mapping, parsed
from contract_tests.probes.reading import number as number_of
from contract_tests.run.settings import Code, Stop
from contract_tests.session.opening import listed
from contract_tests.target.api import TargetApi, TargetResponse
from contract_tests.twin.compare import Rows, Side
from contract_tests.twin.step import Sender, TwinStep, send

# Refusals of the guard that mean that the run may send nothing more.
_SPENT = {
    "budget": "all requests that the run may make had been made",
    "closing": "the run is ending",
    "halted": "the run writes no more",
}
_SECOND = 1.0


class Participant(Protocol):
    """One side of a lock step, live or recorded."""

    @property
    def others(self) -> list[int]:
        """The ids of the rows that do not belong to a sequence, oldest first, as last looked at."""

    def look(self) -> list[int]:
        """Look for those rows anew."""

    def begin(self) -> None:
        """Begin a sequence: no row is its own yet."""

    def do(self, step: TwinStep) -> Side:
        """Give the exchange of one step."""

    def end(self) -> bool:
        """Delete the sequence's rows, and tell whether all are gone."""


class Service:
    """Sends the steps of sequences. `key` is a mock's own key, `other_key` another account's, empty for none."""

    def __init__(  # noqa: PLR0913 - what a side is made of
        self, guard: Guard, api: TargetApi, facts: Facts, *, can_write: bool, key: str, other_key: str
    ) -> None:
        self.guard = guard
        self.api = api
        self.facts = facts
        self.can_write = can_write
        self.key = key
        self.other_key = other_key
        self.rows = Rows([])
        self.last: Exchange | None = None
        self._sender = Sender(api, facts, f"/{NOWHERE}", other_key)
        self._answered = 0.0
        self._others: list[int] = []
        self._deleted: set[int] = set()
        guard.on_exchange(self._take)

    def _take(self, exchange: Exchange) -> None:
        self.last, self._answered = exchange, time.monotonic()

    @property
    def others(self) -> list[int]:
        """The ids of the rows that do not belong to a sequence, oldest first, as last looked at."""
        return self._others

    def look(self) -> list[int]:
        """Walk through the list for the rows that are there before a sequence. Raises Stop (CANNOT, UNREACHABLE)."""
        found: list[int] = []
        page, size = 1, max(self.facts.sizes)
        while True:
            answer = self.api.list(page, size)
            exchange = self._check_spent()
            if exchange.failed:
                raise Stop(Code.UNREACHABLE, f"{self.guard.target} no longer answers ({exchange.failed}).")
            rows = listed(answer, self.facts, self.guard.target)
            found += [
                row
                for row in (number_of(mapping(each).get(self.facts.row["id"])) for each in rows)
                if row is not None
            ]
            if len(rows) < size:
                break
            page += 1
        self._others = sorted(set(found))
        return self._others

    def begin(self) -> None:
        """Begin a sequence: no row is its own yet."""
        self.rows = Rows(self._others)
        self._deleted.clear()

    def do(self, step: TwinStep) -> Side:
        """Send one step, and return the exchange. Raises Stop (NOTHING) if the run may send nothing more."""
        if step.later:
            time.sleep(max(0.0, self._answered + _SECOND - time.monotonic()))
        self.last = None
        send(step, self._sender, self.rows.own)
        exchange = self._check_spent()
        if step.kind == "create":
            self.rows.own.append(created_id(self.facts, exchange, len(self.rows.own)))
        if step.kind == "delete" and isinstance(step.row, int) and 200 <= exchange.status < 300:
            self._deleted.add(self.rows.own[step.row])
        return Side(exchange, self.guard.target, self.rows)

    def ask(self, method: str, path: str, **parts: Any) -> Exchange:
        """Send any request, as `Api.call`, and return the exchange. Raises Stop (NOTHING)."""
        self.last = None
        self.api.call(method, path, **parts)
        return self._check_spent()

    def end(self) -> bool:
        """Delete the sequence's rows, and tell whether all are gone."""
        clean = True
        for row in self.rows.own:
            if row > 0 and row not in self._deleted:
                clean = is_success(self.api.delete(row)) and clean
            if row > 0 and not self.key:  # a mock is believed
                clean = not is_success(self.api.retrieve(row)) and clean
        self._check_spent()
        return clean

    def _check_spent(self) -> Exchange:
        if self.last is None:
            raise RuntimeError("The guard told of no exchange.")
        if self.last.refused in _SPENT:
            raise Stop(Code.NOTHING, _SPENT[self.last.refused])
        return self.last


def check_other(api: TargetApi, other_key: str, target: str) -> None:
    """See that a key opens another account than the run's own. Raises Stop (CANNOT)."""
    steps = api.facts.schemas.path_to(api.facts.operation("list").answer, "rows")
    path, size = api.facts.operation("list").path, {api.facts.size_parameter: max(api.facts.sizes)}
    theirs = api.call("GET", path, query=size, authorization=f"Bearer {other_key}")
    if not is_success(theirs):
        raise Stop(Code.CANNOT, f"{target} refuses the other account's key: it answers {theirs.status}.")
    rows = [at(parsed(answer), steps) for answer in (theirs, api.list(1, max(api.facts.sizes)))]
    ids = [{number_of(mapping(row).get(api.facts.row["id"])) for row in each or ()} for each in rows]
    if ids[0] & ids[1] - {None}:
        raise Stop(Code.CANNOT, f"both keys open the same account of {target}: name another account's key.")


def created_id(facts: Facts, exchange: Exchange, number: int) -> int:
    """Return the id that a create answered; a number that no row has if it was refused."""
    steps = facts.schemas.path_to(facts.operation("create").answer, "id")
    answer = TargetResponse(exchange.status, {}, exchange.body.encode())
    row = number_of(at(parsed(answer), steps)) if is_success(answer) else None
    return row if row is not None else -1 - number
