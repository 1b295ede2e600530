"""Which tests run, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

from contract_tests.report import LeftOut
from contract_tests.run.flags import SUITES
from contract_tests.run.settings import RunSettings

_PREFIX = "test_"
SPARED = "this run spares requests: "
DESELECTED = "pytest was told to run other tests only"
WRITES = "it writes, and this run may only read: allow it with --allow-writes"


def suite_of(item: pytest.Item) -> str:
    """Return the suite of a test: its module's name without `test_`."""
    return item.path.stem.removeprefix(_PREFIX)


def suite_in(report: pytest.TestReport) -> str:
    """Return the suite of a test that a report is about."""
    return report.fspath.rpartition("/")[2].removeprefix(_PREFIX).removesuffix(".py")


def rules_of(items: Iterable[pytest.Item]) -> list[str]:
    """Return the rules of the state machines that are in the tests' modules."""
    modules = {getattr(item, "module", None) for item in items}
    return sorted({str(rule) for module in modules for rule in getattr(module, "RULES", ())})


def select(items: Sequence[pytest.Item], settings: RunSettings) -> tuple[list[pytest.Item], list[LeftOut]]:
    """Return the tests to run, suites in their order, and what is left out and why.

    Raises ValueError for a suite that nobody could ask for.
    """
    by_suite: dict[str, list[pytest.Item]] = {name: [] for name in SUITES}
    for item in items:
        if suite_of(item) not in by_suite:
            raise ValueError(f"{item.path} is not a suite that is known, name it in run.flags.SUITES")
        by_suite[suite_of(item)].append(item)
    chosen: list[pytest.Item] = []
    left_out: list[LeftOut] = []
    for name, tests in by_suite.items():
        if name not in settings.suites:
            if tests:
                left_out.append(LeftOut(name, "only other suites were asked for"))
            continue
        reasons = {test: _reason(test, settings) for test in tests}
        chosen += [test for test, reason in reasons.items() if not reason]
        for reason in dict.fromkeys(filter(None, reasons.values())):
            left = named(test.name for test, why in reasons.items() if why == reason)
            left_out.append(LeftOut(f"{name}: {left}", reason))
    return chosen, left_out


def left_by_pytest(items: Iterable[pytest.Item]) -> list[LeftOut]:
    """Return what pytest's own options leave out, by suite."""
    by_suite: dict[str, list[str]] = {}
    for item in items:
        by_suite.setdefault(suite_of(item), []).append(item.name)
    return [LeftOut(f"{suite}: {named(names)}", DESELECTED) for suite, names in by_suite.items()]


def _reason(test: pytest.Item, settings: RunSettings) -> str:
    """Return why a test of a suite that was asked for does not run, empty if it does."""
    if not settings.allow_writes and _writes(test):
        return WRITES
    spared = test.get_closest_marker("spared") if settings.profile.spares else None
    return f"{SPARED}{spared.args[0]}" if spared is not None else ""


def _writes(item: pytest.Item) -> bool:
    """Tell whether a test writes: it says so, or it takes the fixture of a run's own handlers."""
    return item.get_closest_marker("writes") is not None or "own" in getattr(item, "fixturenames", ())


def named(tests: Iterable[str]) -> str:
    """Return the names of tests as one text, many of them counted."""
    names = list(
        dict.fromkeys(name.partition("[")[0].removeprefix(_PREFIX).replace("_", " ") for name in tests)
    )
    shown = ", ".join(names[:4])
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"
