"""A run in pytest's hooks, alone or spread over workers: it is opened, judged, cleaned up and reported."""

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
from contract_tests.session.results import (
    Progress,
    Results,
    left_by_pytest,
    select,
    suite_at,
    suite_in,
    suite_of,
)

INTERRUPTED = 130  # a shell's exit code for a process that Ctrl-C ended
SENT = "bitpeak_sent"  # the attribute of a test's report that holds how many requests had been sent by then


class RunPlugin:
    """A run as a pytest plugin, alone or spread. At its end, `outcome` or `stopped` is set."""

    def __init__(self, settings: RunSettings, progress: Progress | None = None) -> None:
        self.settings = settings
        self.outcome: Outcome | None = None
        self.stopped: Stop | None = None
        self._progress = progress or Progress(io.StringIO(), settings)
        self._interrupted, self._code = "", int(Code.FINE)
        self._signals = ExitStack()

    def pytest_unconfigure(self) -> None:
        """Restore the signal handlers."""
        self._signals.close()


class Session(RunPlugin):
    """A run in this process. `opening` is set while it lasts."""

    def __init__(self, settings: RunSettings, progress: Progress | None = None) -> None:
        super().__init__(settings, progress)
        self.part: RunPart | None = None
        self._unasked: set[str] = set()  # suites whose modules were not imported
        self._results: Results | None = None
        self._is_finishing = False

    def pytest_sessionstart(self) -> None:
        """Install handlers for the signals that end a process."""
        self._signals.enter_context(interruptible(self._is_cleaning))

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Open the run, or end pytest with the exit code that says why not.

        This is not done earlier, since pytest would skip the session's end, and with it the clean-up.
        """
        try:
            self._results = Results(opening := open_run(self.settings, self._progress.note))
            self._progress.note("asking the open questions")
            opening.guard.on_exchange(self._draw)
            opening.ask()
        except Stop as stop:
            self.stopped = stop
            session.shouldstop = stop.sentence  # tells the process that started this worker
            pytest.exit(stop.sentence, returncode=stop.code)
        except Exception as error:
            if self._results is None:
                raise
            self._results.fail("the open questions", error)
            pytest.exit("this program failed while it asked the open questions", returncode=Code.DEFECT)

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leave out the modules of suites that were not asked for: some import much."""
        name = suite_at(collection_path)
        if name not in SUITES or name in self.settings.suites:
            return None
        self._unasked.add(name)
        return True

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Deselect tests that may not run or were not chosen, and put the suites in order."""
        results, names = self._begun, {*map(suite_of, items), *self._unasked}
        results.is_part = names != {*SUITES} or any("::" in arg for arg in config.args)
        chosen, results.left_out = select(items, self.settings, self._unasked)
        if left := [item for item in items if item not in chosen]:
            config.hook.pytest_deselected(items=left)
        items[:] = chosen
        results.items = list(chosen)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note what pytest's own options, such as -k, leave out."""
        gc.freeze()  # modules and the document live to the end, so the garbage collector need not walk them
        results, there = self._begun, {*session.items}
        results.is_part = results.is_part or len(there) < len(results.items)
        results.left_out += left_by_pytest(item for item in results.items if item not in there)
        results.items = [item for item in results.items if item in there]
        self._progress.begin(len(results.items))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        """Begin the test's trace. Skip the test if no requests are left."""
        run, guard = self._begun.opening.run, self._begun.opening.guard
        run.begin()
        most = self.settings.max_requests
        if most is not None and guard.stats().sent >= most:
            pytest.skip(f"all {most} requests that the run may make had been made")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Judge a phase of a test, and mask keys in pytest's output."""
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
        """Show the progress."""
        if report.when == "teardown":
            failed = self.has_failed(report.nodeid)
            self._progress.step(suite_in(report), failed=failed, sent=report.__dict__[SENT])

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note what ended the run."""
        if isinstance(excinfo.value, KeyboardInterrupt) and not self._interrupted:
            self._interrupted = str(excinfo.value) or "ended by SIGINT"
            self._code = excinfo.value.code if isinstance(excinfo.value, Terminated) else INTERRUPTED

    # It runs after the fixtures are torn down and before the terminal's summary, which shows the report.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Clean up, judge, write the reports, and set the exit code, whatever happened."""
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
        """The opened run."""
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
        """Tell whether the run cleans up or is about to report. Neither may be interrupted."""
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
    """Raise Stop (USAGE) if keys, requests or rate do not suffice for so many workers."""
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
    """Return the settings of worker `number`, from 1. Only the process that started the workers writes reports."""
    made_up = settings.key_is_generated
    return replace(
        settings,
        keys=(made_up_key(),) if made_up else settings.keys[number - 1 : number],
        other_key=made_up_key() if made_up else settings.other_key,
        max_requests=_divided(settings.max_requests, number, workers),
        # The rate that the service is believed to allow is that of each account.
        rate=settings.rate if settings.rate_is_default else _divided(settings.rate, number, workers),
        ledger_dir=settings.ledger_dir / folder_of(number),
        record=None if settings.record is None else _numbered(settings.record, number),
        junit=None, json=None, html=None,
    )  # fmt: skip


def folder_of(number: int) -> str:
    """Return the name of the folder for a worker's ledger."""
    return f"{WORKER}{number}"


def _divided(whole: int | None, number: int, workers: int) -> int | None:
    return None if whole is None else whole // workers + (number <= whole % workers)


def _numbered(file: Path, number: int) -> Path:
    return file.with_name(f"{file.stem}-{number}{file.suffix}")


# The key of our data in xdist's `workerinput` and `workeroutput`.
TOLD = "bitpeak"


def _loaded(told: bytes) -> Any:
    return pickle.loads(told)  # noqa: S301 -- told by a process of this run


class Worker(Session):
    """The run of one worker. `told` is its `workerinput`."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.number, settings = _loaded(told.pop(TOLD))
        super().__init__(settings)

    def pytest_sessionstart(self) -> None:
        """Leave the terminal's process group: the process that started the workers passes Ctrl-C on."""
        if hasattr(os, "setpgrp"):
            os.setpgrp()
        super().pytest_sessionstart()

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Send the run's part once it is cleaned up."""
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
    """A worker, seen by the process that started it. `node` is xdist's; `running` is the test in which it died."""

    number: int
    node: Any
    running: str = ""
    sent: int = 0

    @property
    def told(self) -> tuple[RunPart | None, tuple[int, str] | None] | None:
        """What the worker sent: its part and why it stopped. None before that, or if it died."""
        told = getattr(self.node, "workeroutput", {}).get(TOLD)
        return None if told is None else _loaded(told)

    @property
    def part(self) -> RunPart | None:
        """What the worker saw."""
        return self.told[0] if self.told else None

    @property
    def stop(self) -> Stop | None:
        """Why the worker stopped."""
        return Stop(*self.told[1]) if self.told and self.told[1] else None


class Spread(RunPlugin):
    """A run in the process that starts its workers."""

    def __init__(self, settings: RunSettings, progress: Progress | None = None) -> None:
        super().__init__(settings, progress)
        self._workers: dict[str, _Staff] = {}
        self._pids: dict[str, int] = {}
        self._failed: set[str] = set()
        self._is_waiting = False
        self._taken: str | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Do not replace a dead worker: its account may be in any state."""
        config.option.maxworkerrestart = "0"

    def pytest_xdist_setupnodes(self, specs: Sequence[Any]) -> None:
        """Check what can be checked before the first worker starts."""
        try:
            check_shares(self.settings, len(specs))
            check_ground(self.settings)
        except Stop as stop:
            self.stopped = stop
            pytest.exit(stop.sentence, returncode=stop.code)
        # Workers get their keys through a pipe, since others can read a process's environment.
        self._taken = os.environ.pop(KEY_NAME, None)

    def pytest_xdist_newgateway(self, gateway: Any) -> None:
        """Get the pid of a process on this computer, to pass signals on."""
        if gateway.spec.popen:
            asked = gateway.remote_exec("import os; channel.send(os.getpid())")
            self._pids[gateway.id] = asked.receive()
            asked.waitclose()

    def pytest_configure_node(self, node: Any) -> None:
        """Send a worker its share of the run."""
        number = len(self._workers) + 1
        self._workers[node.gateway.id] = _Staff(number, node)
        share = share_of(self.settings, number, node.workerinput["workercount"])
        node.workerinput[TOLD] = pickle.dumps((number, share))

    def pytest_testnodeready(self, node: Any) -> None:
        """Forget the key, which the worker has now."""
        node.workerinput.pop(TOLD, None)

    @pytest.hookimpl(tryfirst=True)  # no hook collects after that of xdist
    def pytest_collection(self) -> None:
        """Install the signal handlers, now that the workers have been started."""
        self._signals.enter_context(interruptible(lambda: self._is_waiting))
        self._progress.note(f"{len(self._workers)} workers ask the open questions")

    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """Show how many tests there are."""
        self._progress.begin(len(ids))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Show the progress."""
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
        """Note the test in which a worker died."""
        self._workers[report.node.gateway.id].running = crashitem

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note what ended the run, unless it is xdist's own interrupt: the worker has already said why."""
        error = excinfo.value
        if isinstance(error, Terminated):
            self._interrupted, self._code = str(error), error.code
        elif type(error) is KeyboardInterrupt:
            self._interrupted, self._code = "ended by SIGINT", INTERRUPTED

    # It runs before xdist ends the workers and before the terminal's summary, which shows the report.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Wait until the workers have cleaned up, and make one report of their parts."""
        self._progress.end()
        if self._workers:
            self._wait()
            session.exitstatus = self._finish()
        yield

    def pytest_unconfigure(self) -> None:
        """Restore the signal handlers and the environment."""
        super().pytest_unconfigure()
        if self._taken is not None:
            os.environ[KEY_NAME] = self._taken

    def _wait(self) -> None:
        self._is_waiting = True
        try:
            for name, worker in self._workers.items():
                worker.node.shutdown()
                if self._interrupted and name in self._pids and not worker.told:
                    with contextlib.suppress(OSError):  # it has already ended
                        os.kill(self._pids[name], _signal(self._code))
            for worker in self._workers.values():
                with contextlib.suppress(
                    Exception
                ):  # a dead process may have left an unfinished line, which does not matter here
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
        """Return how the run went, as far as dead or silent workers decide it."""
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
                title = f"Worker {worker.number} ended without a word, and its part of the tests with it."
                defects.append(Defect(worker.running or f"worker {worker.number}", title, ""))
                interrupted, code = f"worker {worker.number} ended without a word", Code.DEFECT
        return Course(
            workers=len(self._workers), defects=tuple(defects), left_behind=tuple(left_behind),
            interrupted=interrupted, code=code,
        )  # fmt: skip

    def _left_by(self, worker: _Staff) -> list[str]:
        """Return how to finish a dead worker's clean-up. With a generated key, the mock's world is gone, too."""
        ledgers = ledgers_in(self.settings.ledger_dir / folder_of(worker.number))
        return [
            f"What worker {worker.number} created may be left. To finish the clean-up: bitpeak-mock sweep {file}"
            for file in ledgers
        ]


def _signal(code: int) -> int:
    """Return the signal that a shell's exit code stands for."""
    return code - 128 if code > 128 else int(signal.SIGTERM)
