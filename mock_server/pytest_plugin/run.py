"""One run of pytest: finds its mock, and collects results. Each process of the run has a `PluginRun`."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import mock_server
from mock_server.client.control import AppChannel, ControlError, HTTPChannel, Unreachable
from mock_server.client.world import Api, RunningMock, first_state
from mock_server.pytest_plugin.coverage import SuiteCoverage
from mock_server.pytest_plugin.sabotage import Saboteur
from mock_server.pytest_plugin.watching import Watcher, write_capsule, write_section

# The seconds that a mock may take to start on a busy machine, and to stop, and the checks in a second. Checks are
# counted and no clock is read, because a test may have replaced it.
_START, _STOP, _LOOKS = 60, 5, 100
_MEETING = "bitpeak_meeting"


class CannotStart(Exception):
    """The mock does not start. The message is the mock's own."""


class Rendezvous:
    """A folder in which the processes of a run find their mocks. The first process that needs a mock starts it.

    A mock runs as long as the run's own process listens at the port `lifeline`, see `Host`.
    """

    def __init__(self, folder: Path, lifeline: int) -> None:
        self.folder = folder
        self.lifeline = lifeline

    def url(self, flags: Sequence[str]) -> str:
        """Return the URL of the mock with these flags of `serve`. Start it if needed. Raises CannotStart."""
        name = hashlib.sha256(json.dumps(list(flags)).encode()).hexdigest()[:12]
        port_file, failed = self.folder / f"{name}.port", self.folder / f"{name}.failed"
        starter = self._start(name, flags) if self._is_first(name) else None
        for _ in range(_START * _LOOKS):
            if port_file.exists():
                break
            if starter is not None and starter.poll() is not None:
                failed.touch()  # for the other processes
            if failed.exists():
                raise CannotStart(self._log(name))
            time.sleep(1 / _LOOKS)
        else:
            raise CannotStart(f"The mock did not start within {_START} seconds. {self._log(name)}")
        if starter is not None:
            starter.returncode = 0  # keeps Popen from warning that the mock outlives this process
        return f"http://127.0.0.1:{port_file.read_text(encoding='ascii').strip()}"

    def urls(self) -> list[str]:
        """Return the URLs of all mocks that were started."""
        ports = (path.read_text(encoding="ascii").strip() for path in sorted(self.folder.glob("*.port")))
        return [f"http://127.0.0.1:{port}" for port in ports]

    def _is_first(self, name: str) -> bool:
        try:
            (self.folder / f"{name}.starting").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def _start(self, name: str, flags: Sequence[str]) -> subprocess.Popen[bytes]:
        port_file = str(self.folder / f"{name}.port")
        # Only `bitpeak_flags` and the marker configure this mock, and no variable that is meant for another `serve`.
        own = ["--host", "127.0.0.1", "--port", "0", "--port-file", port_file, "--quiet", "--ignore-env"]
        # -P and PYTHONPATH, so that a module of the project, such as queue.py or click.py, does not replace ours.
        lifeline = [sys.executable, "-P", "-m", "mock_server.lifeline", str(self.lifeline)]
        packages = [str(Path(str(module.__file__)).parents[1]) for module in (mock_server, pytest)]
        path = os.pathsep.join([*packages, *filter(None, [os.environ.get("PYTHONPATH")])])
        # A process group of its own, because Ctrl-C is for the run, which then stops the mock.
        group: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            group = {"creationflags": 0x200}  # CREATE_NEW_PROCESS_GROUP, which only Windows' subprocess has
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(  # noqa: S603 - our own command
                [*lifeline, "serve", *flags, *own],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": path},
                **group,
            )

    def _log(self, name: str) -> str:
        with contextlib.suppress(OSError):
            return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace").strip()
        return ""


class Host(Rendezvous):
    """The rendezvous in the run's own process, which keeps the mocks alive and stops them."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        if hasattr(os, "register_at_fork"):  # a process that a test forks must not keep the mocks alive
            os.register_at_fork(after_in_child=self._listener.close)
        super().__init__(Path(tempfile.mkdtemp(prefix="bitpeak-mock-")), self._listener.getsockname()[1])

    def close(self) -> None:
        """Stop the mocks and remove the folder. A mock removes its port file when it stops."""
        self._listener.close()
        for _ in range(_STOP * _LOOKS):
            if not any(self.folder.glob("*.port")):
                break
            time.sleep(1 / _LOOKS)
        shutil.rmtree(self.folder, ignore_errors=True)


class PluginRun:
    """Finds the mock, follows each test, and sums up. With xdist, the controller and each worker have one."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._host: Host | None = None
        self._in_process: dict[tuple[str, ...], RunningMock] = {}
        self._flags: dict[str, Sequence[str]] = {}
        self._worker: dict[str, Any] | None = getattr(config, "workerinput", None)
        self.watcher = Watcher()
        self.coverage = SuiteCoverage(config) if self._worker is None else None
        self.saboteur = Saboteur(config, self.watcher)
        if self.coverage is not None and (url := config.getoption("bitpeak_url")):
            self.coverage.begin(url, config.getoption("bitpeak_token"))

    def invite(self, workerinput: dict[str, Any]) -> None:
        """Tell a worker of xdist where the processes of the run meet."""
        meeting = self._hosted()
        workerinput[_MEETING] = [str(meeting.folder), meeting.lifeline]

    @contextmanager
    def mock(self, flags: Sequence[str]) -> Iterator[RunningMock]:
        """Give the run's mock, and start it if needed. If it does not start, the test fails."""
        url, token = self._config.getoption("bitpeak_url"), self._config.getoption("bitpeak_token")
        trouble = ""
        try:
            channel = HTTPChannel(url or self._meeting().url(flags), token=token)
            mock = RunningMock(channel, self.watcher)
            self._flags[mock.url] = _flags_like(mock) if url else flags
        except (CannotStart, ControlError, Unreachable) as error:
            trouble = str(error)
        if trouble:
            pytest.fail(trouble, pytrace=False)
        with mock:
            yield mock

    def mock_in_process(self, flags: Sequence[str]) -> RunningMock:
        """Give the mock in this process. Raises ValueError for a wrong flag."""
        # Imported here, because a run with a mock in another process does not need the server.
        from mock_server.app import App
        from mock_server.cli.serve import settings_of
        from mock_server.mock import Mock

        known = self._in_process.get(tuple(flags))
        if known is None:
            channel = AppChannel(App(Mock(settings_of(flags))))
            known = self._in_process[tuple(flags)] = RunningMock(channel, self.watcher)
            self._flags[known.url] = tuple(flags)
        return known

    def world(self, mock: RunningMock, node: pytest.Item | pytest.Collector, *, is_own: bool = False) -> Api:
        """Give a new world, set up by the markers of a test, class or module."""
        api = mock.world()
        if is_own:
            self.watcher.own(api)
        _arrange(api, node)
        return api

    def hear_report(self, item: pytest.Item, report: pytest.TestReport) -> None:
        """Note how a phase of a test ended. Add to the report of a failure what happened in its worlds."""
        watcher = self.watcher
        if report.when == "call":
            watcher.passed = report.passed
        if not report.failed or watcher.tampering is not None or not watcher.worlds:
            return
        try:
            watcher.look_around()
        except (ControlError, Unreachable) as error:
            report.sections.append(("bitpeak-mock", str(error)))
            return
        path = write_capsule(item, watcher, report, self._flags)
        stays = self._config.getoption("bitpeak_url") is not None
        shared = stays or self._worker is not None
        section = write_section(watcher, path, shared=shared, stays=stays)
        report.sections.append(("bitpeak-mock: requests and responses", section))

    def finish(self, session: pytest.Session) -> None:
        """Sum up while the mock still runs, then stop it."""
        if self._worker is not None:
            output: dict[str, Any] = self._config.workeroutput  # type: ignore[attr-defined]  # xdist sets it
            output["bitpeak_behaviours"] = self._own_behaviours()
            output["bitpeak_trials"] = [list(trial) for trial in self.saboteur.trials]
            return
        try:
            if self.coverage is not None and self.coverage.wanted:
                self.coverage.add(self._own_behaviours())
                for url in self._host.urls() if self._host is not None else ():
                    self.coverage.ask(url)
                self.coverage.end()
                self.coverage.judge(session)
            if self.saboteur.wanted:
                self.saboteur.judge(session)
        finally:
            self.close()

    def close(self) -> None:
        """Stop the mock, if this process keeps it alive."""
        if self._host is not None:
            self._host.close()
            self._host = None

    def hear_worker(self, output: Mapping[str, Any]) -> None:
        """Take the results of a worker of xdist."""
        if self.coverage is not None:
            self.coverage.add(output.get("bitpeak_behaviours", ()))
        self.saboteur.add(output.get("bitpeak_trials", ()))

    def write(self, terminal: pytest.TerminalReporter) -> None:
        """Show coverage or sabotage at the end of the run."""
        if self.coverage is not None and self.coverage.wanted:
            self.coverage.write(terminal)
        if self._worker is None and self.saboteur.wanted:
            self.saboteur.write(terminal)

    def _own_behaviours(self) -> list[dict[str, Any]]:
        return [each for mock in self._in_process.values() for each in mock.coverage()["behaviours"]]

    def _meeting(self) -> Rendezvous:
        if self._worker is None:
            return self._hosted()
        folder, lifeline = self._worker[_MEETING]
        return Rendezvous(Path(folder), lifeline)

    def _hosted(self) -> Host:
        if self._host is None:
            self._host = Host()
        return self._host


def _flags_like(mock: RunningMock) -> list[str]:
    """Return flags of `serve` for a mock that behaves like a running one. Raises ControlError, Unreachable."""
    questions = mock.channel.control("GET", "/questions")["questions"]
    answers = [
        f"--answer={each['id']}={each['answer']}" for each in questions if each["answer"] != each["assumed"]
    ]
    public: str | None = mock.info["rules"]["public_url"]
    return [*answers, *([] if public is None else [f"--public-url={public}"])]


def _arrange(api: Api, node: pytest.Item | pytest.Collector) -> None:
    """Put a world in the state of the markers, of which the nearest wins. If that fails, the test fails."""
    wanted: dict[str, Any] = {}
    for marker in node.iter_markers("bitpeak"):
        wanted = {**marker.kwargs, **wanted}
    if not wanted:
        return
    trouble = ""
    try:
        api.restore(first_state(wanted, node.path if node.path.is_dir() else node.path.parent, api.mock))
    except (ControlError, TypeError, ValueError) as error:
        trouble = f"@pytest.mark.bitpeak of {node.name}: {error}"
    if trouble:
        pytest.fail(trouble, pytrace=False)
