"""Runs a test that passed again, once for each wrong answer to a call that it made, to see whether it notices."""

from __future__ import annotations

import gc
import json
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import Any

import pytest
from _pytest.runner import (
    runtestprotocol,
)  # what plugins that run a test again use; pytest has no public name for it

from mock_server.client import Api, Change
from mock_server.pytest_plugin.mutants import Answers, Mutant
from mock_server.pytest_plugin.options import file_of
from mock_server.pytest_plugin.recorder import Recorder
from mock_server.pytest_plugin.sabotage_report import UNCHANGED, Findings, Trial

# A test that a wrong answer keeps busy for longer than this, beside several times its usual seconds, has noticed it.
_PATIENCE = 2.0
_TIMES = 5


class Tampering(Recorder):
    """Makes one wrong answer, or none, in each world that the test takes, after all faults of the test's own."""

    tampering = True

    def __init__(self, mutant: Mutant | None, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._order = mutant and {**mutant.order, "operation": mutant.operation, "times": None}
        self._armed: dict[str, int] = {}

    def limit(self) -> AbstractContextManager[None]:
        """Return what ends the test's body when it takes too long."""
        return _limit(self._seconds)

    def opened(self, api: Api) -> None:
        """Arm the fault."""
        super().opened(api)
        self._arm(api)

    def after(self, api: Api, change: Change) -> None:
        """Arm it anew behind what the test has armed, or where the test disarmed it."""
        super().after(api, change)
        if change.path in {"/faults", "/state", "/reset"}:
            self._arm(api)

    def _arm(self, api: Api) -> None:
        if self._order is None:
            return
        control, key = api.mock.control, api.api_key
        former = self._armed.pop(key, None)
        if former is not None and former in {fault["id"] for fault in api.faults}:
            control.ask("DELETE", "/faults", key=key, id=former)
        self._armed[key] = control.ask("POST", "/faults", self._order, key=key)["id"]


class Saboteur:
    """Collects the trials of a run. `tampering` watches a test in the place of a `Recorder` while it runs again."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._file = file_of(config, "bitpeak_sabotage_json")
        self._least: float | None = config.getoption("bitpeak_sabotage_fail_under")
        self.wanted = bool(config.getoption("bitpeak_sabotage") or self._file or self._least is not None)
        self.tampering: Tampering | None = None
        self.findings = Findings()
        self._known: dict[str, Answers] = {}

    def run(
        self, item: pytest.Item, nextitem: pytest.Item | None, recorder: Recorder, seconds: float
    ) -> None:
        """Try the mutants on a test that passed in so many seconds, if it passes again: else failures say nothing."""
        mutants = self._mutants(recorder)
        with _quiet(), _briefly(self._config):
            if mutants and self._fails(item, item.parent, None, seconds):
                self.findings.trials.append(Trial("", "", UNCHANGED, False, item.nodeid, True))
                self._fails(item, nextitem, None, seconds)  # for what it tears down
                return
            for number, mutant in enumerate(mutants, 1):
                self._show(f"sabotage of {item.name}: wrong answer {number} of {len(mutants)}")
                # The last time everything is torn down as after the first; until then only the test's own is.
                following: Any = nextitem if number == len(mutants) else item.parent
                noticed = self._fails(item, following, mutant, seconds)
                self.findings.trials.append(Trial(*mutant[:4], item.nodeid, noticed))
        self._show("")

    def judge(self, session: pytest.Session) -> None:
        """Write the file; fail the run where too little was noticed."""
        if self._file is not None:
            self._file.write_text(json.dumps(self.findings.facts(), indent=2) + "\n", encoding="utf-8")
        if self._least is not None and self.findings.percent < self._least and session.exitstatus in {0, 5}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def write(self, terminal: pytest.TerminalReporter) -> None:
        """Show the findings."""
        terminal.section("bitpeak-mock: wrong answers, and who notices them")
        terminal.line(self.findings.text())
        if self._least is not None and self.findings.percent < self._least:
            terminal.line(f"FAIL: less than the {self._least:g} % of --bitpeak-sabotage-fail-under", red=True)

    def hear(self, trials: Iterable[Sequence[Any]]) -> None:
        """Take what a worker of xdist has tried."""
        self.findings.trials += [Trial(*trial) for trial in trials]

    def _mutants(self, recorder: Recorder) -> list[Mutant]:
        """Return the mutants of what the test was answered, each once."""
        found: dict[tuple[str, str, str], Mutant] = {}
        for world in recorder.worlds:
            functions = {each["id"]: each["function"] for each in world.api.mock.info["operations"]}
            answers = self._answers(world.api)
            for exchange in world.exchanges:
                body = exchange.answer.body
                if exchange.operation is None or exchange.refusal or not body:
                    continue
                operation = exchange.operation
                for mutant in answers.mutants(operation, functions[operation], json.loads(body)):
                    found.setdefault(mutant[:3], mutant)
        return list(found.values())

    def _answers(self, api: Api) -> Answers:
        """Return the answers that the world's document describes; it depends on how its open questions are answered."""
        varied = json.dumps(api.snapshot()["answers"], sort_keys=True)
        if varied not in self._known:
            self._known[varied] = Answers(str(api.mock.control.ask("GET", "/openapi.yaml", key=api.api_key)))
        return self._known[varied]

    def _fails(self, item: pytest.Item, following: Any, mutant: Mutant | None, seconds: float) -> bool:
        self.tampering = Tampering(mutant, _PATIENCE + _TIMES * seconds)
        try:
            reports = runtestprotocol(item, log=False, nextitem=following)
        finally:
            self.tampering = None
        return any(report.failed for report in reports)

    def _show(self, progress: str) -> None:
        """Show on a terminal how far it is, in a line that is written over; an empty text takes the line away."""
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None and terminal.isatty and not hasattr(self._config, "workerinput"):
            terminal.ensure_newline()
            terminal.rewrite(progress, erase=True)
            if not progress:
                terminal.rewrite("")


@contextmanager
def _limit(seconds: float) -> Iterator[None]:
    """Fail the test after so many seconds, where the system has alarms and this is the main thread."""
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_number: int, _frame: FrameType | None) -> None:
        pytest.fail("A wrong answer kept the test busy for too long.", pytrace=False)

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)  # again and again: the test may catch what is raised
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _briefly(config: pytest.Config) -> Iterator[None]:
    """Leave out the source in reports that nobody will see: to find it takes longer than the test."""
    style, config.option.tbstyle = config.option.tbstyle, "value"
    try:
        yield
    finally:
        config.option.tbstyle = style


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what tests leave behind that were made to fail, such as open sockets, from being blamed on the next test."""
    names = ("last_type", "last_value", "last_traceback", "last_exc")
    last = {name: getattr(sys, name) for name in names if hasattr(sys, name)}
    hook = sys.unraisablehook
    sys.unraisablehook = lambda _: None
    try:
        yield
    finally:
        for name in names:
            if hasattr(sys, name):
                delattr(sys, name)
        for name, value in last.items():
            setattr(sys, name, value)
        gc.collect()
        sys.unraisablehook = hook
