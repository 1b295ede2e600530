"""Suites of consumers in Python, Node, Java and Go, as they would write them, on a mock that comes from the wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples.running import find_program, needs
from tests.plugin.test_replay import WIRE
from tests.wheel import install_alone, run

pytestmark = pytest.mark.xdist_group("wheel")

SUITES = Path(__file__).parent


@pytest.fixture(scope="module")
def commands(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_alone(wheel, tmp_path_factory.mktemp("consumer") / "venv")


@pytest.fixture(scope="module")
def mock(commands: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a mock, and give its URL."""
    folder = tmp_path_factory.mktemp("served")
    words = [str(commands / "bitpeak-mock"), "serve", "--port", "0", "--quiet"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with subprocess.Popen(words, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().removeprefix("ready ").strip().removesuffix("/api")
        process.terminate()


@pytest.fixture(scope="module")
def capsule(commands: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Let a test with faults on the wire fail, and give the capsule that it leaves."""
    folder = tmp_path_factory.mktemp("failed")
    (folder / "test_wire.py").write_text(WIRE, encoding="utf-8")
    options = ["-q", "-p", "no:schemathesis", "-p", "no:anyio", "-p", "no:xdist", "--bitpeak-capsules", "."]
    words = [str(commands / "python"), "-m", "pytest", *options, "test_wire.py"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert "1 failed" in done.stdout, done.stdout + done.stderr
    (file,) = folder.glob("*.json")
    return file


@pytest.fixture
def surroundings(commands: Path, mock: str, capsule: Path) -> dict[str, str]:
    """Give the environment of a suite in another language than Python."""
    program = commands / "bitpeak-mock"
    return {"MOCK": mock, "PROGRAM": str(program), "CAPSULE": str(capsule), "ORDER": "3"}


def passed(pattern: str, said: str) -> int:
    found = re.search(pattern, said, re.MULTILINE)
    assert found is not None, said
    return int(found[1])


def test_a_python_consumer(commands: Path, tmp_path: Path) -> None:
    for name in ("points.py", "shuffled.py"):
        shutil.copy(SUITES / name, tmp_path)
    where = run(commands / "python", "-c", "import mock_server; print(mock_server.__file__)", cwd=tmp_path)
    assert Path(where).is_relative_to(commands.parent)
    pytest_words = [commands / "python", "-m", "pytest", "-q", "-p", "shuffled", "-n", "2", "points.py"]
    pytest_words += ["-p", "no:schemathesis", "-p", "no:hypothesispytest", "-p", "no:anyio"]
    # Settings of somebody's `serve`, which do not concern the mock of the tests.
    settings = {
        "BITPEAK_MOCK_STRICT": "1",
        "BITPEAK_MOCK_PORT": "tcp://10.0.0.1:80",
        "BITPEAK_MOCK_UPSTREAM": "http://x",
        "BITPEAK_MOCK_RECORD": str(tmp_path / "today.jsonl"),
        "BITPEAK_MOCK_CONTROL_TOKEN": "secret",
        "BITPEAK_MOCK_PRINT_CONFIG": "1",
    }
    said = run(*pytest_words, cwd=tmp_path, ORDER="3", **settings)
    assert passed(r"^(\d+) passed in", said) >= 60
    assert not (tmp_path / "today.jsonl").exists()


@needs("curl")
def test_a_node_consumer(surroundings: dict[str, str], tmp_path: Path) -> None:
    node = find_program("node")
    assert node
    said = run(
        node, "--test", "--test-reporter=tap", SUITES / "points.test.mjs", cwd=tmp_path, **surroundings
    )
    assert passed(r"^# pass (\d+)$", said) >= 40


def test_a_java_consumer(surroundings: dict[str, str], tmp_path: Path) -> None:
    java = find_program("java")
    if java is None:
        pytest.skip("The suite of a Java consumer needs a JDK 17 or later.")
    # It ends before the second compiler and threads of a garbage collector pay.
    words = [java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", SUITES / "Points.java", "3"]
    said = run(*words, cwd=tmp_path, **surroundings)
    assert passed(r"^(\d+) passed, 0 failed$", said) >= 40


def test_a_go_consumer(surroundings: dict[str, str], tmp_path: Path) -> None:
    go = find_program("go")
    if go is None:
        pytest.skip("The suite of a Go consumer needs Go 1.18 or later.")
    shutil.copy(SUITES / "points_test.go", tmp_path)
    words = [go, "test", "-count", "1", "-shuffle", "3", "-parallel", "8", "-v", "points_test.go"]
    said = run(*words, cwd=tmp_path, **surroundings)
    assert len(re.findall(r"^ +--- PASS: ", said, re.MULTILINE)) >= 40, said
