"""Each key has its own world. Idle worlds are dropped, and their number is limited."""

from __future__ import annotations

import gc
import json
import logging
import tracemalloc
from types import SimpleNamespace

import pytest

from mock_server import create_app
from mock_server.cli.serve import settings_of
from mock_server.settings import Rules, Settings
from mock_server.state import world as module
from mock_server.state.world import Worlds
from tests.control.conftest import Steered
from tests.semantics.client import Client, Reply


def test_two_keys_never_see_each_other(client: Client) -> None:
    other = client.other(f"{client.key}-other")
    assert client.created(name="Mine", type="slack", slack="secret")["id"] == 2
    assert other.get("/2").status == 404
    assert other.created(name="Theirs", type="email")["id"] == 2
    assert (client.handler(2)["name"], other.handler(2)["name"]) == ("Mine", "Theirs")
    assert other.delete(1).status == 200
    assert (client.ids(), other.ids()) == ([2, 1], [2])


def test_a_new_key_begins_with_the_seed_whatever_others_did(client: Client) -> None:
    client.update(1, name="Changed")
    client.delete(1)
    assert client.other(f"{client.key}-later").handler(1)["name"] == "Work email"


def test_journals_are_apart_and_shorten_the_key(client: Client) -> None:
    other = client.other(f"{client.key}-that-no-one-else-has")
    other.get("/1")
    assert client.world.journal.exchanges == ()
    (exchange,) = other.world.journal.exchanges
    assert (exchange.method, exchange.status) == ("GET", 200)
    assert exchange.key == f"{other.key[:6]}…{len(other.key)}"


@pytest.mark.parametrize("key", ["mock", "mock-key", "mockery", "mock" + "k" * 5000, "mock\xe9", 'mock"<>'])
def test_a_key_with_the_prefix_is_good(client: Client, key: str) -> None:
    assert client.other(key).get().status == 200


@pytest.mark.parametrize("key", ["moc", "Mock-key", "MOCK", "real-key", "-mock", "\xffmock", "0" * 32])
def test_any_other_key_is_refused_and_leaves_no_world(client: Client, key: str) -> None:
    before = len(client.mock.worlds)
    reply = client.other(key).get()
    assert (reply.status, reply.title) == (401, "You do not have access to the API.")
    assert len(client.mock.worlds) == before


class Time:
    """Replaces the module `time`, so that an hour can pass at once."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        patch.setattr(module, "time", SimpleNamespace(monotonic=lambda: self.now))


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(monkeypatch)


@pytest.fixture
def worlds(client: Client, time: Time) -> Worlds:
    return Worlds(client.mock.worlds.seed, limit=3, idle=100.0)


def test_an_idle_world_is_dropped_when_another_begins(
    worlds: Worlds, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    idle = worlds.of("mock-idle-one")
    time.now += 60
    busy = worlds.of("mock-busy-one")
    time.now += 50
    with caplog.at_level(logging.WARNING):
        worlds.of("mock-new-one")
    assert len(worlds) == 2
    assert worlds.of("mock-busy-one") is busy
    assert worlds.of("mock-idle-one") is not idle
    (record,) = caplog.records
    assert record.getMessage() == "The world of the key mock-i…13 was dropped after 110 idle seconds."


def test_one_idle_second_is_singular(worlds: Worlds, time: Time, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(4):
        worlds.of(f"mock-{number}")
        time.now += 0.35
    assert caplog.messages[0].endswith("was dropped after 1 idle second.")


def test_a_world_in_use_is_not_idle(worlds: Worlds, time: Time) -> None:
    used = worlds.of("mock-used")
    for number in range(5):
        time.now += 90
        assert worlds.of("mock-used") is used
        worlds.of(f"mock-{number}")
    assert worlds.of("mock-used") is used


def test_beyond_the_limit_the_longest_unused_world_is_dropped(worlds: Worlds, time: Time) -> None:
    first, second, third = (worlds.of(f"mock-{number}") for number in range(3))
    assert worlds.of("mock-0") is first
    worlds.of("mock-3")
    assert len(worlds) == 3
    assert worlds.of("mock-0") is first
    assert worlds.of("mock-2") is third
    assert worlds.of("mock-1") is not second


class TestMemory:
    """What worlds hold is bounded in bytes, too."""

    client = Steered(app=create_app())

    def bounded(self, memory: int) -> Steered:
        return Steered(app=create_app(Settings(rules=Rules(memory=memory))))

    def fill(self, client: Client, count: int) -> Reply:
        rows = [{"type": "email", "name": "x" * 100, "settings": {"email": "a@example.com"}}] * count
        return client.call("PUT", f"/_mock/state?key={client.key}", json.dumps({"handlers": rows}).encode())

    def test_together_they_drop_those_idle_for_longest(self) -> None:
        client = self.bounded(2_500_000)
        worlds = client.mock.worlds
        kept = [client.other(f"mock-full-{number}") for number in range(4)]
        assert {self.fill(each, 700).status for each in kept} == {200}
        assert [len(worlds.look(each.key).stores["handlers"]) for each in kept] == [1, 1, 700, 700]
        assert kept[2].call("POST", f"/_mock/reset?key={kept[2].key}").status == 200
        self.fill(client.other("mock-full-4"), 700)
        assert [len(worlds.look(each.key).stores["handlers"]) for each in kept] == [1, 1, 1, 700]

    def test_one_that_takes_all_room_takes_no_more(self) -> None:
        client = self.bounded(300_000)
        refused = self.fill(client, 400)
        assert (refused.status, "take more memory" in refused.title) == (400, True)
        assert self.fill(client, 200).status == 200
        for _ in range(100):
            reply = client.create(name="x" * 100, type="email", email="a@example.com")
            if reply.status != 201:
                break
        assert (reply.status, reply.title[:30]) == (507, "The world of this key is full.")
        assert client.get("?results_per_page=1").json["meta"]["total"] > 200
        assert client.delete(1).status == 200
        assert client.create(name="a", type="email", email="a@example.com").status == 201

    def test_serve_has_an_option(self) -> None:
        assert settings_of(["--memory", "2GiB"]).rules.memory == 2 << 30
        with pytest.raises(
            ValueError, match="--memory: Invalid size '2GB': the units are MiB and GiB, as in 64MiB"
        ):
            settings_of(["--memory", "2GB"])

    def test_a_fault_is_small(self) -> None:
        mutation = {"pointer": "/data", "change": "value", "value": "x" * 100_000}
        reply = self.client.control("POST", "/faults", {"mutation": mutation})
        assert (reply.status, "64 KiB" in reply.title) == (400, True)

    def test_what_is_counted_is_about_what_is_taken(self) -> None:
        world = self.client.mock.worlds.of("mock-measured")
        tracemalloc.start()
        try:
            before, counted = tracemalloc.get_traced_memory()[0], world.memory
            body = json.dumps(
                {
                    "handlers": [
                        {
                            "type": "slack",
                            "name": f"Handler {number}",
                            "settings": {"slack": f"https://e.example/{number}"},
                        }
                        for number in range(2000)
                    ]
                }
            ).encode()
            assert self.client.call("PUT", "/_mock/state?key=mock-measured", body).status == 200
            del body
            gc.collect()
            taken = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
        assert 0.6 < (world.memory - counted) / taken < 1.7
