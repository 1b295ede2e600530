"""Looks for a sequence on which two services differ, and for the shortest one."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import NoSuchExample
from hypothesis.strategies import SearchStrategy

from contract_tests.run.stop import Stop
from contract_tests.twin.lockstep import Outcome
from contract_tests.twin.sequences import Sequence

Run = Callable[[Sequence], Outcome]


class Search:
    """Runs at most `most` generated sequences, and then so many more as it takes to shorten the first difference.

    `spent` tells whether the run ended because nothing more may be sent. A sequence that was run is not run again: what
    a service answered once is what counts, so that one that wavers does not confuse the search.
    """

    def __init__(self, run: Run, strategy: SearchStrategy[Sequence], *, most: int, seed: int) -> None:
        self._run = run
        self._strategy = strategy
        self._most = most
        self._random = Random(seed)  # noqa: S311 - to be repeated
        self._known: dict[Sequence, Outcome | None] = {}
        self._has_found = False
        self.spent = False

    @property
    def sequences(self) -> int:
        """How many different sequences were run."""
        return len(self._known)

    def first(self) -> Outcome | None:
        """Return the shortest sequence that differs, None where none does."""
        fewest = settings(
            max_examples=3 * self._most, deadline=None, database=None, phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
        )  # fmt: skip
        try:
            found = find(self._strategy, self._differs, settings=fewest, random=self._random)
        except NoSuchExample:
            return None
        return self._known[found]

    def _differs(self, steps: Sequence) -> bool:
        # What is generated twice is run once; a search that has found nothing ends when enough were run.
        enough = len(self._known) >= self._most and not self._has_found
        if steps not in self._known and not self.spent and not enough:
            try:
                outcome = self._run(steps)
            except Stop:
                self.spent = True
                return False
            self._known[steps] = outcome if outcome.differences else None
            # What comes behind the difference belongs to it no more.
            if outcome.differences:
                self._has_found = True
                self._known[outcome.steps] = outcome
        return self._known.get(steps) is not None
