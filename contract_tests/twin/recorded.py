"""A side that answers from exchanges that took place before: no network."""

from __future__ import annotations

from collections.abc import Sequence

from contract_tests.document.facts import Facts
from contract_tests.guard.exchange import Exchange
from contract_tests.twin.compare import Rows, Side
from contract_tests.twin.service import created_id
from contract_tests.twin.step import TwinStep


class Playback:
    """Gives back the exchanges of one sequence, in their order. `others` are the ids of the rows that were there."""

    def __init__(self, exchanges: Sequence[Exchange], others: Sequence[int], base: str, facts: Facts) -> None:
        self._exchanges = exchanges
        self._base = base
        self._facts = facts
        self._others = list(others)
        self.rows = Rows(self._others)
        self._at = 0

    @property
    def others(self) -> list[int]:
        """The ids of the rows that were there before the sequence, oldest first."""
        return self._others

    def look(self) -> list[int]:
        """Return the rows that were there."""
        return self._others

    def begin(self) -> None:
        """Begin the sequence anew."""
        self.rows, self._at = Rows(self._others), 0

    def do(self, step: TwinStep) -> Side:
        """Return the exchange that this step was."""
        exchange = self._exchanges[self._at]
        self._at += 1
        if step.kind == "create":
            self.rows.own.append(created_id(self._facts, exchange, len(self.rows.own)))
        return Side(exchange, self._base, self.rows)

    def end(self) -> bool:
        """Leave nothing behind."""
        return True
