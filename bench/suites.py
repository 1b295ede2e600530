"""Suites of a consumer's, whole runs of pytest: with the mock, and with what else people test clients with.

Each test creates a handler, retrieves it and lists all. pytest loads no plugin but the one that is measured.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.peers import HOME
from bench.progress import say

_PACKAGES = ("pytest-httpserver==1.2.0", "responses==0.26.3")
_TESTS = 500

_CONSUMER = """
import requests


class Client:
    def __init__(self, base_url, api_key, adapter=None):
        self._url = f"{base_url}/notification-handlers"
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {api_key}"
        if adapter is not None:
            self._session.mount("http://", adapter)

    def create(self, name):
        form = {"name": (None, name), "type": (None, "email"), "email": (None, "ada@example.com")}
        return self._session.post(self._url, files=form).json()["data"]["id"]

    def retrieve(self, number):
        return self._session.get(f"{self._url}/{number}").json()["data"]

    def names(self):
        return [row["name"] for row in self._session.get(f"{self._url}/").json()["data"]]
"""
_SUITE = f"""
import pytest


@pytest.mark.parametrize("number", range({_TESTS}))
def test_a_handler_is_kept(client, number):
    created = client.create("Example")
    assert client.retrieve(created)["name"] == "Example"
    assert "Example" in client.names()
"""
_ROW = """
ROW = {"id": 1, "type": "email", "name": "Example", "settings": {"email": "ada@example.com"}}
META = {"page": 1, "results_per_page": 25, "total": 1, "total_pages": 1}
"""
_WITH_MOCK = """
import pytest
from consumer import Client


@pytest.fixture
def client(bitpeak):
    return Client(bitpeak.base_url, bitpeak.api_key)
"""
_IN_PROCESS = """
import pytest
from consumer import Client
from mock_server.transports import requests_adapter


@pytest.fixture
def client(bitpeak_in_process):
    api = bitpeak_in_process
    return Client(api.base_url, api.api_key, requests_adapter(api.app))
"""
_HTTPSERVER = f"""
import pytest
from consumer import Client
{_ROW}

@pytest.fixture
def client(httpserver):
    path = "/api/notification-handlers"
    httpserver.expect_request(path, method="POST").respond_with_json({{"data": {{"id": 1}}}}, status=201)
    httpserver.expect_request(f"{{path}}/1", method="GET").respond_with_json({{"data": ROW}})
    httpserver.expect_request(f"{{path}}/", method="GET").respond_with_json({{"data": [ROW], "meta": META}})
    return Client(httpserver.url_for("/api"), "key")
"""
_RESPONSES = f"""
import pytest
import responses
from consumer import Client
{_ROW}

@pytest.fixture
def client():
    base = "http://service.test/api"
    with responses.RequestsMock() as canned:
        canned.post(f"{{base}}/notification-handlers", json={{"data": {{"id": 1}}}}, status=201)
        canned.get(f"{{base}}/notification-handlers/1", json={{"data": ROW}})
        canned.get(f"{{base}}/notification-handlers/", json={{"data": [ROW], "meta": META}})
        yield Client(base, "key")
"""


@dataclass(frozen=True, slots=True)
class Suite:
    """One way to test a client. `plugin`: the module that pytest loads for it, "" for none."""

    name: str
    conftest: str
    plugin: str = ""


MOCK = Suite("bitpeak", _WITH_MOCK, "pytest_bitpeak")
IN_PROCESS = Suite("bitpeak_in_process", _IN_PROCESS, "pytest_bitpeak")
HTTPSERVER = Suite("pytest-httpserver", _HTTPSERVER, "pytest_httpserver.pytest_plugin")
RESPONSES = Suite("responses", _RESPONSES)
_SUITES = (MOCK, HTTPSERVER, IN_PROCESS, RESPONSES)

# For the start: what a test has when its body begins, and nothing else.
_FIRST = """
import pathlib
import time

import requests


def test_first(bitpeak):
    requests.get(bitpeak.base_url + "/notification-handlers", headers=bitpeak.headers)
    pathlib.Path("began").write_text(str(time.time()))
"""
_EMPTY = """
import pathlib
import time

import requests


def test_first():
    pathlib.Path("began").write_text(str(time.time()))
"""


def measured(rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each suite, by round. Those whose packages cannot be installed are left out."""
    canned = _installed()
    suites = [suite for suite in _SUITES if canned or suite.plugin == "pytest_bitpeak"]
    seconds: dict[str, list[float]] = {suite.name: [] for suite in suites}
    with tempfile.TemporaryDirectory() as folder:
        for suite in suites:
            _write(Path(folder) / suite.name, suite.conftest, _SUITE)
        for number in range(rounds):
            say(f"suites of {_TESTS} tests: round {number + 1} of {rounds}")
            for suite in suites:
                took = _run(Path(folder) / suite.name, suite.plugin)
                seconds[suite.name].append(took.seconds)
    return seconds


def started(rounds: int) -> dict[str, float]:
    """Return what a first fixture costs, and what the plugin costs a suite that does not use it, in seconds.

    The suite that they are compared with loads an empty plugin: to find a plugin that `-p` names, pytest reads the
    metadata of all that is installed, which it does once in any run of a user.
    """
    fixtures, plugins = [], []
    with tempfile.TemporaryDirectory() as name:
        first, empty = Path(name) / "first", Path(name) / "empty"
        _write(first, "", _FIRST)
        _write(empty, "", _EMPTY)
        (empty / "empty_plugin.py").touch()
        for number in range(rounds):
            say(f"starts of pytest: round {number + 1} of {rounds}")
            bare, idle = _run(empty, "empty_plugin"), _run(empty, "pytest_bitpeak")
            fixtures.append(_run(first, "pytest_bitpeak").first - bare.first)
            plugins.append(idle.cpu - bare.cpu)
    return {"first fixture": sorted(fixtures)[rounds // 2], "unused plugin": sorted(plugins)[rounds // 2]}


@dataclass(frozen=True, slots=True)
class _Ran:
    """A run of pytest: seconds until it ended, until its first test had what it needs, and of its CPU time."""

    seconds: float
    first: float
    cpu: float


def _write(folder: Path, conftest: str, tests: str) -> None:
    folder.mkdir()
    (folder / "consumer.py").write_text(_CONSUMER)
    (folder / "conftest.py").write_text(conftest)
    (folder / "test_suite.py").write_text(tests)


def _run(folder: Path, plugin: str) -> _Ran:
    """Run a suite. Raises CalledProcessError if a test fails."""
    options = ["-q", "-p", "no:cacheprovider", *(["-p", plugin] if plugin else [])]
    command = [sys.executable, "-m", "pytest", *options]
    environ = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environ |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(HOME / "suites")}
    began, at, before = time.perf_counter(), time.time(), _cpu()
    subprocess.run(command, cwd=folder, env=environ, check=True, capture_output=True)
    seconds, cpu, noted = time.perf_counter() - began, _cpu() - before, folder / "began"
    return _Ran(seconds, float(noted.read_text()) - at if noted.exists() else 0.0, cpu)


def _cpu() -> float:
    """Return the CPU time of the processes that this one has waited for."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _installed() -> bool:
    """Install what the mock is compared with, if it is not there yet. Tell whether it is."""
    folder = HOME / "suites"
    if (folder / "installed").exists():
        return True
    command: Sequence[str] = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    try:
        subprocess.run([*command, str(folder), *_PACKAGES], check=True, capture_output=True)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
        say(f"{' and '.join(_PACKAGES)} are left out: {said}")
        return False
    (folder / "installed").touch()
    return True
