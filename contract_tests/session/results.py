"""The tests of a run: the selection, the progress, and the results."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from contract_tests.report.outcome import (
    Defect,
    Finding,
    Happened,
    LeftOut,
    Trial,
    defects_of,
    findings_of,
)
from contract_tests.run.flags import SUITES
from contract_tests.run.settings import RunSettings
from contract_tests.session.opening import Opening

if TYPE_CHECKING:
    import pytest

_PREFIX = "test_"
SPARED = "this run spares requests: "
DESELECTED = "pytest was told to run other tests only"
WRITES = "it writes, and this run may only read: allow it with --allow-writes"


def suite_at(path: Path) -> str:
    """Return the suite of a module: its name without `test_`."""
    return path.stem.removeprefix(_PREFIX)


def suite_of(item: pytest.Item) -> str:
    """Return the suite of a test."""
    return suite_at(item.path)


def suite_in(report: pytest.TestReport) -> str:
    """Return the suite of a pytest report's test."""
    return suite_at(Path(report.fspath))


def rules_of(items: Iterable[pytest.Item]) -> list[str]:
    """Return the rules of the state machines in the tests' modules."""
    modules = {getattr(item, "module", None) for item in items}
    return sorted({str(rule) for module in modules for rule in getattr(module, "RULES", ())})


def select(
    items: Sequence[pytest.Item], settings: RunSettings, unasked: Collection[str]
) -> tuple[list[pytest.Item], list[LeftOut]]:
    """Return the tests to run, in the order of the suites, and what is left out with the reason.

    `unasked` are suites whose tests were not collected. Raises ValueError for an unknown suite.
    """
    by_suite: dict[str, list[pytest.Item]] = {name: [] for name in SUITES}
    for item in items:
        if suite_of(item) not in by_suite:
            raise ValueError(f"{item.path} is not a suite that is known, name it in run.flags.PRICES")
        by_suite[suite_of(item)].append(item)
    chosen: list[pytest.Item] = []
    left_out: list[LeftOut] = []
    for name, tests in by_suite.items():
        if name not in settings.suites:
            if tests or name in unasked:
                left_out.append(LeftOut(name, "only other suites were asked for"))
            continue
        reasons = {test: _reason(test, settings) for test in tests}
        chosen += [test for test, reason in reasons.items() if not reason]
        for reason in dict.fromkeys(filter(None, reasons.values())):
            left = named(test.name for test, why in reasons.items() if why == reason)
            left_out.append(LeftOut(f"{name}: {left}", reason))
    return chosen, left_out


def left_by_pytest(items: Iterable[pytest.Item]) -> list[LeftOut]:
    """Return the tests that pytest's own options leave out, by suite."""
    by_suite: dict[str, list[str]] = {}
    for item in items:
        by_suite.setdefault(suite_of(item), []).append(item.name)
    return [LeftOut(f"{suite}: {named(names)}", DESELECTED) for suite, names in by_suite.items()]


def _reason(test: pytest.Item, settings: RunSettings) -> str:
    """Return why a test of a chosen suite does not run; empty if it runs."""
    if not settings.allow_writes and _writes(test):
        return WRITES
    spared = test.get_closest_marker("spared") if settings.profile.spares else None
    return f"{SPARED}{spared.args[0]}" if spared is not None else ""


def _writes(item: pytest.Item) -> bool:
    """Tell whether a test writes: it has the marker, or uses the fixture of the run's own handlers."""
    return item.get_closest_marker("writes") is not None or "own" in getattr(item, "fixturenames", ())


def named(tests: Iterable[str]) -> str:
    """Return the names of tests as one text, shortened to a count if there are many."""
    names = list(
        dict.fromkeys(name.partition("[")[0].removeprefix(_PREFIX).replace("_", " ") for name in tests)
    )
    shown = ", ".join(names[:4])
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"


_WIDTH = 24
_PAUSE = 0.1  # seconds between two updates of the bar
_CLEAR = "\r\x1b[K"
_EARLY = 0.05  # below this share, an estimate of the time left is not stable


class Progress:
    """Writes to a stream. `begin` first, then `suite` and `step` as tests pass, then `end`."""

    def __init__(
        self, stream: TextIO, settings: RunSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._settings = settings
        self._clock = clock
        self._is_bar = stream.isatty()
        self._begun = self._drawn = clock()
        # For each worker: its suite, the tests of it so far, and the failed ones.
        self._suites: dict[str, tuple[str, int, int]] = {}
        self._done, self._all = 0, 0

    def begin(self, tests: int) -> None:
        """Set how many tests there are."""
        self._all = tests
        self._begun = self._clock()

    def note(self, sentence: str) -> None:
        """Say what goes on before the first test, after the last one, or during a pause."""
        self._stream.write(f"{_CLEAR}{sentence}" if self._is_bar else f"{sentence}\n")
        self._stream.flush()

    def step(self, suite: str, *, failed: bool, sent: int, worker: str = "") -> None:
        """Count a finished test; `sent` is the number of requests so far."""
        before, tests, failures = self._suites.get(worker, (suite, 0, 0))
        if suite != before:
            self._close_suite(worker)
            tests = failures = 0
        self._suites[worker] = suite, tests + 1, failures + failed
        self._done += 1
        self.draw(sent)

    def draw(self, sent: int) -> None:
        """Draw the bar, if there is one, unless it was just drawn."""
        now = self._clock()
        if not self._is_bar or now - self._drawn < _PAUSE:
            return
        self._drawn = now
        share = self._done / self._all if self._all else 0.0
        filled = round(share * _WIDTH)
        bar = "█" * filled + "░" * (_WIDTH - filled)
        suites = ", ".join(dict.fromkeys(suite for suite, _, _ in self._suites.values())) or "…"
        self._stream.write(f"{_CLEAR}{bar} {suites} · {self._requests(sent)}{self._time_left(share, sent)}")
        self._stream.flush()

    def end(self) -> None:
        """Print the results of the last suites, and remove the bar."""
        for worker in self._suites:
            self._close_suite(worker)
        self.wipe()

    def wipe(self) -> None:
        """Clear the line of the bar."""
        if self._is_bar:
            self._stream.write(_CLEAR)
            self._stream.flush()

    def _close_suite(self, worker: str) -> None:
        if not self._is_bar:
            suite, tests, failures = self._suites[worker]
            failed = f", {failures} failed" if failures else ""
            said = "1 test" if tests == 1 else f"{tests} tests"
            self._stream.write(f"{f'{worker}, ' if worker else ''}{suite}: {said}{failed}\n")
            self._stream.flush()

    def _requests(self, sent: int) -> str:
        budget = self._settings.max_requests
        return f"{sent} requests" if budget is None else f"{sent} of {budget} requests"

    def _time_left(self, share: float, sent: int) -> str:
        """Estimate the time left from the tests so far; budget and rate set an upper bound."""
        if share < _EARLY:
            return ""
        left = (self._clock() - self._begun) * (1 - share) / share
        if self._settings.max_requests is not None and self._settings.rate is not None:
            left = min(left, max(0, self._settings.max_requests - sent) * 60 / self._settings.rate)
        minutes, seconds = divmod(round(left), 60)
        return f" · about {minutes} min {seconds} s left" if minutes else f" · about {seconds} s left"


# Reasons of the guard to stop a test that say nothing about the service.
_CUT = {
    "budget": "the requests that the run may make were used up",
    "closing": "the run was ending",
    "ledger": "the ledger could not be written",
    "halted": "the run writes no more, as the guard's finding says",
}


@dataclass
class Results:
    """Tests by their node id, and findings in the order in which they were found.

    `items` are the chosen tests, `left_out` the others. `is_part` means that pytest was told to run only some tests, by
    -k or in another way.
    """

    opening: Opening
    items: list[pytest.Item] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    is_part: bool = False
    tests: dict[str, Trial] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)
    _node: str = ""
    _errors: list[BaseException] = field(default_factory=list, repr=False)  # of that test

    def take(self, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
        """Take the report of a phase of a test: its call, or a failed setup or teardown."""
        if report.when != "call" and report.passed:
            return
        outcome, reason = report.outcome, ""
        if report.failed and (cut := self._cut()):
            # A test that could not finish has found nothing.
            outcome = report.outcome = "skipped"
            report.longrepr = (str(item.path), 0, f"Skipped: {cut}")
        if outcome == "skipped":
            reason = self.opening.clean(_skipped_for(report))
        elif outcome == "failed":
            self._find(item, call)
        before = self.tests.get(item.nodeid)
        if before is None or before.outcome != "failed":
            self.tests[item.nodeid] = Trial(suite_of(item), item.name, outcome, report.duration, reason)

    def _cut(self) -> str:
        exchanges = self.opening.run.trace.exchanges()
        return _CUT.get(exchanges[-1].refused, "") if exchanges else ""

    def _find(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Make findings of a failure, once: a test with failed parts fails again at its end."""
        if call.excinfo is None or not self._is_new(item.nodeid, call.excinfo.value):
            return
        error, trace, clean = call.excinfo.value, self.opening.run.trace, self.opening.clean
        # A probe's exchanges are complete. Other tests may also need earlier ones.
        is_probe = item.get_closest_marker("question") is not None
        happened = Happened(trace.exchanges(), () if is_probe else trace.earlier_writes())
        self.findings += findings_of(suite_of(item), item.name, error, happened, clean)
        for each in defects_of(error, happened):
            self.fail(f"{suite_of(item)}: {item.name}", each)

    def fail(self, where: str, error: BaseException) -> None:
        """Note an error of this program, which says nothing about the service."""
        clean = self.opening.clean
        text = "".join(traceback.format_exception(error))
        self.defects.append(Defect(where, clean(f"{type(error).__name__}: {error}"), clean(text)))

    def _is_new(self, node: str, error: BaseException) -> bool:
        # Keeps the errors alive, so that no other one gets the id of one of them.
        if node != self._node:
            self._node, self._errors = node, []
        if any(error is known for known in self._errors):
            return False
        self._errors.append(error)
        return True


def _skipped_for(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].partition(": ")[2]  # it begins with the exception's class
    return str(report.longrepr or "")
