"""Clock and quota: an hour passes and nobody sleeps."""

from __future__ import annotations

import pytest

from mock_server import Settings, create_app
from tests.control.conftest import Steered


def test_times_on_the_wire_follow_the_clock(client: Steered) -> None:
    client.steer("PATCH", "/clock", {"now": "2030-05-06 07:08:09", "frozen": True})
    assert client.created(name="a", type="email")["datetime"] == "2030-05-06 07:08:09"
    assert client.steer("PATCH", "/clock", {"advance": "1h"})["now"] == "2030-05-06T08:08:09.000Z"
    client.update(2, name="b")
    assert client.handler(2)["last_datetime"] == "2030-05-06 08:08:09"
    client.steer("PATCH", "/clock", {"frozen": False})
    assert client.steer("GET", "/clock")["now"] >= "2030-05-06T08:08:09.000Z"
    assert client.steer("GET", "/clock")["frozen"] is False


def test_an_offset_counts(client: Steered) -> None:
    assert client.steer("PATCH", "/clock", {"now": "2030-01-01T00:00:00+02:00", "frozen": True})["now"] == (
        "2029-12-31T22:00:00.000Z"
    )


@pytest.mark.parametrize(
    "text", ["2030-01-01T00:00:00.5Z", "2030-01-01t00:00:00.500000000z", "2030-01-01 00:00:00.5000009999999"]
)
def test_a_time_has_any_fraction(client: Steered, text: str) -> None:
    assert client.steer("PATCH", "/clock", {"now": text, "frozen": True})["now"] == "2030-01-01T00:00:00.500Z"


@pytest.mark.parametrize("change", [{"advance": "99999999d"}, {"now": "0001-01-01T00:00:00+02:00"}])
def test_the_clock_stays_in_years_of_four_digits(client: Steered, change: dict[str, str]) -> None:
    before = client.steer("GET", "/clock")["now"]
    reply = client.control("PATCH", "/clock", change)
    assert reply.status == 400
    assert "the years 1 to 9999" in reply.title
    assert client.steer("GET", "/clock")["now"][:10] == before[:10]


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize("date", ["0001-01-01", "0002-03-04", "0999-12-31", "9999-12-31"])
def test_a_world_works_in_any_of_them(client: Steered, date: str, frozen: bool) -> None:
    said = client.steer("PATCH", "/clock", {"now": f"{date}T12:30:00Z", "frozen": frozen})
    assert said["now"].startswith(f"{date}T12:30:00.")
    created = client.created(name="a", type="email")["datetime"]
    assert len(created) == len("2025-12-05 15:32:34")
    assert created.startswith(date[:4])
    assert client.steer("PUT", "/state", client.steer("GET", "/state"))["clock"]["now"][:4] == date[:4]


def test_time_stands_still_at_the_end_of_the_year_9999(client: Steered) -> None:
    client.steer("PATCH", "/clock", {"now": "9999-12-31T23:59:59Z"})
    client.steer("POST", "/faults", {"latency": "1h", "virtual": True})
    assert client.created(name="a", type="email")["datetime"] == "9999-12-31 23:59:59"
    assert client.created(name="b", type="email")["datetime"] == "9999-12-31 23:59:59"
    assert client.steer("PATCH", "/clock", {"now": "2030-01-01T00:00:00Z"})["now"].startswith("2030-01-01")


def test_an_hour_of_a_rate_limit(client: Steered) -> None:
    client.steer("PATCH", "/clock", {"now": "2026-01-01T00:00:00Z", "frozen": True})
    client.steer("PATCH", "/quota", {"requests": 60})
    for _ in range(60):
        assert [client.get("/1").status for _ in range(60)] == [200] * 60
        refused = client.get("/1")
        assert (refused.status, refused.headers["x-ratelimit-reset"]) == (429, "60")
        client.steer("PATCH", "/clock", {"advance": "61s"})
    assert client.steer("GET", "/quota")["remaining"] == 60


def test_a_quota_is_used_up_and_lifted(client: Steered) -> None:
    assert client.steer("GET", "/quota")["enforced"] is False
    assert client.steer("PATCH", "/quota", {"requests": 3, "used": 2})["remaining"] == 1
    assert [client.get("/1").status for _ in range(2)] == [200, 429]
    assert client.steer("PATCH", "/quota", {"enforced": False})["enforced"] is False
    assert client.get("/1").status == 200
    client.steer("PATCH", "/quota", {"seconds": 5, "used": 0, "requests": 1})
    assert [client.get("/1").status for _ in range(2)] == [200, 429]
    assert client.steer("GET", "/quota")["reset"] <= 5


def test_of_a_quota_that_is_not_enforced_all_is_left(client: Steered) -> None:
    said = client.steer("PATCH", "/quota", {"enforced": False, "used": 60})
    assert (said["used"], said["remaining"], said["reset"]) == (0, 60, 0)
    client.steer("PATCH", "/quota", {"requests": 3, "used": 3})
    said = client.steer("PATCH", "/quota", {"enforced": False})
    assert (said["used"], said["remaining"]) == (0, 3)
    assert client.get("/1").headers["x-ratelimit-remaining"] == "3"
    client.steer("PATCH", "/quota", {"enforced": True})
    assert client.get("/1").headers["x-ratelimit-remaining"] == "2", "it begins anew"


def test_control_requests_cost_no_quota(client: Steered) -> None:
    client.steer("PATCH", "/quota", {"requests": 1})
    for _ in range(3):
        client.steer("GET", "/state")
    assert client.get("/1").status == 200


def test_a_document_without_a_quota_says_so() -> None:
    client = Steered(app=create_app(Settings(answers=("rate-limit=none",))))
    for method, body in (("GET", None), ("PATCH", {"requests": 1})):
        reply = client.control(method, "/quota", body)
        assert reply.status == 400
        assert "Change the answer to the question rate-limit" in reply.title
    assert client.steer("GET", "/state")["quota"] is None


def test_a_latency_of_the_world(client: Steered) -> None:
    assert client.steer("PATCH", "/rules", {"latency": "100ms..300ms"})["latency"] == "100ms..300ms"
    client.steer("PATCH", "/clock", {"now": "2026-01-01T00:00:00Z", "frozen": True})
    client.get("/1")
    assert "2026-01-01T00:00:00.100Z" <= client.steer("GET", "/clock")["now"] <= "2026-01-01T00:00:00.300Z"
