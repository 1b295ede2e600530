"""The run as pytest walks through it, alone or spread over workers: opened, its tests judged, cleaned up, reported."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import pickle
import signal
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from contract_tests.guard.exchange import Exchange
from contract_tests.guard.guard import Terminated, interruptible
from contract_tests.guard.ledger import WORKER, ledgers_in
from contract_tests.report.outcome import Defect, Outcome
from contract_tests.run.flags import SUITES
from contract_tests.run.settings import KEY_NAME, Code, RunSettings, Stop, made_up_key
from contract_tests.session.opening import Opening, check_ground, has_gone, open_run
from contract_tests.session.parts import (
    Course,
    RunPart,
    judged,
    part_of,
    write_reports,
)
from contract_tests.session.results import Progress, Results, left_by_pytest, select, suite_in, suite_of

INTERRUPTED = 130  # what a shell says of a process that Ctrl-C ended
SENT = (
    "bitpeak_sent"  # how many requests had been sent when a test's report was made, as a report's attribute
)


class RunPlugin:
    """A run as a plugin of pytest, alone or spread. Once it has ended, `outcome` or `stopped` is set."""

    def __init__(self, settings: RunSettings, progress: Progress | None = None) -> None:
        self.settings = settings
        self.outcome: Outcome | None = None
        self.stopped: Stop | None = None
        self._progress = progress or Progress(io.StringIO(), settings)
        self._interrupted, self._code = "", int(Code.FINE)
        self._signals = ExitStack()

    def pytest_unconfigure(self) -> None:
        """Give the signals back."""
        self._signals.close()


class Session(RunPlugin):
    """A run in this process. `opening` is set while it runs."""

    def __init__(self, settings: RunSettings, progress: Progress | None = None) -> None:
        super().__init__(settings, progress)
        self.part: RunPart | None = None
        self._results: Results | None = None
        self._is_finishing = False

    def pytest_sessionstart(self) -> None:
        """Take the signals that end a process."""
        self._signals.enter_context(interruptible(self._is_cleaning))

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Open the run, or end pytest with the exit code that says why not.

        Not before: what ends pytest at its start has no end of the session, and so no clean-up.
        """
        try:
            self._results = Results(opening := open_run(self.settings, self._progress.note))
            self._progress.note("asking the open questions")
            opening.guard.on_exchange(self._draw)
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
        results, names = self._begun, {suite_of(item) for item in items}
        results.is_part = names != {*SUITES} or any("::" in arg for arg in config.args)
        chosen, results.left_out = select(items, self.settings)
        if left := [item for item in items if item not in chosen]:
            config.hook.pytest_deselected(items=left)
        items[:] = chosen
        results.items = list(chosen)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """See what pytest's own options, such as -k, have left of it."""
        gc.freeze()  # modules and the document stay to the end: no collection need walk them
        results, there = self._begun, {*session.items}
        results.is_part = results.is_part or len(there) < len(results.items)
        results.left_out += left_by_pytest(item for item in results.items if item not in there)
        results.items = [item for item in results.items if item in there]
        self._progress.begin(len(results.items))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        """Begin the test's trace; without requests left there is nothing to run."""
        run, guard = self._begun.opening.run, self._begun.opening.guard
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
                self._interrupted, self._code = "the target no longer responds", Code.UNREACHABLE
                item.session.shouldstop = self._interrupted
            if report.failed and report.longrepr is not None:
                report.longrepr = self.opening.clean(str(report.longrepr))
            report.sections = [(head, self.opening.clean(text)) for head, text in report.sections]
            report.__dict__[SENT] = self.opening.guard.stats().sent
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Show how far the run is."""
        if report.when == "teardown":
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

    @property
    def opening(self) -> Opening | None:
        """What the run stands on."""
        return None if self._results is None else self._results.opening

    @property
    def _begun(self) -> Results:
        if self._results is None:
            raise RuntimeError("The run has not been opened.")
        return self._results

    def has_failed(self, node_id: str) -> bool:
        """Tell whether a test has failed so far."""
        test = self._results.tests.get(node_id) if self._results is not None else None
        return test is not None and test.outcome == "failed"

    def _is_cleaning(self) -> bool:
        """Tell whether the run cleans up, or is about to say what it came to: neither may be lost."""
        is_cleaning = self.opening is not None and self.opening.guard.is_cleaning
        return self._is_finishing or is_cleaning

    def _draw(self, _: Exchange) -> None:
        self._progress.draw(self._begun.opening.guard.stats().sent)

    def _finish(self, opening: Opening) -> int:
        self._is_finishing = True
        self._progress.end()
        try:
            cleaned = opening.guard.clean_up()
            if self.stopped is not None:
                return self.stopped.code
            if opening.guard.fault and not self._interrupted:
                self._interrupted, self._code = opening.guard.fault.rstrip("."), Code.CANNOT
            self.part = part_of(self._begun, cleaned, self._interrupted, self._code)
            self.outcome = judged(self.settings, [self.part])
            opening.end_recording(len(self.outcome.findings))
        finally:
            opening.run.api.close()
            opening.end_recording()
            opening.guard.close()
            self._progress.wipe()
        self.stopped = write_reports(self.settings, self.outcome)
        if self.stopped is None and opening.recording_fault:
            self.stopped = Stop(Code.CANNOT, opening.recording_fault)
        return self.outcome.exit_code if self.stopped is None else self.stopped.code


def check_shares(settings: RunSettings, workers: int) -> None:
    """Raise Stop (USAGE) if there is not enough for so many workers."""
    keys = len(settings.keys)
    if not settings.key_is_generated and keys < workers:
        raise Stop(
            Code.USAGE,
            f"{workers} workers need {workers} API keys and there {'is' if keys == 1 else 'are'} {keys}: write one "
            f"key a line in the file of --api-key-file or in {KEY_NAME}, since runs on one account disturb each other.",
        )
    for name, value in (("max-requests", settings.max_requests), ("rate", settings.rate)):
        if value is not None and value < workers:
            raise Stop(
                Code.USAGE, f"--{name} is {value}, which is less than one for each of {workers} workers."
            )


def share_of(settings: RunSettings, number: int, workers: int) -> RunSettings:
    """Return the settings of a worker, `number` from 1. Only the process that started the workers writes reports."""
    made_up = settings.key_is_generated
    return replace(
        settings,
        keys=(made_up_key(),) if made_up else settings.keys[number - 1 : number],
        other_key=made_up_key() if made_up else settings.other_key,
        max_requests=_divided(settings.max_requests, number, workers),
        # The rate that a service is believed to allow, it allows each account.
        rate=settings.rate if settings.rate_is_default else _divided(settings.rate, number, workers),
        ledger_dir=settings.ledger_dir / folder_of(number),
        record=None if settings.record is None else _numbered(settings.record, number),
        junit=None, json=None, html=None,
    )  # fmt: skip


def folder_of(number: int) -> str:
    """Return the name of the folder for the ledger of a worker."""
    return f"{WORKER}{number}"


def _divided(whole: int | None, number: int, workers: int) -> int | None:
    return None if whole is None else whole // workers + (number <= whole % workers)


def _numbered(file: Path, number: int) -> Path:
    return file.with_name(f"{file.stem}-{number}{file.suffix}")


# The name of what a worker is given in xdist's `workerinput`, and tells in its `workeroutput`.
TOLD = "bitpeak"


def _loaded(told: bytes) -> Any:
    return pickle.loads(told)  # noqa: S301 -- told by a process of this run


class Worker(Session):
    """The run of one worker. `told` is its `workerinput`."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.number, settings = _loaded(told.pop(TOLD))
        super().__init__(settings)

    def pytest_sessionstart(self) -> None:
        """Leave the terminal's group: Ctrl-C is for the process that started the workers, which passes it on."""
        if hasattr(os, "setpgrp"):
            os.setpgrp()
        super().pytest_sessionstart()

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Tell what the run came to, when it has been cleaned up."""
        try:
            yield from super().pytest_sessionfinish(session)
        finally:
            told = getattr(session.config, "workeroutput")  # noqa: B009 - the attribute is xdist's
            stopped = self.stopped
            stop = (int(stopped.code), stopped.sentence) if stopped is not None else None
            part = replace(self.part, worker=self.number) if self.part is not None else None
            told[TOLD] = pickle.dumps((part, stop))


@dataclass
class _Staff:
    """One worker as the process sees it that started it. `node` is xdist's; `running` the test in which it ended."""

    number: int
    node: Any
    running: str = ""
    sent: int = 0

    @property
    def told(self) -> tuple[RunPart | None, tuple[int, str] | None] | None:
        """What it saw and why it stopped; None if it has not said it, or ended without a word."""
        told = getattr(self.node, "workeroutput", {}).get(TOLD)
        return None if told is None else _loaded(told)

    @property
    def part(self) -> RunPart | None:
        """What it saw."""
        return self.told[0] if self.told else None

    @property
    def stop(self) -> Stop | None:
        """Why it stopped."""
        return Stop(*self.told[1]) if self.told and self.told[1] else None


class Spread(RunPlugin):
    """A run as the process sees it that starts its workers."""

    def __init__(self, settings: RunSettings, progress: Progress | None = None) -> None:
        super().__init__(settings, progress)
        self._workers: dict[str, _Staff] = {}
        self._pids: dict[str, int] = {}
        self._failed: set[str] = set()
        self._is_waiting = False
        self._taken: str | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Replace no dead worker: its account may not be as it was."""
        config.option.maxworkerrestart = "0"

    def pytest_xdist_setupnodes(self, specs: Sequence[Any]) -> None:
        """Check what can be checked before any worker is there."""
        try:
            check_shares(self.settings, len(specs))
            check_ground(self.settings)
        except Stop as stop:
            self.stopped = stop
            pytest.exit(stop.sentence, returncode=stop.code)
        # Workers are told their keys through a pipe: a process's environment can be read by others.
        self._taken = os.environ.pop(KEY_NAME, None)

    def pytest_xdist_newgateway(self, gateway: Any) -> None:
        """Ask a process on this computer for its number, to pass a signal on."""
        if gateway.spec.popen:
            asked = gateway.remote_exec("import os; channel.send(os.getpid())")
            self._pids[gateway.id] = asked.receive()
            asked.waitclose()

    def pytest_configure_node(self, node: Any) -> None:
        """Give a worker its share."""
        number = len(self._workers) + 1
        self._workers[node.gateway.id] = _Staff(number, node)
        share = share_of(self.settings, number, node.workerinput["workercount"])
        node.workerinput[TOLD] = pickle.dumps((number, share))

    def pytest_testnodeready(self, node: Any) -> None:
        """Forget the key that the worker has now."""
        node.workerinput.pop(TOLD, None)

    @pytest.hookimpl(tryfirst=True)  # after xdist's own hook no other one collects
    def pytest_collection(self) -> None:
        """Take the signals that end a process: the workers have been started."""
        self._signals.enter_context(interruptible(lambda: self._is_waiting))
        self._progress.note(f"{len(self._workers)} workers ask the open questions")

    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """Say how many tests there are."""
        self._progress.begin(len(ids))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Show how far the run is."""
        worker = self._workers.get(report.node.gateway.id) if hasattr(report, "node") else None
        if worker is None or report.when not in {"setup", "call", "teardown"}:
            return
        if report.failed:
            self._failed.add(report.nodeid)
        worker.sent = max(worker.sent, report.__dict__.get(SENT, 0))
        if report.when == "teardown":
            self._progress.step(
                suite_in(report), failed=report.nodeid in self._failed, worker=f"worker {worker.number}",
                sent=sum(each.sent for each in self._workers.values()),
            )  # fmt: skip

    def pytest_handlecrashitem(self, crashitem: str, report: Any) -> None:
        """Remember what a worker was at when it ended without a word."""
        self._workers[report.node.gateway.id].running = crashitem

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remember what ended the run; xdist's own interrupt says what a worker has said already."""
        error = excinfo.value
        if isinstance(error, Terminated):
            self._interrupted, self._code = str(error), error.code
        elif type(error) is KeyboardInterrupt:
            self._interrupted, self._code = "ended by SIGINT", INTERRUPTED

    # Innermost: before xdist ends the workers, and before the terminal's summary, which shows the report.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Wait for the workers, which clean up, and make one report of what they say."""
        self._progress.end()
        if self._workers:
            self._wait()
            session.exitstatus = self._finish()
        yield

    def pytest_unconfigure(self) -> None:
        """Give the signals and the environment back."""
        super().pytest_unconfigure()
        if self._taken is not None:
            os.environ[KEY_NAME] = self._taken

    def _wait(self) -> None:
        self._is_waiting = True
        try:
            for name, worker in self._workers.items():
                worker.node.shutdown()
                if self._interrupted and name in self._pids and not worker.told:
                    with contextlib.suppress(OSError):  # it has gone by itself
                        os.kill(self._pids[name], _signal(self._code))
            for worker in self._workers.values():
                with contextlib.suppress(
                    Exception
                ):  # what a dead process left of the line is not a matter here
                    worker.node.channel.waitclose()
        finally:
            self._is_waiting = False

    def _finish(self) -> int:
        parts = [part for worker in self._workers.values() if (part := worker.part) is not None]
        course = self._course()
        if not parts:
            stops = [worker.stop for worker in self._workers.values() if worker.stop is not None]
            silent = f"No worker said what it came to. {' '.join(course.left_behind)}"
            self.stopped = stops[0] if stops else Stop(Code.CANNOT, silent)
            return course.code if self._interrupted else self.stopped.code
        self.outcome = judged(self.settings, parts, course)
        self.stopped = write_reports(self.settings, self.outcome)
        return self.outcome.exit_code if self.stopped is None else self.stopped.code

    def _course(self) -> Course:
        """Return what became of the run, by those workers that said less than they should."""
        interrupted, code = self._interrupted, self._code
        defects: list[Defect] = []
        left_behind: list[str] = []
        for worker in self._workers.values():
            if (stop := worker.stop) is not None and not interrupted:
                interrupted, code = f"worker {worker.number} stopped: {stop.sentence.rstrip('.')}", stop.code
            if worker.told:
                continue
            left_behind += self._left_by(worker)
            if not self._interrupted:
                defects.append(_crash(worker))
                interrupted, code = f"worker {worker.number} ended without a word", Code.DEFECT
        return Course(
            workers=len(self._workers), defects=tuple(defects), left_behind=tuple(left_behind),
            interrupted=interrupted, code=code,
        )  # fmt: skip

    def _left_by(self, worker: _Staff) -> list[str]:
        """Return how to finish what a dead worker could not; with a key that was made up, a mock's world went, too."""
        ledgers = ledgers_in(self.settings.ledger_dir / folder_of(worker.number))
        return [
            f"What worker {worker.number} created may be left. To finish the clean-up: bitpeak-mock sweep {file}"
            for file in ledgers
        ]


def _crash(worker: _Staff) -> Defect:
    title = f"Worker {worker.number} ended without a word, and its part of the tests with it."
    return Defect(worker.running or f"worker {worker.number}", title, "")


def _signal(code: int) -> int:
    """Return the signal of which a shell's exit code speaks."""
    return code - 128 if code > 128 else int(signal.SIGTERM)
