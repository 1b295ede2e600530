"""Runs the real program, in an environment without the developer's own settings."""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mock_server.cli import cli

PROGRAM = [sys.executable, "-m", "mock_server"]
KEY = {"Authorization": "Bearer mock-key"}


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BITPEAK_MOCK_")}
    for name in ("PORT", "NO_COLOR"):
        kept.pop(name, None)
    return {**kept, **more}


def wait_until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        env=environment(**env),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def open_terminal() -> tuple[int, int]:
    """Return the two ends of a terminal. Skips the test on a machine that gives none."""
    try:
        ours, theirs = pytest.importorskip("pty").openpty()
    except OSError as error:
        pytest.skip(f"this machine gives no terminal: {error}")
    return ours, theirs


class Served:
    """A running `serve`. Its output and its log are in files."""

    def __init__(self, folder: Path, *arguments: str, **env: str) -> None:
        self.port_file = folder / "port"
        self._out, self._err = folder / "out", folder / "err"
        command = [*PROGRAM, "serve", "--port", "0", "--port-file", str(self.port_file), *arguments]
        with self._out.open("w") as out, self._err.open("w") as err:
            self.process = subprocess.Popen(command, stdout=out, stderr=err, env=environment(**env))
        wait_until(lambda: self.ready() or self.process.poll() is not None)
        assert self.process.poll() is None, self.err

    def ready(self) -> bool:
        return "ready" in self.out and self.out.endswith("\n")

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    @property
    def port(self) -> int:
        return int(self.port_file.read_text())

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request(method, path, headers=KEY if headers is None else headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def logged(self, text: str) -> str:
        """Wait for this text in the log, and return the whole log."""
        wait_until(lambda: text in self.err)
        return self.err

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(10)


Serve = Callable[..., Served]
Invoke = Callable[..., Result]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start servers; they end with the test."""
    started: list[Served] = []

    def start(*arguments: str, **env: str) -> Served:
        folder = tmp_path / f"served{len(started)}"
        folder.mkdir()
        started.append(Served(folder, *arguments, **env))
        return started[-1]

    yield start
    for served in started:
        if served.process.poll() is None:
            served.process.kill()
            served.process.wait()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve for all tests of a module that change nothing."""
    served = Served(tmp_path_factory.mktemp("served"))
    yield served
    served.stop()


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Run a command in this process."""
    for name in set(os.environ) - set(environment()):
        monkeypatch.delenv(name)

    def invoked(*arguments: str, **env: str) -> Result:
        return CliRunner().invoke(cli, arguments, env=env)

    return invoked
