"""What the program does on good days and on bad ones: `pytest`, or `pytest -n 4`. The fixture is bitpeak-mock's own.

The async tests run by the pytest plugin of anyio, which httpx brings along.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from handlers import Account, Handler, TryLaterError

from mock_server.client import Api, Wire

CREATE = "create_notification_handler"
HERE = Path(__file__).parent
WANTED: list[Handler] = [
    {"name": f"Channel {number}", "type": "slack", "settings": {"slack": f"https://example.com/{number}"}}
    for number in range(8)
]

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Choose asyncio, which the program is written for."""
    return "asyncio"


class Pauses(list[float]):
    """The waits of a program, which move the clock of its world."""

    def __init__(self, world: Api) -> None:
        super().__init__()
        self._world = world

    async def __call__(self, seconds: float) -> None:
        """Wait."""
        self.append(seconds)
        await asyncio.to_thread(self._world.advance, seconds)


@pytest.fixture
def pauses(bitpeak: Api) -> Pauses:
    """Empty the world, and give what the account waits with."""
    bitpeak.seed([])
    return Pauses(bitpeak)


@pytest.fixture
async def account(bitpeak: Api, pauses: Pauses) -> AsyncIterator[Account]:
    """Open the account under test."""
    async with Account(bitpeak.base_url, bitpeak.api_key, pause=pauses) as opened:
        yield opened


async def test_the_account_is_made_as_wanted_and_left_alone_then(bitpeak: Api, account: Account) -> None:
    assert await account.sync(WANTED) == {"created": 8}
    bitpeak.journal.clear()
    assert await account.sync(WANTED) == {"unchanged": 8}
    assert not bitpeak.journal.filter(method="POST")
    assert await account.sync([WANTED[3] | {"is_enabled": False}]) == {"updated": 1}


async def test_the_list_is_read_to_its_last_page(bitpeak: Api, account: Account) -> None:
    bitpeak.seed([*WANTED, *(WANTED[0] | {"name": f"Filler {number}"} for number in range(60))])
    assert await account.sync(WANTED) == {"unchanged": 8}
    assert len(bitpeak.journal.filter(method="GET")) == 3


async def test_an_hour_s_quota_is_waited_out(bitpeak: Api, account: Account) -> None:
    began = bitpeak.freeze()
    bitpeak.quota(requests=4, seconds=3600)
    assert await account.sync(WANTED) == {"created": 8}
    assert bitpeak.now - began >= timedelta(hours=2)
    assert bitpeak.journal.filter(refusal="rate_limited")


async def test_an_outage_is_survived(bitpeak: Api, account: Account, pauses: Pauses) -> None:
    bitpeak.fail(status=503, times=2)
    assert await account.sync(WANTED) == {"created": 8}
    assert pauses == [1, 2]


async def test_a_long_outage_is_not(bitpeak: Api, account: Account) -> None:
    bitpeak.fail(status=502, times=None)
    with pytest.raises(TryLaterError):
        await account.sync(WANTED)


@pytest.mark.parametrize("wire", ["truncate", "reset", "drop"])
async def test_a_lost_response_creates_nothing_twice(bitpeak: Api, account: Account, wire: Wire) -> None:
    bitpeak.fail(wire=wire, times=1, operation=CREATE, after=2)
    assert await account.sync(WANTED) == {"unchanged": 8}  # what was created is there when it looks again
    assert len(bitpeak.snapshot()["handlers"]) == 8


async def test_a_slow_response_is_not_waited_for(bitpeak: Api, pauses: Pauses) -> None:
    bitpeak.fail(latency="1h")
    async with Account(bitpeak.base_url, bitpeak.api_key, pause=pauses, timeout=0.5) as account:
        await account.sync(WANTED)
    assert pauses[0] == 1
    assert len(bitpeak.snapshot()["handlers"]) == 8


async def test_accounts_at_once(bitpeak: Api) -> None:
    """A key is a world: whatever runs at the same time never meets."""
    worlds = [bitpeak, *(bitpeak.another() for _ in range(3))]

    async def work(number: int) -> Counter[str]:
        worlds[number].seed([])
        async with Account(worlds[number].base_url, worlds[number].api_key) as account:
            return await account.sync(WANTED[: number + 1])

    assert await asyncio.gather(*map(work, range(4))) == [{"created": n} for n in (1, 2, 3, 4)]


async def test_what_it_does_meanwhile(bitpeak: Api, account: Account) -> None:
    """Wait for the journal while the program is at work."""
    syncing = asyncio.create_task(account.sync(WANTED))
    seen = await asyncio.to_thread(bitpeak.journal.filter(operation=CREATE, status=201).wait, 8)
    assert {exchange.request.form["name"] for exchange in seen} == {handler["name"] for handler in WANTED}
    assert await syncing == {"created": 8}


async def test_the_program_itself(bitpeak: Api, pauses: Pauses) -> None:
    environment = os.environ | {"BITPEAK_API_URL": bitpeak.base_url, "BITPEAK_API_KEY": bitpeak.api_key}
    program = [sys.executable, str(HERE / "handlers.py"), str(HERE.parent / "wanted.json")]
    running = await asyncio.create_subprocess_exec(*program, env=environment, stdout=asyncio.subprocess.PIPE)
    said, _ = await running.communicate()
    assert said == b"3 created, 0 updated, 0 unchanged\n"
