"""Which wrong answers a test suite notices, and which tests depend on which field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from mock_server.cli.table import table

# The changes in the order of the table's columns.
_CHANGES = ("missing", "renamed", "null", "value", "extra")
# In the place of a change: the test failed when it ran again with nothing changed.
UNCHANGED = "unchanged"
_NAMES = 3  # tests that a row of the table names


class Trial(NamedTuple):
    """One test under one wrong answer."""

    operation: str
    field: str
    change: str
    breaking: bool
    test: str
    noticed: bool


class Findings:
    """The trials of a run, and what follows from them."""

    def __init__(self) -> None:
        self.trials: list[Trial] = []

    @property
    def percent(self) -> float:
        """How many of the breaking answers some test noticed; 0 where none was tried."""
        noticed, tried = self._share(breaking=True)
        return 100.0 * noticed / tried if tried else 0.0

    def facts(self) -> dict[str, Any]:
        """Return all there is to say, for programs."""
        noticed, breaking = self._share(breaking=True)
        disturbed, additions = self._share(breaking=False)
        mutants = [
            {
                "operation": operation,
                "field": field,
                "change": change,
                "breaking": trials[0].breaking,
                "noticed_by": [trial.test for trial in trials if trial.noticed],
                "unnoticed_by": [trial.test for trial in trials if not trial.noticed],
            }
            for (operation, field, change), trials in self._mutants().items()
        ]
        return {
            "mutants": mutants,
            "breaking": breaking,
            "noticed": noticed,
            "percent": round(self.percent, 1),
            "additions": additions,
            "tolerated": additions - disturbed,
            "not_repeatable": self._not_repeatable(),
        }

    def text(self) -> str:
        """Write a table for people."""
        if not self._mutants():
            return "\n".join(
                ["none was tried: no test that passed had an answer of a mock", *self._left_out()]
            )
        facts = self.facts()
        lines = [
            table(
                ("OPERATION", "FIELD", *(change.upper() for change in _CHANGES), "TESTS THAT DEPEND ON IT"),
                self._rows(),
            ),
            "",
            "x noticed   . unnoticed   ok tolerated   FAILS not tolerated   - ruled out by nothing, so not tried",
            f"{facts['noticed']} of {facts['breaking']} breaking answers noticed, {self.percent:.1f} %; "
            f"{facts['tolerated']} of {facts['additions']} additions tolerated",
            *self._left_out(),
        ]
        return "\n".join(lines)

    def _not_repeatable(self) -> list[str]:
        return sorted({trial.test for trial in self.trials if trial.change == UNCHANGED})

    def _left_out(self) -> Iterator[str]:
        for test in self._not_repeatable():
            yield f"left out, as it fails when it runs twice in a row with nothing changed: {test}"

    def _rows(self) -> Iterator[tuple[str, ...]]:
        mutants = self._mutants()
        for operation, field in dict.fromkeys((operation, field) for operation, field, _ in mutants):
            cells = [_cell(mutants.get((operation, field, change), [])) for change in _CHANGES]
            tests = self._dependent(operation, field, set(_CHANGES))
            yield operation, field or "(the whole)", *cells, tests
        for operation, field, change in mutants:
            if change not in _CHANGES:
                noticed = _cell(mutants[operation, field, change])
                yield (
                    operation,
                    f"({change})",
                    noticed,
                    "",
                    "",
                    "",
                    "",
                    self._dependent(operation, field, {change}),
                )

    def _dependent(self, operation: str, field: str, changes: set[str]) -> str:
        names = dict.fromkeys(
            trial.test.rpartition("::")[2]
            for trial in self._sorted()
            if (trial.operation, trial.field) == (operation, field)
            and trial.change in changes
            and trial.breaking
            and trial.noticed
        )
        shown = ", ".join(list(names)[:_NAMES])
        return f"{shown} and {len(names) - _NAMES} more" if len(names) > _NAMES else shown

    def _mutants(self) -> dict[tuple[str, str, str], list[Trial]]:
        found: dict[tuple[str, str, str], list[Trial]] = {}
        for trial in self._sorted():
            found.setdefault((trial.operation, trial.field, trial.change), []).append(trial)
        return found

    def _sorted(self) -> list[Trial]:
        """Return the trials in an order that does not depend on who ran first."""
        return sorted(trial for trial in self.trials if trial.change != UNCHANGED)

    def _share(self, *, breaking: bool) -> tuple[int, int]:
        every = [trials for trials in self._mutants().values() if trials[0].breaking == breaking]
        return sum(any(trial.noticed for trial in trials) for trials in every), len(every)


def _cell(trials: list[Trial]) -> str:
    if not trials:
        return "-"
    noticed = any(trial.noticed for trial in trials)
    if trials[0].breaking:
        return "x" if noticed else "."
    return "FAILS" if noticed else "ok"
