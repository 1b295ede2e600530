"""Sends the steps of a sequence to two services, and compares their responses one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from contract_tests.guard.exchange import Exchange
from contract_tests.run.settings import Stop
from contract_tests.twin.compare import Accepts, Comparison, Difference
from contract_tests.twin.sides import Participant
from contract_tests.twin.steps import Sequence, TwinStep

_REFUSED, _GONE = 400, 404


@dataclass(frozen=True, slots=True)
class SequenceOutcome:
    """The outcome of a sequence: the sent steps, the exchanges of both sides, and how the last pair differs.

    `others` are the ids of the rows that the right side had before, oldest first.
    """

    steps: tuple[TwinStep, ...]
    left: tuple[Exchange, ...]
    right: tuple[Exchange, ...]
    others: tuple[int, ...]
    differences: tuple[Difference, ...]

    @property
    def harms_others(self) -> bool:
        """Whether the right side changed or deleted a row that no call named; next it may be a row of others."""
        last = self.steps[-1] if self.steps else None
        if last is None or (last.kind, last.bearer, last.tail) != ("retrieve", "own", ""):
            return False
        writes = [step for step in self.steps if step.kind in {"update", "delete"}]
        if not writes or any(step.row == last.row for step in writes) or self.left[-1].status >= _REFUSED:
            return False
        sent = [text for step in writes for _, text in step.form]
        changed = any(each.right in sent and each.left not in sent for each in self.differences)
        return changed or self.right[-1].status == _GONE


class _Pair(NamedTuple):
    """A step, the exchanges of both sides, and the differences that are not accepted."""

    step: TwinStep
    left: Exchange
    right: Exchange
    differences: list[Difference]


class Lockstep:
    """Sends sequences to both services, step by step. `calls` counts the steps to which both responded."""

    def __init__(
        self, left: Participant, right: Participant, comparison: Comparison, accepts: Accepts
    ) -> None:
        self.left = left
        self.right = right
        self.calls = 0
        self._comparison = comparison
        self._accepts = accepts
        self._is_dirty = True

    def line_up(self, make: Callable[[int], object]) -> None:
        """Look at the rows of both sides before a sequence; `make` gives the left side as many as the right one has."""
        if not self._is_dirty:
            return
        self.right.look()
        make(len(self.right.others))
        self._comparison.lined_up = len(self.left.others) == len(self.right.others)
        self._is_dirty = False

    def run(self, steps: Sequence) -> SequenceOutcome:
        """Run one sequence up to the first difference. Raises Stop if the run may not send anything more."""
        self.left.begin()
        self.right.begin()
        self._is_dirty = True
        done: list[_Pair] = []
        try:
            for step in steps:
                done.append(self._do(step))
                if done[-1].differences:
                    break
        except Stop:
            # The left side has made the step that was stopped, so its row is not compared.
            rows = set(range(len(self.right.rows.own))) - {step.row}
            if (story := self._looked_at(rows, done)) is None:
                raise
            return self._outcome(story)
        is_alike = not any(pair.differences for pair in done)
        # A row that one side does not delete would show in every later list.
        self._is_dirty = not all([self.left.end(), self.right.end()]) or not is_alike
        if self._is_dirty and is_alike:
            done = self._looked_at(self.right.deleted, done) or done
        return self._outcome(done)

    def _do(self, step: TwinStep) -> _Pair:
        one, other = self.left.do(step), self.right.do(step)
        self.calls += not (one.exchange.refused or other.exchange.refused)
        operation = other.exchange.operation or step.kind
        differences = self._comparison.differences(one, other)
        found = [each for each in differences if not self._accepts(operation, each)]
        return _Pair(step, one.exchange, other.exchange, found)

    def _outcome(self, done: list[_Pair]) -> SequenceOutcome:
        return SequenceOutcome(
            tuple(pair.step for pair in done), tuple(pair.left for pair in done), tuple(pair.right for pair in done),
            tuple(self.right.others), tuple(done[-1].differences if done else ()),
        )  # fmt: skip

    def _looked_at(self, rows: Iterable[int], done: list[_Pair]) -> list[_Pair] | None:
        """Look at rows of a sequence after the guard has stopped it, or has not been able to delete all of them.

        Return the steps on the first row that differs, with the look; None if the sides agree on all rows.
        """
        creates = [pair for pair in done if pair.step.kind == "create"]
        for row in sorted(rows):
            look = self._do(TwinStep("retrieve", row=row))
            if look.differences:
                story = [creates[row], *(pair for pair in done if pair.step.row == row), look]
                # It is the only row of this story, and so has the number 0.
                return [pair._replace(step=replace(pair.step, row=pair.step.row and 0)) for pair in story]
        return None
