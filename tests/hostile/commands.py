"""Whole commands on a service that lies: to their end, interrupted, or killed and swept; and what must hold then."""

from __future__ import annotations

import contextlib
import random
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import requests
from click.testing import CliRunner

from mock_server.cli import cli
from tests.check.process import Ran, start
from tests.guard.scripted import Asked, Said, Scripted
from tests.hostile.service import KEY, Behaving
from tests.hostile.trial import MOST_HARMED

LIVE = ("--treat-as-live", "--allow-writes", "--rate", "100000")
COMMANDS = {
    "check": ("check", *LIVE),
    # All suites of the profile, with a fifth of its examples.
    "check standard": ("check", "--profile", "standard", "--max-requests", "1200"),
    "learn": ("learn", "--out", "out", "--profile", "quick"),
    "twin": ("twin", "--sequences", "3"),
    "record": ("record", "--out", "out", "--port", "0", "--port-file", "port"),
}
# A thousand requests more: for some lies, and interrupted or killed it is as the brief one.
WHOLE = {**COMMANDS, "learn standard": ("learn", "--out", "out")}
# Seconds for a command: what waits for a service that is late or fails takes its time.
PATIENCE = 400.0
ENDS = ("finished", "interrupted", "killed")
FORM = {
    "type": (None, "webhook"),
    "name": (None, "Consumer"),
    "webhook": (None, "https://example.com/consumer"),
}


class Moment:
    """A service's request, counted; `reached` is set when so many have arrived."""

    def __init__(self, service: Behaving, number: int) -> None:
        self._service, self._number, self._count = service, number, 0
        self.reached = threading.Event()

    def __call__(self, asked: Asked) -> Said | None:
        self._count += 1
        if self._count >= self._number:
            self.reached.set()
        return self._service(asked)


class Done(NamedTuple):
    """What a command, and the sweep after a killed one, came to."""

    ran: Ran
    folder: Path

    @property
    def open_ledgers(self) -> list[Path]:
        return sorted((self.folder / ".bitpeak-ledger").glob("**/*.jsonl"))

    @property
    def said(self) -> str:
        return self.ran.out + self.ran.err


def consume(url: str, process: subprocess.Popen[str]) -> None:
    """Call a recording proxy as an app would, until there is none."""
    headers = {"Authorization": "Bearer mock-consumer"}
    with requests.Session() as session:
        session.trust_env = False
        try:
            for _ in range(12):
                made = session.post(
                    f"{url}/notification-handlers", files=FORM, headers=headers, timeout=PATIENCE
                )
                for row in (made.json().get("data", {}).get("id"), 1):
                    path = f"{url}/notification-handlers/{row}"
                    session.post(path, files={"name": (None, "New")}, headers=headers, timeout=PATIENCE)
                    session.get(path, headers=headers, timeout=PATIENCE)
                    session.delete(path, headers=headers, timeout=PATIENCE)
                session.get(f"{url}/notification-handlers/", headers=headers, timeout=PATIENCE)
        except (requests.RequestException, ValueError, AttributeError):
            pass  # it was ended, or the service's answer says nothing
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)


def attend(process: subprocess.Popen[str], port: Path) -> None:
    """Wait for a recording proxy, and call it."""
    while process.poll() is None:
        if port.exists() and (text := port.read_text(encoding="ascii")):
            consume(f"http://127.0.0.1:{text}/api", process)
            return
        time.sleep(0.01)


def carry_out(command: str, service: Behaving, folder: Path, end: str = "finished", moment: int = 40) -> Done:
    """Run a command on a service. It is interrupted or killed when so many requests have arrived, if it still runs.

    What was killed is swept: at once, and as if a minute later, since a create that was under way may arrive so long.
    """
    watched = Moment(service, moment)
    with Scripted(watched) as target:
        words = WHOLE[command]
        line = (words[0], "--base-url", target.url, *words[1:])
        with start(folder, *line, BITPEAK_API_KEY=KEY) as process:
            helper = threading.Thread(target=attend, args=(process, folder / "port"), daemon=True)
            if command == "record":
                helper.start()
            try:
                if end != "finished":
                    _await(lambda: watched.reached.is_set() or process.poll() is not None)
                    process.send_signal(signal.SIGKILL if end == "killed" else signal.SIGINT)
                out, err = process.communicate(timeout=PATIENCE)
            finally:
                process.kill()
        done = Done(Ran(process.returncode, out, err), folder)
        for _ in range(2):
            if end == "killed" and done.open_ledgers:
                swept = sweep(folder)
                done = Done(Ran(swept.code, done.ran.out + swept.out, done.ran.err + swept.err), folder)
                age(done.open_ledgers)
    return done


def sweep(folder: Path) -> Ran:
    """Sweep the ledgers of a folder, without a process of its own."""
    with contextlib.chdir(folder):
        result = CliRunner(env={"BITPEAK_API_KEY": KEY}).invoke(cli, ["sweep"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return Ran(result.exit_code, result.stdout, result.stderr)


def age(ledgers: Iterable[Path]) -> None:
    """Make ledgers old."""
    for file in ledgers:
        file.write_text(re.sub(r'"time": [\d.]+', '"time": 0', file.read_text()))


def _await(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.002)


def check_done(done: Done, service: Behaving) -> None:
    """No row of the stranger is harmed; the run's own are gone, or said to be left, with the ledger open."""
    assert "Traceback" not in done.said, done.said
    assert KEY not in done.said
    assert not service.touched, "a row of the stranger was written to"
    assert service.times_harmed <= MOST_HARMED, "the run went on writing"
    if not service.left:
        return
    assert done.open_ledgers, f"{service.left} are left, and no ledger is open"
    assert done.ran.code != 0, done.said
    assert "may be left" in done.said, done.said
    assert "bitpeak-mock sweep" in done.said


def ending(*words: object) -> tuple[str, int]:
    """Return how a run ends, and after how many requests: another one for each trial, and the same each time."""
    chance = random.Random(repr(words))
    return chance.choice(ENDS), chance.randrange(3, 80)
