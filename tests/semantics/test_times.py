"""Times come from the world's clock, which a test can hold still and move."""

from __future__ import annotations

import time
from calendar import timegm

from tests.semantics.client import Client

NOON = 1772366400.0


def stamp(text: str) -> int:
    """Read a time of the API."""
    return timegm(time.strptime(text, "%Y-%m-%d %H:%M:%S"))


def test_a_new_handler_has_the_machine_s_time_in_utc(client: Client) -> None:
    before = int(time.time())
    made = client.created(name="N", type="email")
    assert before <= stamp(made["datetime"]) <= time.time()
    assert made["last_datetime"] is None


def test_a_frozen_clock_stands_still_until_it_is_advanced(client: Client) -> None:
    clock = client.world.clock
    clock.freeze(NOON)
    first = client.created(name="N", type="email")
    clock.advance(86400 + 3661)
    second = client.created(name="N", type="email")
    clock.advance(-7200)
    third = client.created(name="N", type="email")
    times = [handler["datetime"] for handler in (first, second, third)]
    assert times == ["2026-03-01 12:00:00", "2026-03-02 13:01:01", "2026-03-02 11:01:01"]


def test_a_frozen_clock_can_go_on(client: Client) -> None:
    clock = client.world.clock
    clock.freeze(NOON)
    clock.run()
    assert NOON <= stamp(client.created(name="N", type="email")["datetime"]) < NOON + 60


def test_a_running_clock_can_be_moved(client: Client) -> None:
    client.world.clock.advance(10 * 86400)
    ahead = stamp(client.created(name="N", type="email")["datetime"]) - time.time()
    assert 10 * 86400 - 60 < ahead <= 10 * 86400


def test_last_datetime_is_that_of_the_last_update(client: Client) -> None:
    clock = client.world.clock
    clock.freeze(NOON)
    made = client.created(name="N", type="email")
    seen = []
    for _ in range(2):
        clock.advance(60)
        client.update(made["id"], name="M")
        handler = client.handler(made["id"])
        seen.append((handler["datetime"], handler["last_datetime"]))
    assert seen == [
        ("2026-03-01 12:00:00", "2026-03-01 12:01:00"),
        ("2026-03-01 12:00:00", "2026-03-01 12:02:00"),
    ]


def test_reading_and_deleting_another_stamp_nothing(client: Client) -> None:
    client.create(name="N", type="email")
    client.get("/1")
    client.get()
    client.delete(2)
    assert client.handler(1)["last_datetime"] is None


def test_one_key_s_clock_is_not_another_s(client: Client) -> None:
    client.world.clock.freeze(NOON)
    other = client.other(f"{client.key}-other")
    assert abs(stamp(other.created(name="N", type="email")["datetime"]) - time.time()) < 60
