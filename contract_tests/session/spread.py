"""One run spread over workers: what each is given, the processes, and the outcome of all."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import pytest

from contract_tests.guard import Terminated, interruptible
from contract_tests.guard.ledger import WORKER, ledgers_in
from contract_tests.report import Defect, Outcome
from contract_tests.run.flags import Profile
from contract_tests.run.settings import KEY_NAME, Code, RunSettings, Stop, made_up_key
from contract_tests.session.opening import check_ground
from contract_tests.session.parts import Course, RunPart, judged, part_from, text_of
from contract_tests.session.progress import Progress
from contract_tests.session.selection import suite_in
from contract_tests.session.session import INTERRUPTED, SENT, Session
from contract_tests.session.writing import write_reports

_FOLDERS = frozenset({"ledger_dir", "examples", "record"})


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


def plain_settings(settings: RunSettings) -> dict[str, Any]:
    """Return settings as plain data, the key included."""
    values = {field.name: getattr(settings, field.name) for field in fields(settings)}
    paths = {name: str(value) for name, value in values.items() if isinstance(value, Path)}
    return values | paths | {"profile": asdict(settings.profile)}


def settings_from(plain: Mapping[str, Any]) -> RunSettings:
    """Return the settings that `plain_settings` took apart."""
    paths = {name: Path(plain[name]) for name in _FOLDERS if plain[name] is not None}
    return RunSettings(**{**plain, **paths, "profile": Profile(**plain["profile"])})


def _divided(whole: int | None, number: int, workers: int) -> int | None:
    return None if whole is None else whole // workers + (number <= whole % workers)


def _numbered(file: Path, number: int) -> Path:
    return file.with_name(f"{file.stem}-{number}{file.suffix}")


TOLD = (
    "bitpeak"  # the name of what a worker is given in xdist's `workerinput`, and tells in its `workeroutput`
)


class Worker(Session):
    """The run of one worker. `told` is its `workerinput`."""

    def __init__(self, told: dict[str, Any]) -> None:
        given = told.pop(TOLD)
        super().__init__(settings_from(given["settings"]))
        self.number: int = given["number"]

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
            told[TOLD] = {
                "part": text_of(replace(self.part, worker=self.number)) if self.part is not None else None,
                "stopped": (int(stopped.code), stopped.sentence) if stopped is not None else None,
            }


@dataclass
class _Staff:
    """One worker as the process sees it that started it. `node` is xdist's; `running` the test in which it ended."""

    number: int
    node: Any
    running: str = ""
    sent: int = 0

    @property
    def told(self) -> dict[str, Any]:
        """What it said at its end; empty if it ended without a word."""
        found: dict[str, Any] = getattr(self.node, "workeroutput", {}).get(TOLD, {})
        return found

    @property
    def part(self) -> RunPart | None:
        plain = self.told.get("part")
        return part_from(plain) if plain is not None else None

    @property
    def stop(self) -> Stop | None:
        plain = self.told.get("stopped")
        return Stop(*plain) if plain is not None else None


class Spread:
    """A pytest plugin for the process that starts the workers; `outcome` or `stopped` is set once they have ended."""

    def __init__(self, settings: RunSettings, progress: Progress | None = None) -> None:
        self.settings = settings
        self.outcome: Outcome | None = None
        self.stopped: Stop | None = None
        self._progress = progress
        self._workers: dict[str, _Staff] = {}
        self._pids: dict[str, int] = {}
        self._failed: set[str] = set()
        self._interrupted, self._code = "", int(Code.FINE)
        self._is_waiting = False
        self._taken: str | None = None
        self._signals = ExitStack()

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Let nobody take a dead worker's place: its account may not be as it was."""
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
        node.workerinput[TOLD] = {"number": number, "settings": plain_settings(share)}

    def pytest_testnodeready(self, node: Any) -> None:
        """Forget the key that the worker has now."""
        node.workerinput.pop(TOLD, None)

    @pytest.hookimpl(tryfirst=True)  # xdist's own lets nobody else collect
    def pytest_collection(self) -> None:
        """Take the signals that end a process: the workers have been started."""
        if threading.current_thread() is threading.main_thread():
            self._signals.enter_context(interruptible(lambda: self._is_waiting))
        if self._progress is not None:
            self._progress.note(f"{len(self._workers)} workers ask the open questions")

    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """Say how many tests there are."""
        if self._progress is not None:
            self._progress.begin(len(ids))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Show how far the run is."""
        worker = self._workers.get(report.node.gateway.id) if hasattr(report, "node") else None
        if worker is None or self._progress is None or report.when not in {"setup", "call", "teardown"}:
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
        if self._progress is not None:
            self._progress.end()
        if self._workers:
            self._wait()
            session.exitstatus = self._finish()
        yield

    def pytest_unconfigure(self) -> None:
        """Give the signals and the environment back."""
        self._signals.close()
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
