"""Runs sequences on two services to find the shortest one for which they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from random import Random

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import NoSuchExample
from hypothesis.strategies import SearchStrategy

from contract_tests.run.settings import Code, Stop
from contract_tests.twin.lockstep import SequenceOutcome
from contract_tests.twin.steps import Sequence

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
