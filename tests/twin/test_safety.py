"""Learning, twin runs and the recording proxy on a service that holds somebody's handlers: they are as before."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import requests

from contract_tests.document import Facts
from contract_tests.guard.cleaning import sweep
from contract_tests.guard.upstream import GuardSettings
from contract_tests.recording import RecordingProxy, read_recording
from contract_tests.report.accepted import Acceptances
from contract_tests.session import opening as opening_module
from contract_tests.session.opening import Opening, learn_behind
from contract_tests.twin.report import as_text
from contract_tests.twin.twin import Plan, run_twin
from tests.check.clock import Clock
from tests.check.process import start
from tests.second_opinion import SecondOpinion
from tests.second_opinion.exchange import Reply, Request
from tests.twin.running import KEY, opened

Work = Callable[[Opening], object]

PATIENCE = 60.0
ALLOWED = 60  # requests a minute
ROWS = 12
CREATED = frozenset({200, 201})
FORM = {"name": (None, "Mine"), "type": (None, "email"), "email": (None, "me@example.com")}


class Holding(SecondOpinion):
    """Holds back the answer to one create, by its number: a run that is ended then is in the midst of it."""

    def __init__(self, number: int) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()
        self._left = number
        super().__init__({}, {KEY: ROWS})

    def reply(self, request: Request) -> Reply:
        reply = super().reply(request)
        if request.method == "POST" and request.path.endswith("s") and reply.status in CREATED:
            self._left -= 1
            if self._left == 0:
                self.reached.set()
                self.go_on.wait(PATIENCE)
        return reply


def learning(opening: Opening) -> None:
    learn_behind(opening, lambda _: None)


def twinning(opening: Opening) -> None:
    found = run_twin(opening, Plan(sequences=12, seed=1, name=False), Acceptances(), lambda _: None)
    assert found.is_alike, as_text(found, Acceptances(), str)


def proxying(opening: Opening) -> None:
    """Create, update, read and delete like a consumer of the proxy, some of it twice."""
    proxy = RecordingProxy(opening.guard, Facts(opening.known.data), 0, lambda *_: None)
    try:
        for _ in range(40):
            consume(proxy.url)
    finally:
        proxy.close()


def consume(url: str) -> None:
    with requests.Session() as session:
        session.headers["Authorization"] = "Bearer mock-consumer"
        path = f"{url}/notification-handlers"
        made = session.post(path, files=FORM, timeout=PATIENCE)
        listed = session.get(f"{path}/", timeout=PATIENCE)
        if not (made.ok and listed.ok):
            return
        session.post(f"{path}/{made.json()['data']['id']}", files={"name": (None, "New")}, timeout=PATIENCE)
        session.delete(f"{path}/{min(row['id'] for row in listed.json()['data'])}", timeout=PATIENCE)


WORKS = pytest.mark.parametrize("work", [learning, twinning, proxying])


@pytest.mark.parametrize("work", [learning, pytest.param(twinning, marks=pytest.mark.heavy), proxying])
def test_rows_of_others_stay_none_is_left_and_the_rate_is_kept(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(look=0.02)
    timed = partial(GuardSettings, clock=clock.time, sleep=clock.sleep)
    monkeypatch.setattr(opening_module, "GuardSettings", timed)
    with SecondOpinion({}, {KEY: ROWS}, rate=ALLOWED, clock=clock.time) as service:
        before = service.snapshot(KEY)
        with opened(service.url, tmp_path, rate=ALLOWED - 10) as opening:
            work(opening)
        assert len(service.written(KEY)) > 5, "it wrote"
        assert service.snapshot(KEY) == before
        foreign = set(service.accounts[KEY].foreign_ids)
    assert not foreign & {entry.written for entry in service.log}
    assert [file.suffix for file in (tmp_path / "ledger").iterdir()] == [".swept"]
    assert 429 not in {entry.status for entry in service.log}
    assert len(service.log) > ALLOWED
    assert clock.waits


@WORKS
def test_without_leave_to_write_it_only_reads(work: Work, tmp_path: Path) -> None:
    with SecondOpinion({}, {KEY: ROWS}) as service:
        with opened(service.url, tmp_path, allow_writes=False) as opening:
            work(opening)
        assert {entry.method for entry in service.log} <= {"GET", "OPTIONS"}
    assert len(service.log) > 1
    assert not (tmp_path / "ledger").exists()


@WORKS
def test_no_more_is_sent_than_it_may(work: Work, tmp_path: Path) -> None:
    with SecondOpinion({}, {KEY: ROWS}) as service:
        before = service.snapshot(KEY)
        with opened(service.url, tmp_path, max_requests=25) as opening:
            work(opening)
            assert len(service.log) <= 25
            assert service.snapshot(KEY) != before or len(service.log) > 20, "it used what it may"
        assert service.snapshot(KEY) == before


COMMANDS = {
    "learn": ("--out", "out"),
    "twin": ("--sequences", "40", "--format", "json"),
    "record": ("--out", "out", "--port", "0", "--port-file", "port"),
}


@contextmanager
def begun(command: str, service: Holding, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a command as a process; it waits for the answer to a create."""
    words = (command, "--base-url", service.url, *COMMANDS[command])
    process = start(folder, *words, BITPEAK_API_KEY=KEY)
    consumer = threading.Thread(target=consume_when_ready, args=(process, folder / "port"), daemon=True)
    if command == "record":
        consumer.start()
    try:
        deadline = time.monotonic() + PATIENCE
        while not service.reached.wait(0.05):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "it did not come to that"
        yield process
    finally:
        service.go_on.set()
        process.kill()
        process.wait()
        if consumer.is_alive():
            consumer.join(PATIENCE)


def consume_when_ready(process: subprocess.Popen[str], port: Path) -> None:
    while process.poll() is None and not port.exists():
        time.sleep(0.01)
    try:
        while process.poll() is None:
            consume(f"http://127.0.0.1:{port.read_text(encoding='utf-8')}/api")
    except (OSError, requests.RequestException):
        pass  # the proxy has gone, as it was told


def check_signal(command: str, number: signal.Signals, folder: Path) -> None:
    """End a command in the midst of a create: what it made is gone, and it says how it ended."""
    with Holding(3) as service:
        before = service.snapshot(KEY)
        with begun(command, service, folder) as process:
            assert service.snapshot(KEY) != before
            process.send_signal(number)
            service.go_on.set()
            out, err = process.communicate(timeout=PATIENCE)
        assert service.snapshot(KEY) == before, err
    # A proxy is a server: a signal is its end, and not a failure.
    assert process.returncode == (0 if command == "record" else 128 + number), (out, err)
    assert "Traceback" not in out + err
    assert KEY not in out + err
    assert [file.suffix for file in (folder / ".bitpeak-ledger").iterdir()] == [".swept"]


def check_kill(command: str, folder: Path) -> None:
    """Kill a command in the midst of a create: a sweep finds all of it."""
    with Holding(3) as service:
        before = service.snapshot(KEY)
        with begun(command, service, folder) as process:
            process.kill()
            process.communicate()
        assert service.snapshot(KEY) != before
        (file,) = (folder / ".bitpeak-ledger").iterdir()
        assert KEY not in file.read_text(encoding="utf-8")
        assert sweep(file, KEY, settle=0).complete
        assert service.snapshot(KEY) == before


@pytest.mark.parametrize(("command", "number"), [("learn", signal.SIGINT), ("twin", signal.SIGTERM)])
def test_a_signal_leaves_nothing(command: str, number: signal.Signals, tmp_path: Path) -> None:
    check_signal(command, number, tmp_path)


def test_what_a_kill_leaves_is_swept(tmp_path: Path) -> None:
    check_kill("record", tmp_path)
    assert not read_recording(tmp_path / "out").is_whole


@pytest.mark.heavy
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_any_signal_leaves_nothing(command: str, number: signal.Signals, tmp_path: Path) -> None:
    check_signal(command, number, tmp_path)


@pytest.mark.heavy
@pytest.mark.parametrize("command", ["learn", "twin"])
def test_what_any_kill_leaves_is_swept(command: str, tmp_path: Path) -> None:
    check_kill(command, tmp_path)
