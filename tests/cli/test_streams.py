"""Standard streams that are closed or full, and a terminal that is closed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import PROGRAM, environment, run, wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it has no such streams")


def started(words: str, redirection: str, folder: Path, before: str = "") -> subprocess.Popen[str]:
    """Start the program with its streams as a shell makes them."""
    shell = f'{before} exec "$@" {words} {redirection}'
    return subprocess.Popen(
        ["/bin/sh", "-c", shell, "sh", *PROGRAM], cwd=folder, env=environment(), text=True, stderr=subprocess.PIPE
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "redirection", "why"),
    [
        ("--version", ">/dev/full", "No space left on device"),
        ("routes", ">&-", "Bad file descriptor"),
    ],
)
def test_a_lost_output_is_one_sentence(words: str, redirection: str, why: str, tmp_path: Path) -> None:
    process = started(words, redirection, tmp_path)
    _, said = process.communicate(timeout=20)
    assert said == f"bitpeak-mock: Cannot write to standard output: {why}.\n"
    assert process.returncode == 3


@pytest.mark.parametrize(
    ("redirection", "said"),
    [
        (">/dev/full", "bitpeak-mock: warning: Cannot write to standard output (No space left on device)"),
        (">&- <&-", "bitpeak-mock: warning: Cannot write to standard output (Bad file descriptor)"),
    ],
)
def test_a_mock_serves_without_an_output(redirection: str, said: str, tmp_path: Path) -> None:
    process = started("serve --port 0 --port-file port", redirection, tmp_path)
    wait_until((tmp_path / "port").exists)
    process.send_signal(signal.SIGHUP)
    _, log = process.communicate(timeout=30)
    assert log.startswith(said)
    assert (process.returncode, len(log.splitlines())) == (0, 1)
    assert not (tmp_path / "port").exists()


def test_a_mock_started_by_nohup_outlives_its_terminal(tmp_path: Path) -> None:
    process = started("serve --port 0 --port-file port", ">/dev/null", tmp_path, before="trap '' HUP;")
    wait_until((tmp_path / "port").exists)
    process.send_signal(signal.SIGHUP)
    port = (tmp_path / "port").read_text().strip()
    assert run("wait", f"http://127.0.0.1:{port}").returncode == 0
    process.terminate()
    _, log = process.communicate(timeout=30)
    assert (process.returncode, log) == (0, "")
