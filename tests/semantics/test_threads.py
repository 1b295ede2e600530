"""In a server of many threads, keys do not mix, and calls with one key do not disturb each other."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from sys import getswitchinterval, setswitchinterval

import pytest

from mock_server import Rules, Settings
from tests.semantics.client import Client


@pytest.fixture(autouse=True)
def _threads_take_turns_often() -> Iterator[None]:
    """Make the interpreter switch threads as often as it can, to provoke races."""
    before = getswitchinterval()
    setswitchinterval(1e-5)
    yield
    setswitchinterval(before)


def in_threads(number: int, work: Callable[[int], None]) -> None:
    """Call `work` with each number below `number`, each in its own thread, and raise what a call raises."""
    with ThreadPoolExecutor(number) as pool:
        for done in [pool.submit(work, each) for each in range(number)]:
            done.result()


def live(client: Client, number: int) -> None:
    """Make random calls, and compare what the key's world holds with a dictionary."""
    draw, names = random.Random(number), {1: "Work email"}
    for step in range(30):
        handler_id, name = draw.randint(1, len(names) + 3), f"{client.key}-{step}"
        match draw.choice(["create", "create", "update", "delete", "list"]):
            case "create":
                names[client.create(name=name, type="slack").data["id"]] = name
            case "update":
                found = client.update(handler_id, name=name).status == 200
                assert found == (handler_id in names)
                names |= {handler_id: name} if found else {}
            case "delete":
                found = client.delete(handler_id).status == 200
                assert found == (names.pop(handler_id, None) is not None)
        rows = client.get("?results_per_page=50").data
        assert [(row["id"], row["name"]) for row in rows] == sorted(names.items(), reverse=True)


def test_200_threads_with_a_key_each_never_cross(client: Client) -> None:
    in_threads(200, lambda number: live(client.other(f"{client.key}-{number}"), number))


def test_16_threads_with_one_key_get_an_id_each(client: Client) -> None:
    ids: list[int] = []
    in_threads(16, lambda _: ids.extend(client.create(name="N", type="x").data["id"] for _ in range(40)))
    assert sorted(ids) == list(range(2, 642))
    assert client.ids() == list(range(641, 0, -1))
    assert client.world.journal.total == 641


def test_16_threads_lose_no_update(client: Client) -> None:
    made = [client.create(name="N", type="x").data["id"] for _ in range(16)]
    fields = ("x_consumer_key", "x_consumer_secret", "x_access_token", "x_access_token_secret")

    def work(number: int) -> None:
        # Four threads share each handler, and each has a setting of its own in it.
        for step in range(25):
            client.update(made[number // 4], **{fields[number % 4]: f"{number}-{step}"})

    in_threads(16, work)
    for at in range(4):
        settings = client.handler(made[at])["settings"]
        assert settings == {field: f"{at * 4 + part}-24" for part, field in enumerate(fields)}


def test_a_handler_is_deleted_once(client: Client) -> None:
    made = [client.create(name="N", type="x").data["id"] for _ in range(50)]
    deleted: list[int] = []

    def work(_: int) -> None:
        deleted.extend(handler_id for handler_id in made if client.delete(handler_id).status == 200)

    in_threads(16, work)
    assert sorted(deleted) == made
    assert client.ids() == [1]


def test_no_page_is_torn_by_what_is_created_and_deleted_meanwhile(client: Client) -> None:
    for _ in range(60):
        client.create(name="N", type="x")

    def work(number: int) -> None:
        for _ in range(12):
            if number % 4 == 0:
                client.delete(client.create(name="N", type="x").data["id"] - 20)
            else:
                _check_page(client, page=number % 4)

    in_threads(16, work)


def _check_page(client: Client, page: int) -> None:
    body = client.get(f"?results_per_page=25&page={page}").json
    meta, links, ids = body["meta"], body["links"], [row["id"] for row in body["data"]]
    assert ids == sorted(set(ids), reverse=True)
    assert len(ids) == max(0, min(25, meta["total"] - 25 * (page - 1)))
    assert meta["total_pages"] == -(-meta["total"] // 25)
    assert links["last"].endswith(f"page={meta['total_pages']}")
    assert (links["next"] is None) == (page >= meta["total_pages"])


def test_16_threads_share_one_quota() -> None:
    client = Client(Settings(rules=Rules(quota=100)))
    client.world.clock.freeze(1000.0)
    statuses: list[int] = []
    in_threads(16, lambda _: statuses.extend(client.get().status for _ in range(10)))
    assert sorted(statuses) == [200] * 100 + [429] * 60
