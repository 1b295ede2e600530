"""One changed mock before the contract tests, as `make contract` would run them."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.check.process import PROGRAM, environment
from tests.mock_mutants.changes import Change

ROOT = Path(__file__).parents[2]

# What finds most faults in the least time is asked first.
PROFILES = ("quick", "standard")


class Fate(NamedTuple):
    """What became of a changed mock: the exit code of the last profile, its findings, requests, and seconds of all."""

    profile: str
    code: int
    findings: tuple[str, ...]
    requests: int
    seconds: float


@contextmanager
def mock(change: Change | None) -> Iterator[str]:
    """Serve a mock with the change, or an unchanged one, and yield the URL of its API."""
    with tempfile.TemporaryDirectory() as folder:
        port = Path(folder) / "port"
        program = ["mock_server"] if change is None else ["tests.mock_mutants.serve", change.name]
        flags = ("--port", "0", "--port-file", str(port), "--quiet", *(change.flags if change else ()))
        process = subprocess.Popen(
            [sys.executable, "-m", *program, "serve", *flags],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
        )
        try:
            while not port.exists() or not port.read_text():
                if process.poll() is not None:
                    raise RuntimeError(f"the mock ended with {process.returncode}")
                time.sleep(0.02)
            yield f"http://127.0.0.1:{port.read_text().strip()}/api"
        finally:
            process.terminate()
            process.wait()


def judge(change: Change | None, profiles: Sequence[str] = PROFILES) -> Fate:
    """Run the contract tests against a mock, profile by profile, until one has a finding."""
    begun, fate = time.monotonic(), Fate("", 0, (), 0, 0.0)
    for profile in profiles:
        with mock(change) as url, tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            words = (
                PROGRAM, "check", "--base-url", url, "--profile", profile, "--hold-to", "document",
                "--seed", "1", "--json", str(report), "--ledger-dir", folder, "--no-color",
            )  # fmt: skip
            ran = subprocess.run(
                words, cwd=folder, env=environment(), capture_output=True, text=True, timeout=600, check=False
            )
            if not report.exists():
                return Fate(profile, ran.returncode, (ran.stderr[-500:],), 0, time.monotonic() - begun)
            told = json.loads(report.read_text(encoding="utf-8"))
        findings = [*told["contradicts_documentation"], *told["contradicts_itself"]]
        titles = tuple(finding["title"] for finding in findings)
        fate = Fate(profile, ran.returncode, titles, told["run"]["requests"], time.monotonic() - begun)
        if fate.code != 0:
            break
    return fate
