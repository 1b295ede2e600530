"""A target with a user's rows, and a guard before it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from contract_tests.guard.guard import Guard
from contract_tests.guard.upstream import GuardSettings
from mock_server.document import Document, load
from tests.guard.account import Mocks, Target
from tests.guard.client import Client

MakeGuard = Callable[..., Guard]
MakeTarget = Callable[..., Target]


class Hurried:
    """A clock that runs ahead while something sleeps, so that what waits for a late service takes no time."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def clock(self) -> float:
        return time.time() + self.ahead

    def sleep(self, seconds: float) -> None:
        self.ahead += seconds


@pytest.fixture(scope="session")
def document() -> Document:
    return load()


@pytest.fixture(scope="session")
def mocks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mocks]:
    mocks = Mocks(tmp_path_factory.mktemp("mocks"))
    yield mocks
    mocks.stop()


@pytest.fixture
def target(mocks: Mocks) -> Target:
    return mocks.target()


@pytest.fixture
def make_guard(tmp_path: Path, document: Document) -> Iterator[MakeGuard]:
    """Start guards before targets, or before any URL; they are closed at the end of the test."""
    with ExitStack() as stack:

        def make(target: Target | str, **given: Any) -> Guard:
            where = (
                {"target": target, "key": "mock-key-of-a-user"}
                if isinstance(target, str)
                else {"target": target.url, "key": target.key}
            )
            time = Hurried()
            settings = {
                "allow_writes": True, "ledger_dir": tmp_path / "ledger", "clock": time.clock, "sleep": time.sleep,
                **where, **given,
            }  # fmt: skip
            return stack.enter_context(Guard(GuardSettings(**settings), document))

        yield make


@pytest.fixture
def guard(target: Target, make_guard: MakeGuard) -> Guard:
    return make_guard(target)


@pytest.fixture
def client(guard: Guard) -> Client:
    return through(guard)


def through(guard: Guard) -> Client:
    """Return a client of a suite."""
    return Client(guard.url, guard.placeholder_key)
