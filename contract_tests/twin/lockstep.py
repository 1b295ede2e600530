"""Sends one sequence into both services, step by step, and stops at the first difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from contract_tests.guard.exchange import Exchange
from contract_tests.twin.compare import Comparison, Difference
from contract_tests.twin.sequences import Sequence
from contract_tests.twin.sides import Participant
from contract_tests.twin.step import TwinStep

# Says of a difference whether it is accepted.
Accepts = Callable[[str, Difference], bool]

_REFUSED, _GONE = 400, 404


@dataclass(frozen=True, slots=True)
class SequenceOutcome:
    """What became of a sequence: the steps that were sent, both sides' exchanges, and how the last ones differ.

    `others` are the ids of the rows that the right side held before, oldest first.
    """

    steps: tuple[TwinStep, ...]
    left: tuple[Exchange, ...]
    right: tuple[Exchange, ...]
    others: tuple[int, ...]
    differences: tuple[Difference, ...]

    @property
    def harms_others(self) -> bool:
        """Whether the right side has changed or deleted a row that no call named: the next one may be another's."""
        last = self.steps[-1] if self.steps else None
        if last is None or (last.kind, last.bearer, last.tail) != ("retrieve", "own", ""):
            return False
        writes = [step for step in self.steps if step.kind in {"update", "delete"}]
        if not writes or any(step.row == last.row for step in writes) or self.left[-1].status >= _REFUSED:
            return False
        sent = [text for step in writes for _, text in step.form]
        changed = any(each.right in sent and each.left not in sent for each in self.differences)
        return changed or self.right[-1].status == _GONE


class Lockstep:
    """Runs sequences. `calls` counts the steps that both sides answered, `sequences` the sequences."""

    def __init__(
        self, left: Participant, right: Participant, comparison: Comparison, accepts: Accepts
    ) -> None:
        self.left = left
        self.right = right
        self.calls = 0
        self.sequences = 0
        self._comparison = comparison
        self._accepts = accepts
        self._is_dirty = True

    def line_up(self, make: Callable[[int], object]) -> None:
        """Look at the rows that both hold before a sequence; `make` gives the left side as many as the right one."""
        if not self._is_dirty:
            return
        self.right.look()
        make(len(self.right.others))
        self._comparison.lined_up = len(self.left.others) == len(self.right.others)
        self._is_dirty = False

    def run(self, steps: Sequence) -> SequenceOutcome:
        """Run one sequence. Raises Stop if the run may send nothing more."""
        self.left.begin()
        self.right.begin()
        lefts: list[Exchange] = []
        rights: list[Exchange] = []
        found: list[Difference] = []
        done: list[TwinStep] = []
        self.sequences += 1
        self._is_dirty = True
        for step in steps:
            one, other = self.left.do(step), self.right.do(step)
            lefts.append(one.exchange)
            rights.append(other.exchange)
            done.append(step)
            self.calls += not (one.exchange.refused or other.exchange.refused)
            operation = other.exchange.operation or step.kind
            differences = self._comparison.differences(one, other)
            found = [each for each in differences if not self._accepts(operation, each)]
            if found:
                break
        # Whatever is raised above ends the run, and the guard deletes what is there.
        ends = [self.left.end(), self.right.end()]
        # What one side does not delete would be seen in every list from here on.
        self._is_dirty = bool(found) or not all(ends)
        return SequenceOutcome(
            tuple(done), tuple(lefts), tuple(rights), tuple(self.right.others), tuple(found)
        )
