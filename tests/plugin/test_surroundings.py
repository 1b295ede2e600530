"""What else is on a machine does not change the mock of a test run: its environment, files, processes and clocks."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mock_server import bitpeak_mock
from mock_server.client import NotInTime
from tests.plugin.test_together import alive

ASKS = """
import pathlib

def test_it(client, bitpeak_server):
    assert client.names() == ["Work email"]
    pathlib.Path("where").write_text(bitpeak_server.url)

def test_in_process(bitpeak_in_process):
    assert bitpeak_in_process.send("GET", "/api/notification-handlers/").status == 200
    assert not bitpeak_in_process.strict
"""


def test_the_environment_does_not_configure_the_mock(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {
        "UPSTREAM": "http://127.0.0.1:1",
        "RECORD": str(suite.path / "today.jsonl"),
        "CONTROL_TOKEN": "secret",
        "PRINT_CONFIG": "1",
        "STRICT": "1",
        "PORT": "tcp://10.0.0.1:4055",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"BITPEAK_MOCK_{name}", value)
    monkeypatch.setenv("PORT", "1")
    suite.makepyfile(ASKS)
    suite.runpytest_inprocess().assert_outcomes(passed=2)
    assert not (suite.path / "today.jsonl").exists()
    assert os.environ["BITPEAK_MOCK_STRICT"] == os.environ["PORT"] == "1", "the tests still see theirs"


@pytest.mark.parametrize("path", ["", "."])
def test_modules_of_the_project_do_not_replace_those_of_the_mock(suite: pytest.Pytester, path: str) -> None:
    """In the project's folder, and in a folder of PYTHONPATH."""
    for name in ("queue", "click", "yaml") if not path else ("flask", "httptools"):
        (suite.path / f"{name}.py").write_text("raise SystemExit('the wrong one')")
    suite.makeconftest("")
    suite.makepyfile(
        """
        def test_it(bitpeak):
            assert bitpeak.send("GET", "/api/notification-handlers/").status == 200
        """
    )
    environment = {**os.environ, "PYTHONPATH": path}
    options = ("--import-mode=importlib", "-p", "no:xdist")
    command = [sys.executable, "-P", "-m", "pytest", *options]
    done = subprocess.run(command, cwd=suite.path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["mock_server.py", "mock_server/__init__.py", "contract_tests/__init__.py"])
def test_modules_with_our_names_break_only_tests_that_ask_for_the_mock(
    suite: pytest.Pytester, name: str
) -> None:
    path = suite.path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("MINE = True")
    suite.makeconftest("")
    module = name.partition("/")[0].removesuffix(".py")
    suite.makepyfile(
        f"""
        import {module}

        def test_mine():
            assert {module}.MINE

        def test_asks(bitpeak):
            pass
        """
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=suite.path, env={**os.environ}, capture_output=True, text=True)
    if module == "contract_tests":
        assert "2 passed" in done.stdout
        return
    assert "1 passed, 1 error" in done.stdout
    # Where CI is set, pytest's summary repeats the sentence behind the name of the test.
    line = next(line for line in done.stdout.splitlines() if "hides the package 'mock_server'" in line)
    assert line.startswith(str(path))
    assert "Rename it" in line
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize(
    ("name", "fixture"),
    [
        ("click.py", "bitpeak"),
        ("yaml/__init__.py", "bitpeak_in_process"),
        ("http.py", "bitpeak"),
        ("msgspec.py", "bitpeak_in_process"),
    ],
)
def test_a_module_that_hides_one_of_ours_is_named(suite: pytest.Pytester, name: str, fixture: str) -> None:
    """The folder of a test comes before all others, so that such a module is imported in place of ours."""
    path = suite.path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("MINE = True")
    suite.makeconftest("")
    suite.makepyfile(f"def test_mine(): ...\ndef test_asks({fixture}): ...")
    # Not as a module of Python, which would put the folder before pytest's own modules, too.
    options = ("-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:schemathesis")
    command = [str(Path(sys.executable).with_name("pytest")), *options]
    done = subprocess.run(command, cwd=suite.path, env={**os.environ}, capture_output=True, text=True)
    assert "1 passed, 1 error" in done.stdout, done.stdout
    line = next(line for line in done.stdout.splitlines() if " hides the module " in line)
    module = name.partition("/")[0].removesuffix(".py")
    assert line.startswith(f"{path} hides the module {module!r}, which bitpeak-mock needs. Rename it")
    assert "Traceback" not in done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_process_that_a_test_forks_does_not_keep_the_mock(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        ASKS
        + """
import os, signal, time

def test_forks(bitpeak):
    number = os.fork()
    if not number:
        time.sleep(600)
        os._exit(0)
    pathlib.Path("child").write_text(str(number))
"""
    )
    result = suite.runpytest_subprocess("-p", "no:xdist")
    try:
        result.assert_outcomes(passed=3)
        assert not alive((suite.path / "where").read_text())
    finally:
        os.kill(int((suite.path / "child").read_text()), 9)


def test_a_clock_that_stands_still_does_not_hold_the_start(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import time
        import pytest

        @pytest.fixture(autouse=True, scope="session")
        def stopped():
            with pytest.MonkeyPatch.context() as patch:
                for name in ("time", "monotonic", "perf_counter"):
                    patch.setattr(time, name, lambda: 0.0)
                yield

        @pytest.fixture(scope="session")
        def bitpeak_flags(stopped):
            return ["--overlay", "no-such-overlay"]

        def test_it(bitpeak): ...
        """
    )
    suite.runpytest_inprocess().assert_outcomes(errors=1)


def test_a_wait_in_process_ends_when_a_patched_clock_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    with bitpeak_mock(socket=False) as api:
        for name in ("time", "monotonic", "perf_counter", "time_ns", "monotonic_ns", "perf_counter_ns"):
            monkeypatch.setattr(time, name, lambda: 0)
        with pytest.raises(NotInTime):
            api.journal.wait(timeout="30ms")
        api.fail(latency="10ms", virtual=False)
        assert api.send("GET", "/api/notification-handlers/1").status == 200
