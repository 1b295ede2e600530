"""Many processes share one mock, and it stops with them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mock_server.client import HTTPChannel, Unreachable

SUITE = '''
import os, pathlib, time
import pytest

HERE = pathlib.Path(__file__).parent

@pytest.mark.parametrize("turn", range(12))
def test_one_of_many(client, bitpeak, bitpeak_server, turn):
    """Two tests in one world would see each other's handlers."""
    assert client.create(name=f"n{turn}", type="slack", slack="s") == 2
    assert client.names() == [f"n{turn}", "Work email"]
    bitpeak.freeze("2026-01-01T00:00:00Z")
    bitpeak.advance("1h")
    assert len(bitpeak.journal) == 2
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    (HERE / f"{worker}-{turn}.url").write_text(bitpeak_server.url)
'''

SLOW = """
import pathlib, time

def test_that_hangs(client, bitpeak_server):
    client.names()
    draft = pathlib.Path("url.draft")
    draft.write_text(bitpeak_server.url)
    draft.rename("url")
    time.sleep(600)
"""


def alive(url: str) -> bool:
    channel = HTTPChannel(url)
    try:
        return channel.ask("GET", "/_mock/health", {}).status == 200
    except Unreachable:
        return False
    finally:
        channel.close()


def test_workers_share_one_mock_and_no_world(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_suite=SUITE)
    # This process has measured or mocked nothing yet of what the workers are: they are processes anyway.
    result = suite.runpytest_subprocess("-n", "4", "-p", "no:cacheprovider", "--bitpeak-cov")
    result.assert_outcomes(passed=12)
    files = sorted(suite.path.glob("*.url"))
    assert len(files) == 12
    assert len({file.name.partition("-")[0] for file in files}) > 1
    (url,) = {file.read_text() for file in files}
    assert not alive(url)
    # Each worker's calls are counted, once.
    result.stdout.re_match_lines([r"create_notification_handler +12 .* 1 of \d+ "])


@pytest.mark.parametrize("workers", [pytest.param(0, marks=pytest.mark.heavy), 1])
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_run_leaves_no_mock_behind(suite: pytest.Pytester, workers: int) -> None:
    suite.makepyfile(test_suite=SLOW)
    command = [sys.executable, "-m", "pytest", "-q", "-n", str(workers), "test_suite.py"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=suite.path, env=dict(os.environ)) as run:
        url = appearing(suite.path / "url", run)
        assert alive(url)
        run.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 30
    while alive(url):
        assert time.monotonic() < deadline, "the mock outlives the run"
        time.sleep(0.02)


def appearing(path: Path, run: subprocess.Popen[bytes]) -> str:
    """Wait for a file of the run's, as long as the run lives."""
    while not path.exists():
        assert run.poll() is None, "the run ended before its test began"
        time.sleep(0.02)
    return path.read_text()


@pytest.mark.heavy
@pytest.mark.skipif(sys.platform == "win32", reason="a shell's Ctrl-C goes another way")
def test_ctrl_c_ends_the_mock_after_the_run(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_suite=SLOW)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "--bitpeak-cov", "test_suite.py"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, cwd=suite.path, env=dict(os.environ), start_new_session=True
    ) as run:
        url = appearing(suite.path / "url", run)
        os.killpg(run.pid, signal.SIGINT)
        said, _ = run.communicate()
    assert not alive(url)
    assert re.search(rb"^list_notification_handlers +1 ", said, re.MULTILINE), said.decode()
