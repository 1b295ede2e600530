"""Mocks behind nginx, by the recipe: no world is split over two of them, whichever way a request names it.

Where nginx is missing these tests are skipped, and pytest's summary says so; `make test-nginx` is red instead.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.deploy.nginx import Fleet, Reply, ask, fleet, program

REQUIRED = os.environ.get("BITPEAK_TEST_NGINX") == "required"

pytestmark = [
    pytest.mark.skipif(
        program() is None and not REQUIRED,
        reason="nginx is not installed; `make test-nginx` needs it (Debian: apt-get install nginx-light)",
    ),
    pytest.mark.xdist_group("nginx"),
]

HANDLERS = "/api/notification-handlers"
FORM = b"name=Example&type=slack&slack=https%3A%2F%2Fexample.com%2Fhook"
URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}
KEYS = [f"mock-{number}" for number in range(24)]


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    assert program() is not None, "nginx is not installed (Debian: apt-get install nginx-light)"
    with fleet(tmp_path_factory.mktemp("nginx")) as running:
        yield running


def create(port: int, key: str) -> Reply:
    return ask(port, "POST", HANDLERS, key, FORM, **URLENCODED)


def seen(port: int, key: str) -> int:
    """Return how many exchanges a mock remembers of a key."""
    total: int = ask(port, "GET", f"/_mock/journal?key={key}").json["total"]
    return total


def test_every_call_of_a_key_reaches_one_mock(front: Fleet) -> None:
    keys = [f"mock-one-{number}" for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        made = list(
            pool.map(lambda key: [create(front.port, key).json["data"]["id"] for _ in range(5)], keys)
        )
    assert made == [[2, 3, 4, 5, 6]] * len(keys)
    counts = [tuple(seen(mock, key) for mock in front.mocks) for key in keys]
    assert set(counts) == {(5, 0), (0, 5)}, "each world in one mock, and both mocks in use"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_no_part_of_the_key(front: Fleet, scheme: str) -> None:
    for key in KEYS:
        create(front.port, key)
        reply = ask(front.port, "GET", "/_mock/state", Authorization=f"{scheme} {key}")
        assert reply.status == 400 or len(reply.json["handlers"]) > 1


def test_control_calls_reach_the_world_by_either_name(front: Fleet) -> None:
    for number, key in enumerate(KEYS):
        other = KEYS[number - 1]
        change = json.dumps({"handlers": [], "next_id": 70 + number}).encode()
        # The query wins over the header, in the mock and in the proxy.
        assert ask(front.port, "PUT", f"/_mock/state?key={key}", other, change).status == 200
        assert ask(front.port, "GET", "/_mock/state", key).json["next_id"] == 70 + number
        assert create(front.port, key).json["data"]["id"] == 70 + number
        assert seen(front.port, key) >= 1
        assert ask(front.port, "POST", "/_mock/reset", key).status == 200
        assert ask(front.port, "GET", f"/_mock/state?key={key}").json["next_id"] == 2
        assert ask(front.port, "GET", f"/_mock/journal?limit=1&key={key}").json["exchanges"] == []


def test_on_a_path_of_the_api_the_query_names_nobody(front: Fleet) -> None:
    for number, key in enumerate(KEYS):
        create(front.port, key)
        listed = ask(front.port, "GET", f"{HANDLERS}/?key={KEYS[number - 1]}", key)
        assert listed.json["meta"]["total"] > 1


@pytest.mark.parametrize(
    "query",
    ["key=mock%2Dx", "key=mock+x", "key=mock-a&key=mock-b", "k%65y=mock-x", "a=b&key=a%20b", "%6Bey"],
)
def test_what_could_be_read_in_two_ways_is_refused(front: Fleet, query: str) -> None:
    reply = ask(front.port, "GET", f"/_mock/state?{query}", "mock-x")
    assert (reply.status, reply.json["errors"][0]["status"]) == (400, 400)
    assert "without escapes" in reply.json["errors"][0]["title"]


def test_escapes_in_other_values_are_let_through(front: Fleet) -> None:
    reply = ask(front.port, "GET", "/_mock/journal?path=%2Fapi%2Fx&key=mock-x&method=GET")
    assert reply.json["exchanges"] == []


def test_a_fault_on_the_wire_is_neither_tried_again_nor_held_against_the_mock(front: Fleet) -> None:
    for key in KEYS[:6]:
        order = json.dumps({"wire": "drop", "times": 3}).encode()
        assert ask(front.port, "POST", f"/_mock/faults?key={key}", body=order).status == 201
        before = seen(front.port, key)
        assert [create(front.port, key).status for _ in range(3)] == [502] * 3
        assert create(front.port, key).status == 201
        assert seen(front.port, key) == before + 4


def test_limits_are_the_mocks_own(front: Fleet) -> None:
    reply = ask(front.port, "POST", HANDLERS, "mock-x", b"x" * 9_000_000, **URLENCODED)
    assert reply.status == 413
    assert "errors" in reply.json


def test_links_name_the_host_that_was_asked(front: Fleet) -> None:
    listed = ask(front.port, "GET", f"{HANDLERS}/", "mock-x").json
    assert listed["links"]["self"].startswith(f"http://127.0.0.1:{front.port}/api/")


def test_requests_without_a_key_share_one_lobby(front: Fleet) -> None:
    for _ in range(6):
        assert ask(front.port, "GET", f"{HANDLERS}/").status == 401
    totals = [ask(mock, "GET", "/_mock/journal?lobby=true").json["total"] for mock in front.mocks]
    assert sorted(totals)[0] == 0 < sorted(totals)[1]
