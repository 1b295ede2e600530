"""The run as pytest walks through it: opened at its start, its tests chosen and judged, cleaned up at its end."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import ExitStack

import pytest

from contract_tests.guard import CleanUp, Terminated, interruptible
from contract_tests.guard.exchange import Exchange
from contract_tests.report import LeftOut, Outcome
from contract_tests.run.flags import SUITES
from contract_tests.run.settings import Code, RunSettings, Stop
from contract_tests.session.opening import Opening, close_guard, has_gone, open_run
from contract_tests.session.parts import Ended, RunPart, judged, part_of
from contract_tests.session.progress import Progress
from contract_tests.session.results import Results
from contract_tests.session.selection import left_by_pytest, select, suite_in, suite_of
from contract_tests.session.writing import write_reports

INTERRUPTED = 130  # what a shell says of a process that Ctrl-C ended
SENT = (
    "bitpeak_sent"  # how many requests had been sent when a test's report was made, as a report's attribute
)


class Session:
    """A pytest plugin that is one run. `opening` is set while it runs, `outcome` or `stopped` once it has ended."""

    def __init__(self, settings: RunSettings, progress: Progress | None = None) -> None:
        self.settings = settings
        self.opening: Opening | None = None
        self.part: RunPart | None = None
        self.outcome: Outcome | None = None
        self.stopped: Stop | None = None
        self._progress = progress
        self._results: Results | None = None
        self._items: list[pytest.Item] = []
        self._left_out: list[LeftOut] = []
        self._is_part = False
        self._interrupted, self._code = "", int(Code.FINE)
        self._signals = ExitStack()

    def pytest_sessionstart(self) -> None:
        """Take the signals that end a process."""
        if threading.current_thread() is threading.main_thread():
            self._signals.enter_context(interruptible(self._is_cleaning))

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Open the run, or end pytest with the exit code that says why not.

        Not before: what ends pytest at its start has no end of the session, and so no clean-up.
        """
        try:
            opening = self.opening = open_run(self.settings, self._note)
            self._note("asking the open questions")
            opening.guard.on_exchange(self._draw)
            self._results = Results(opening)
            opening.ask()
        except Stop as stop:
            self.stopped = stop
            session.shouldstop = stop.sentence  # the process that has started a worker hears it so
            pytest.exit(stop.sentence, returncode=stop.code)
        except Exception as error:
            if self._results is None:
                raise
            self._results.fail("the open questions", error)
            pytest.exit("this program failed while it asked the open questions", returncode=Code.DEFECT)

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out what may not run or was not asked for, and put the suites in order."""
        self._is_part = {suite_of(item) for item in items} != {*SUITES} or any(
            "::" in arg for arg in config.args
        )
        chosen, self._left_out = select(items, self.settings)
        if left := [item for item in items if item not in chosen]:
            config.hook.pytest_deselected(items=left)
        items[:] = chosen
        self._items = list(chosen)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """See what pytest's own options, such as -k, have left of it."""
        self._is_part = self._is_part or len(session.items) < len(self._items)
        there = {*session.items}
        self._left_out += left_by_pytest(item for item in self._items if item not in there)
        self._items = [item for item in self._items if item in there]
        if self._progress is not None:
            self._progress.begin(len(self._items))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        """Begin the test's trace; without requests left there is nothing to run."""
        run, guard = self._opened.run, self._opened.guard
        run.begin()
        most = self.settings.max_requests
        if most is not None and guard.stats().sent >= most:
            pytest.skip(f"all {most} requests that the run may make had been made")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Judge a part of a test, and take keys out of what pytest says of it."""
        report = yield
        if self._results is not None and self.opening is not None:
            self._results.take(item, call, report)
            if report.failed and not self._interrupted and has_gone(self.opening):
                self._interrupted, self._code = "the target no longer answers", Code.UNREACHABLE
                item.session.shouldstop = self._interrupted
            if report.failed and report.longrepr is not None:
                report.longrepr = self.opening.clean(str(report.longrepr))
            report.sections = [(head, self.opening.clean(text)) for head, text in report.sections]
            report.__dict__[SENT] = self.opening.guard.stats().sent
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Show how far the run is."""
        if self._progress is not None and report.when == "teardown":
            failed = self.has_failed(report.nodeid)
            self._progress.step(suite_in(report), failed=failed, sent=report.__dict__[SENT])

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remember what ended the run."""
        if isinstance(excinfo.value, KeyboardInterrupt) and not self._interrupted:
            self._interrupted = str(excinfo.value) or "ended by SIGINT"
            self._code = excinfo.value.code if isinstance(excinfo.value, Terminated) else INTERRUPTED

    # Innermost: after the fixtures' ends, and before the terminal's summary, which shows the report.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Clean up, sum up, write the reports, and set the exit code, whatever happened."""
        try:
            yield
        finally:
            if self.opening is not None and self.outcome is None:
                session.exitstatus = self._finish(self.opening)
            elif self.opening is None and self._interrupted:
                self.stopped = Stop(self._code, f"{self._interrupted} while it opened; nothing was created")
                session.exitstatus = self._code

    def pytest_unconfigure(self) -> None:
        """Give the signals back."""
        self._signals.close()

    @property
    def _opened(self) -> Opening:
        if self.opening is None:
            raise RuntimeError("The run has not been opened.")
        return self.opening

    def has_failed(self, node_id: str) -> bool:
        """Tell whether a test has failed so far."""
        test = self._results.tests.get(node_id) if self._results is not None else None
        return test is not None and test.outcome == "failed"

    def _is_cleaning(self) -> bool:
        return self.opening is not None and self.opening.guard.is_cleaning

    def _note(self, sentence: str) -> None:
        if self._progress is not None:
            self._progress.note(sentence)

    def _draw(self, _: Exchange) -> None:
        if self._progress is not None:
            self._progress.draw(self._opened.guard.stats().sent)

    def _finish(self, opening: Opening) -> int:
        if self._progress is not None:
            self._progress.end()
        try:
            cleaned = opening.guard.clean_up()
            if self.stopped is not None:
                return self.stopped.code
            if opening.guard.fault and not self._interrupted:
                self._interrupted, self._code = opening.guard.fault.rstrip("."), Code.CANNOT
            self.part = part_of(opening, self._ended(cleaned))
            self.outcome = judged(self.settings, [self.part])
            opening.end_recording(len(self.outcome.findings))
        finally:
            opening.run.api.close()
            opening.end_recording()
            close_guard(self.settings, opening.guard)
            if self._progress is not None:
                self._progress.wipe()
        self.stopped = write_reports(self.settings, self.outcome)
        if self.stopped is None and opening.recording_fault:
            self.stopped = Stop(Code.CANNOT, opening.recording_fault)
        return self.outcome.exit_code if self.stopped is None else self.stopped.code

    def _ended(self, cleaned: CleanUp) -> Ended:
        return Ended(
            results=self._results, items=self._items, left_out=self._left_out, cleaned=cleaned,
            interrupted=self._interrupted, code=self._code, is_part=self._is_part,
        )  # fmt: skip
