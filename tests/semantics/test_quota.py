"""The quota is metered with the world's clock, in windows that open with a request."""

from __future__ import annotations

import pytest

from mock_server import Rules, Settings
from tests.semantics.client import Client, Reply

WAIT = "You reached the limit of requests in one minute, please wait."


def headers(reply: Reply) -> dict[str, str]:
    """Return the headers about the quota, without their prefix."""
    found = reply.headers.items()
    return {name.removeprefix("x-ratelimit-"): value for name, value in found if "ratelimit" in name}


@pytest.fixture
def metered() -> Client:
    """Return a client of a mock that enforces the document's quota, with its time held still."""
    client = Client(Settings(rules=Rules(quota=60)))
    client.world.clock.freeze(1000.0)
    return client


def test_the_61st_request_of_a_minute_is_refused(metered: Client) -> None:
    for remaining in range(59, -1, -1):
        reply = metered.get()
        assert (reply.status, headers(reply)) == (200, {"limit": "60", "remaining": str(remaining)})
    refused = metered.get()
    assert (refused.status, refused.title) == (429, WAIT)
    assert headers(refused) == {"limit": "60", "reset": "60"}
    assert "retry-after" not in refused.headers


@pytest.mark.parametrize(
    ("passed", "reset"), [(0.0, "60"), (0.5, "60"), (18.0, "42"), (59.0, "1"), (59.9, "1")]
)
def test_a_refusal_says_how_long_the_window_still_is(metered: Client, passed: float, reset: str) -> None:
    for _ in range(60):
        metered.get()
    metered.world.clock.advance(passed)
    assert headers(metered.get()) == {"limit": "60", "reset": reset}


def test_the_next_window_begins_anew(metered: Client) -> None:
    for _ in range(70):
        metered.get()
    metered.world.clock.advance(60)
    reply = metered.get()
    assert (reply.status, headers(reply)) == (200, {"limit": "60", "remaining": "59"})


def test_a_window_opens_with_its_first_request(metered: Client) -> None:
    metered.get()
    metered.world.clock.advance(59)
    assert headers(metered.get())["remaining"] == "58"
    metered.world.clock.advance(1)
    assert headers(metered.get())["remaining"] == "59"
    metered.world.clock.advance(59)
    assert headers(metered.get())["remaining"] == "58"


def test_time_that_runs_backwards_opens_a_window(metered: Client) -> None:
    for _ in range(61):
        metered.get()
    metered.world.clock.advance(-1)
    assert headers(metered.get()) == {"limit": "60", "remaining": "59"}


def test_a_window_in_the_future_is_not_open(metered: Client) -> None:
    metered.get()
    metered.world.clock.advance(-3600)
    quota, now = metered.world.quota, metered.world.clock.now()
    assert quota is not None
    assert (quota.used_at(now), quota.remaining_at(now), quota.reset_in(now)) == (0, 60, 0)


def test_every_request_with_a_good_key_counts(metered: Client) -> None:
    metered.get("/9")
    metered.create()
    metered.call("PUT", "/api/notification-handlers")
    metered.delete(1)
    assert headers(metered.get())["remaining"] == "55"


def test_what_no_key_or_route_came_with_counts_for_nobody(metered: Client) -> None:
    metered.get(HTTP_AUTHORIZATION=None)
    metered.other("real-key").get()
    metered.call("GET", "/api/nothing")
    assert headers(metered.get())["remaining"] == "59"


def test_each_key_has_a_quota_of_its_own(metered: Client) -> None:
    for _ in range(61):
        metered.get()
    assert headers(metered.other("mock-other").get())["remaining"] == "59"


def test_a_refused_request_changes_nothing(metered: Client) -> None:
    for _ in range(60):
        metered.get()
    for reply in (metered.delete(1), metered.update(1, name="M"), metered.create(name="N", type="email")):
        assert reply.status == 429
    metered.world.clock.advance(60)
    assert metered.get("?results_per_page=10").data[0]["name"] == "Work email"
    assert metered.ids() == [1]


def test_another_number_may_be_chosen() -> None:
    client = Client(Settings(rules=Rules(quota=1)))
    assert headers(client.get()) == {"limit": "1", "remaining": "0"}
    assert client.get().status == 429


def test_unmetered_nothing_is_counted(client: Client) -> None:
    for _ in range(65):
        reply = client.get()
    assert (reply.status, headers(reply)) == (200, {"limit": "60", "remaining": "60"})


def test_the_headers_stand_on_authenticated_replies_only(client: Client) -> None:
    authenticated = [
        client.get(), client.get("/1"), client.create(name="N", type="email"), client.update(1),
        client.delete(2),
        client.get("/9"), client.create(), client.call("PUT", "/api/notification-handlers"),
    ]  # fmt: skip
    assert [headers(reply) for reply in authenticated] == [{"limit": "60", "remaining": "60"}] * 8
    stranger = client.other("real-key")
    others = [
        client.get(HTTP_AUTHORIZATION=None), client.post("", [], HTTP_AUTHORIZATION="none"), stranger.get(),
        stranger.create(name="N", type="email"), stranger.delete(1), client.call("GET", "/api/nothing"),
    ]  # fmt: skip
    assert [headers(reply) for reply in others] == [{}] * 6
