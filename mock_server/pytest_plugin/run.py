"""What the plugin knows of one run of pytest, in each of its processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mock_server.client import AppChannel, ControlError, Mock, Unreachable
from mock_server.pytest_plugin.coverage import Coverage
from mock_server.pytest_plugin.lobby import Lobby
from mock_server.pytest_plugin.recorder import Recorder
from mock_server.pytest_plugin.rendezvous import CannotStart, Host, Rendezvous
from mock_server.pytest_plugin.reporting import leave_capsule, varied, write_section
from mock_server.pytest_plugin.sabotage import Saboteur

_MEETING = "bitpeak_meeting"


class Run:
    """Finds the mock, hears of each test, and sums up. A run is one process, or xdist's controller and its workers."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._host: Host | None = None
        self._in_process: dict[tuple[str, ...], Mock] = {}
        self._flags: dict[str, Sequence[str]] = {}
        self._lobby = Lobby()
        self.worker: dict[str, Any] | None = getattr(config, "workerinput", None)
        self.coverage = Coverage(config) if self.worker is None else None
        self.saboteur = Saboteur(config)
        if self.coverage is not None and (url := config.getoption("bitpeak_url")):
            self.coverage.begin(url, config.getoption("bitpeak_token"))

    def invite(self, workerinput: dict[str, Any]) -> None:
        """Tell a worker of xdist where the run's processes meet."""
        meeting = self._hosted()
        workerinput[_MEETING] = [str(meeting.folder), meeting.lifeline]

    @contextmanager
    def mock(self, flags: Sequence[str]) -> Iterator[Mock]:
        """Give the run's mock; start it where no process has. The test fails where that does not succeed."""
        url, token = self._config.getoption("bitpeak_url"), self._config.getoption("bitpeak_token")
        trouble = ""
        try:
            mock = Mock(url or self._meeting().url(flags), token)
            self._flags[mock.url] = (
                varied(mock) if url else flags
            )  # which also shows whether one answers there
        except (CannotStart, ControlError, Unreachable) as error:
            trouble = str(error)
        if trouble:
            pytest.fail(trouble, pytrace=False)
        with mock:
            yield mock

    def mock_in_process(self, flags: Sequence[str]) -> Mock:
        """Give the mock of this process."""
        from mock_server.app import create_app  # late: who has a server pays nothing for its machinery
        from mock_server.cli.flags import settings_of

        known = self._in_process.get(tuple(flags))
        if known is None:
            known = self._in_process[tuple(flags)] = Mock(AppChannel(create_app(settings_of(flags))))
            self._flags[known.url] = tuple(flags)
        return known

    def recorder(self) -> Recorder:
        """Return who watches the test that begins."""
        return self.saboteur.tampering or Recorder(self._lobby)

    def heard(self, item: pytest.Item, recorder: Recorder, report: pytest.TestReport) -> None:
        """Hear how a phase of a test ended."""
        if report.when == "call":
            recorder.passed = report.passed
        if not report.failed or recorder.tampering:
            return
        try:
            recorder.catch_up()
            recorder.look_outside()
        except (ControlError, Unreachable) as error:
            report.sections.append(("bitpeak-mock", str(error)))
            return
        path = leave_capsule(item, recorder, report, self._flags)
        section = write_section(recorder, path, shared=self._is_shared(recorder))
        report.sections.append(("bitpeak-mock: what was asked and answered", section))

    def _is_shared(self, recorder: Recorder) -> bool:
        """Tell whether others than a test may have used a mock of its while it ran."""
        shared = self.worker is not None or self._config.getoption("bitpeak_url") is not None
        return shared and any(world.api.app is None for world in recorder.worlds)

    def finish(self, session: pytest.Session) -> None:
        """Sum up, where the mock still runs; then end it."""
        if self.worker is not None:
            output: dict[str, Any] = self._config.workeroutput  # type: ignore[attr-defined]  # xdist sets it
            output["bitpeak_behaviours"] = self._own_behaviours()
            output["bitpeak_trials"] = [list(trial) for trial in self.saboteur.findings.trials]
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
        """End the mock, where this process hosts it."""
        if self._host is not None:
            self._host.close()
            self._host = None

    def hear_worker(self, output: Mapping[str, Any]) -> None:
        """Take what a worker of xdist has seen and tried."""
        if self.coverage is not None:
            self.coverage.add(output.get("bitpeak_behaviours", ()))
        self.saboteur.hear(output.get("bitpeak_trials", ()))

    def write(self, terminal: pytest.TerminalReporter) -> None:
        """Show what was asked for, at the end."""
        if self.coverage is not None and self.coverage.wanted:
            self.coverage.write(terminal)
        if self.worker is None and self.saboteur.wanted:
            self.saboteur.write(terminal)

    def _own_behaviours(self) -> list[dict[str, Any]]:
        return [each for mock in self._in_process.values() for each in mock.coverage()["behaviours"]]

    def _meeting(self) -> Rendezvous:
        if self.worker is None:
            return self._hosted()
        folder, lifeline = self.worker[_MEETING]
        return Rendezvous(Path(folder), lifeline)

    def _hosted(self) -> Rendezvous:
        if self._host is None:
            self._host = Host()
        return self._host.rendezvous
