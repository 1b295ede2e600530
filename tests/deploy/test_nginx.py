"""Mocks behind nginx, by the recipe: all requests for one world reach the same mock, however they name it.

Without nginx these tests are skipped, and pytest's summary says so; `make test-nginx` fails instead.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.deploy.nginx import Fleet, Received, ask, fleet, program

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


def create(port: int, key: str) -> Received:
    return ask(port, "POST", HANDLERS, key, FORM, **URLENCODED)


def seen(port: int, key: str) -> int:
    """Return how many exchanges of a key a mock remembers."""
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
    assert set(counts) == {(5, 0), (0, 5)}, "each world must be in one mock, and both mocks in use"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_not_part_of_the_key(front: Fleet, scheme: str) -> None:
    for key in KEYS:
        create(front.port, key)
        received = ask(front.port, "GET", "/_mock/state", Authorization=f"{scheme} {key}")
        assert received.status == 400 or len(received.json["handlers"]) > 1


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


def test_on_a_path_of_the_api_the_query_names_no_world(front: Fleet) -> None:
    for number, key in enumerate(KEYS):
        create(front.port, key)
        listed = ask(front.port, "GET", f"{HANDLERS}/?key={KEYS[number - 1]}", key)
        assert listed.json["meta"]["total"] > 1


@pytest.mark.parametrize(
    "query",
    ["key=mock%2Dx", "key=mock+x", "key=mock-a&key=mock-b", "k%65y=mock-x", "a=b&key=a%20b", "%6Bey"],
)
def test_a_key_that_could_be_read_in_two_ways_is_refused(front: Fleet, query: str) -> None:
    received = ask(front.port, "GET", f"/_mock/state?{query}", "mock-x")
    assert (received.status, received.json["errors"][0]["status"]) == (400, 400)
    assert "without escapes" in received.json["errors"][0]["title"]


def test_escapes_in_other_parameters_are_allowed(front: Fleet) -> None:
    received = ask(front.port, "GET", "/_mock/journal?path=%2Fapi%2Fx&key=mock-x&method=GET")
    assert received.json["exchanges"] == []


def test_a_fault_on_the_wire_is_not_retried_and_does_not_disable_the_mock(front: Fleet) -> None:
    for key in KEYS[:6]:
        order = json.dumps({"wire": "drop", "times": 3}).encode()
        assert ask(front.port, "POST", f"/_mock/faults?key={key}", body=order).status == 201
        before = seen(front.port, key)
        assert [create(front.port, key).status for _ in range(3)] == [502] * 3
        assert create(front.port, key).status == 201
        assert seen(front.port, key) == before + 4


def test_the_mock_refuses_what_is_too_large(front: Fleet) -> None:
    received = ask(front.port, "POST", HANDLERS, "mock-x", b"x" * 9_000_000, **URLENCODED)
    assert received.status == 413
    assert "errors" in received.json


def test_links_name_the_host_of_the_proxy(front: Fleet) -> None:
    listed = ask(front.port, "GET", f"{HANDLERS}/", "mock-x").json
    assert listed["links"]["self"].startswith(f"http://127.0.0.1:{front.port}/api/")


def test_requests_without_a_key_share_one_lobby(front: Fleet) -> None:
    for _ in range(6):
        assert ask(front.port, "GET", f"{HANDLERS}/").status == 401
    totals = [ask(mock, "GET", "/_mock/journal?lobby=true").json["total"] for mock in front.mocks]
    assert sorted(totals)[0] == 0 < sorted(totals)[1]
