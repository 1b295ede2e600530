"""Runs that several tests look at; each takes seconds, so that each is made once."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.check.process import KEY, PROGRAM, Ran, check, environment
from tests.second_opinion import SecondOpinion


class Written(NamedTuple):
    """A run and the folder with its reports."""

    ran: Ran
    folder: Path
    url: str


@pytest.fixture(scope="session")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the mock as a process of its own."""
    port = tmp_path_factory.mktemp("mock") / "port"
    process = subprocess.Popen(
        [PROGRAM, "serve", "--port", "0", "--port-file", str(port), "--quiet"], env=environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 30
        while not port.exists():
            assert process.poll() is None, "the mock ended"
            assert time.monotonic() < deadline, "the mock is not ready"
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port.read_text().strip()}/api"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="session")
def fine(mock: str, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Run two suites on the mock, with all reports."""
    return written(mock, tmp_path_factory.mktemp("fine"), "--suite", "page", "--suite", "questions")


@pytest.fixture(scope="session")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Run two suites on a service that departs from the page once and has a fault."""
    folder = tmp_path_factory.mktemp("faulty")
    answers = {"meta-page": "raw-text", "create-status": "ok"}
    with SecondOpinion(answers=answers, keys={KEY: 3}, bugs=["wrong-total"]) as service:
        return written(service.url, folder, "--suite", "page", "--suite", "questions", key=KEY)


def written(url: str, folder: Path, *arguments: str, key: str = "") -> Written:
    reports = ("--json", "report.json", "--html", "report.html", "--junit", "junit.xml")
    return Written(check(folder, url, *arguments, *reports, key=key), folder, url)
