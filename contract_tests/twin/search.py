"""Runs sequences on two services to find the shortest one for which they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from random import Random
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import NoSuchExample
from hypothesis.strategies import SearchStrategy

from contract_tests.guard.exchange import Exchange
from contract_tests.run.settings import Code, Stop
from contract_tests.twin.compare import Comparison, Difference
from contract_tests.twin.sequences import Sequence, TwinStep
from contract_tests.twin.sides import Participant

# Tells whether a difference is accepted.
Accepts = Callable[[str, Difference], bool]

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


Run = Callable[[Sequence], SequenceOutcome]


class Search:
    """Runs at most `most` generated sequences, and then as many more as it takes to shorten the first difference.

    `first` come before them and `last` after them, in addition to `most`. `spent` tells whether the run ended because
    nothing more may be sent. No sequence is run twice: the first outcome counts, so that an unsteady service does not
    confuse the search.
    """

    def __init__(  # noqa: PLR0913 - each says what is run
        self,
        run: Run,
        strategy: SearchStrategy[Sequence],
        *,
        most: int,
        seed: int,
        first: Iterable[Sequence] = (),
        last: Iterable[Sequence] = (),
    ) -> None:
        self._run = run
        self._strategy = strategy
        self._most = most
        self._random = Random(seed)  # noqa: S311 - to be repeated
        self._fixed = tuple(first), tuple(last)
        self._known: dict[Sequence, SequenceOutcome | None] = {}
        self._has_found = False
        self._stopped: Stop | None = None
        self.spent = False

    @property
    def sequences(self) -> int:
        """The number of different sequences that were run."""
        return len(self._known)

    def first(self) -> SequenceOutcome | None:
        """Return the shortest sequence that differs, None if all agree. Raises Stop if a side is gone."""
        first, last = self._fixed
        outcome = self._among(first) or self._generated(self._most + len(self._known)) or self._among(last)
        outcome = outcome if outcome is None or outcome.harms_others else self._shortened(outcome)
        if self._stopped is not None and self._stopped.code is not Code.NOTHING:
            raise self._stopped
        return outcome

    def _among(self, sequences: Iterable[Sequence]) -> SequenceOutcome | None:
        return next((self._known[steps] for steps in sequences if self._differs(steps)), None)

    def _generated(self, enough: int) -> SequenceOutcome | None:
        """Return the simplest differing outcome that Hypothesis finds, with a limit of sequences."""
        fewest = settings(
            max_examples=3 * self._most, deadline=None, database=None, phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
        )  # fmt: skip

        def differs(steps: Sequence) -> bool:
            # A repeated sequence is run once. A search without a difference ends when enough sequences were run.
            is_over = len(self._known) >= enough and not self._has_found
            return self._differs(steps) if steps in self._known or not is_over else False

        try:
            return self._known[find(self._strategy, differs, settings=fewest, random=self._random)]
        except NoSuchExample:
            return None

    def _shortened(self, outcome: SequenceOutcome) -> SequenceOutcome:
        """Leave out one step after another and renumber the rows, which the search cannot do as rows have numbers."""
        at = 0
        while at < len(outcome.steps) - 1:
            steps = without(outcome.steps, at)
            if steps and self._differs(steps):
                outcome, at = self._known[steps] or outcome, 0
            else:
                at += 1
        at_once = tuple(replace(step, later=False) for step in outcome.steps)
        return (self._known[at_once] or outcome) if self._differs(at_once) else outcome

    def _differs(self, steps: Sequence) -> bool:
        if steps not in self._known and self._stopped is None:
            try:
                outcome = self._run(steps)
            except Stop as stop:
                # Not raised here: Hypothesis would take it for a difference.
                self._stopped, self.spent = stop, stop.code is Code.NOTHING
                return False
            self._known[steps] = outcome if outcome.differences else None
            # The steps after the difference do not belong to it.
            if outcome.differences:
                self._has_found = True
                self._known[outcome.steps] = outcome
        return self._known.get(steps) is not None


def without(steps: Sequence, at: int) -> Sequence:
    """Return a sequence without one step; if that is a create, also without the steps on its row."""
    left = steps[:at] + steps[at + 1 :]
    if steps[at].kind != "create":
        return left
    gone = sum(step.kind == "create" for step in steps[:at])
    return tuple(
        replace(step, row=step.row - 1) if isinstance(step.row, int) and step.row > gone else step
        for step in left
        if step.row != gone
    )
