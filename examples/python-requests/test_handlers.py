"""What the program does on good days and on bad ones: `pytest`, or `pytest -n 4`. The fixture is bitpeak-mock's own."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from handlers import Account, Handler, TryLaterError

from mock_server.client import Api, Wire

CREATE = "create_notification_handler"
HERE = Path(__file__).parent
WANTED: list[Handler] = [
    {"name": "On call", "type": "telegram", "settings": {"telegram": "1:a", "telegram_chat_id": "-100"}},
    {"name": "Team channel", "type": "slack", "settings": {"slack": "https://example.com/hook"}},
    {"name": "Weekly mail", "type": "email", "settings": {"email": "hello@example.com"}, "is_enabled": False},
]


class Pauses(list[float]):
    """The waits of a program, which move the clock of its world."""

    def __init__(self, world: Api) -> None:
        super().__init__()
        self._world = world

    def __call__(self, seconds: float) -> None:
        """Wait."""
        self.append(seconds)
        self._world.advance(seconds)


@pytest.fixture
def pauses(bitpeak: Api) -> Pauses:
    """Empty the world, and give what the account waits with."""
    bitpeak.seed([])
    return Pauses(bitpeak)


@pytest.fixture
def account(bitpeak: Api, pauses: Pauses) -> Account:
    """Open the account under test."""
    return Account(bitpeak.base_url, bitpeak.api_key, pause=pauses)


def rows(bitpeak: Api) -> list[Handler]:
    """Give the handlers that are there."""
    there: list[Handler] = bitpeak.snapshot()["handlers"]
    return there


def test_the_account_is_made_as_wanted_and_left_alone_then(bitpeak: Api, account: Account) -> None:
    assert str(account.sync(WANTED)) == "3 created, 0 updated, 0 unchanged"
    enabled = {row["name"]: row["is_enabled"] for row in rows(bitpeak)}
    assert enabled == {"On call": True, "Team channel": True, "Weekly mail": False}
    bitpeak.journal.clear()
    assert str(account.sync(WANTED)) == "0 created, 0 updated, 3 unchanged"
    assert not bitpeak.journal.filter(method="POST")


def test_the_list_is_read_to_its_last_page(bitpeak: Api, account: Account) -> None:
    old = WANTED[1] | {"settings": {"slack": "https://example.com/old"}}
    bitpeak.seed([old, *(old | {"name": f"Filler {number}"} for number in range(60))])
    assert str(account.sync([WANTED[1]])) == "0 created, 1 updated, 0 unchanged"
    assert len(bitpeak.journal.filter(method="GET")) == 3


@pytest.mark.parametrize("retry_after", ["absent", "present"])
def test_an_hour_s_quota_is_waited_out(
    bitpeak: Api, account: Account, pauses: Pauses, retry_after: str
) -> None:
    """It is unknown whether the service sends Retry-After, so the program must work with and without it."""
    bitpeak.answers(retry_after=retry_after)
    began = bitpeak.freeze()
    bitpeak.quota(requests=2, seconds=3600)
    assert str(account.sync(WANTED)) == "3 created, 0 updated, 0 unchanged"
    assert pauses == [3600, 3600]
    assert bitpeak.now - began == timedelta(hours=2)


def test_an_outage_is_survived(bitpeak: Api, account: Account, pauses: Pauses) -> None:
    bitpeak.fail(status=503, times=2)
    assert account.sync(WANTED).created == 3
    assert pauses == [1, 2]


def test_a_long_outage_is_not(bitpeak: Api, account: Account) -> None:
    bitpeak.fail(status=502, times=None)
    with pytest.raises(TryLaterError):
        account.sync(WANTED)


@pytest.mark.parametrize("wire", ["truncate", "reset", "drop"])
def test_a_lost_response_creates_nothing_twice(bitpeak: Api, account: Account, wire: Wire) -> None:
    bitpeak.fail(wire=wire, times=1, operation=CREATE)
    assert str(account.sync(WANTED[:2])) == "1 created, 0 updated, 1 unchanged"
    assert len(rows(bitpeak)) == 2


def test_a_slow_response_is_not_waited_for(bitpeak: Api, pauses: Pauses) -> None:
    bitpeak.fail(latency="1h")
    account = Account(bitpeak.base_url, bitpeak.api_key, pause=pauses, timeout=0.5)
    assert account.sync(WANTED).updated == 0
    assert pauses[0] == 1
    assert len(rows(bitpeak)) == 3


def test_two_accounts_at_once(bitpeak: Api) -> None:
    """A key is a world: whatever runs at the same time never meets."""
    worlds = [bitpeak, *(bitpeak.another() for _ in range(3))]

    def work(number: int) -> str:
        world = worlds[number]
        world.seed([])
        return str(Account(world.base_url, world.api_key).sync(WANTED[:number]))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [f"{n} created, 0 updated, 0 unchanged" for n in range(4)]


def test_the_program_itself(bitpeak: Api, pauses: Pauses) -> None:
    """Wait for what a program in the background does, by the journal."""
    environment = {"BITPEAK_API_URL": bitpeak.base_url, "BITPEAK_API_KEY": bitpeak.api_key}
    program = [sys.executable, str(HERE / "handlers.py"), str(HERE.parent / "wanted.json")]
    with subprocess.Popen(
        program, env=os.environ | environment, stdout=subprocess.PIPE, text=True
    ) as running:
        first, *_ = bitpeak.journal.filter(operation=CREATE, status=201).wait(3, timeout="10s")
        assert first.request.form["name"] == "On call"
        assert running.communicate()[0] == "3 created, 0 updated, 0 unchanged\n"
