"""How many requests and how fast; the service's own limit is waited out where no suite sees it."""

from __future__ import annotations

import email.utils
import itertools
import threading

import pytest

from mock_server import Rules
from tests.guard.account import Mocks, Target
from tests.guard.conftest import MakeGuard, through
from tests.guard.scripted import Asked, Said, Scripted, said


class Time:
    """A clock that only sleeping moves; a mock's world moves with it."""

    def __init__(self, target: Target | None = None) -> None:
        self.now = 1_700_000_000.0
        self.slept: list[float] = []
        self.world = target.world if target else None
        if self.world:
            self.world.clock.freeze(self.now)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        if self.world:
            self.world.clock.advance(seconds)


def statuses(target: Target) -> list[int]:
    return [exchange.status for exchange in target.world.journal.exchanges]


def test_a_quota_is_never_overrun_by_us(mocks: Mocks, make_guard: MakeGuard) -> None:
    target = mocks.target(rules=Rules(quota=5))
    time = Time(target)
    guard = make_guard(target, clock=time.clock, sleep=time.sleep)
    client = through(guard)
    for _ in range(12):
        assert client.get("").status == 200
    assert 429 not in statuses(target)
    assert sum(time.slept) == guard.stats().waited == 120


def test_a_quota_that_somebody_else_uses_up_is_waited_out(mocks: Mocks, make_guard: MakeGuard) -> None:
    target = mocks.target(rules=Rules(quota=5))
    time = Time(target)
    guard = make_guard(target, clock=time.clock, sleep=time.sleep)
    client = through(guard)
    row = client.created("Once")
    user = target.user()
    for _ in range(6):
        user.get("")
    assert client.update(row, name="Twice").status == 200
    assert client.get(f"/{row}").data["name"] == "Twice"
    assert 0 < sum(time.slept) <= 60
    assert guard.stats().retried == 1


def test_a_refused_create_is_sent_again_and_makes_one_row(mocks: Mocks, make_guard: MakeGuard) -> None:
    target = mocks.target(rules=Rules(quota=1))
    time = Time(target)
    client = through(make_guard(target, clock=time.clock, sleep=time.sleep))
    target.user().get("")
    before = len(target.rows)
    assert client.create().status == 201
    assert len(target.rows) == before + 1


def test_a_429_is_shown_to_whoever_asks_for_it(mocks: Mocks, make_guard: MakeGuard) -> None:
    target = mocks.target(rules=Rules(quota=3))
    time = Time(target)
    client = through(make_guard(target, clock=time.clock, sleep=time.sleep))
    asked = {"X-Guard-Pass-429": "1"}
    seen = [client.get("", headers=asked).status for _ in range(5)]
    assert seen == [200, 200, 200, 429, 429]
    assert time.slept == []


def test_the_rate_holds_in_every_minute(target: Target, make_guard: MakeGuard) -> None:
    time = Time()
    client = through(make_guard(target, rate=10, clock=time.clock, sleep=time.sleep))
    moments = []
    for _ in range(35):
        time.now += 0.5
        client.get("/0")
        moments.append(time.now)
    assert all(late - early >= 60 for early, late in zip(moments, moments[10:], strict=False))
    assert time.now - moments[0] < 200


def test_a_loopback_target_is_not_slowed(target: Target, make_guard: MakeGuard) -> None:
    time = Time()
    client = through(make_guard(target, clock=time.clock, sleep=time.sleep))
    assert {client.get("/0").status for _ in range(200)} == {404}
    assert time.slept == []


def test_requests_are_capped_and_the_clean_up_is_not(target: Target, make_guard: MakeGuard) -> None:
    guard = make_guard(target, max_requests=3)
    client = through(guard)
    before = target.rows
    row = client.created()
    client.get("")
    client.get("")
    assert client.get("").refused == client.create().refused == client.delete(row).refused == "budget"
    assert len(target.journal) == 3
    assert guard.clean_up().deleted == [row]
    assert target.rows == before


def later(seconds: int, time: Time) -> str:
    return email.utils.formatdate(time.now + seconds, usegmt=True)


@pytest.mark.parametrize("spelling", ["seconds", "date", "zero", "garbage"])
def test_retry_after_is_read_in_every_form(spelling: str, make_guard: MakeGuard) -> None:
    time = Time()
    text = {"seconds": "17", "date": later(17, time), "zero": "0", "garbage": "soon"}[spelling]
    turns = itertools.chain([said({}, 429, **{"Retry-After": text})], itertools.repeat(said({"data": []})))
    with Scripted(lambda _: next(turns)) as target:
        assert through(make_guard(target.url, clock=time.clock, sleep=time.sleep)).get("").status == 200
    assert sum(time.slept) == {"seconds": 17, "date": 17, "zero": 1, "garbage": 60}[spelling]


@pytest.mark.parametrize(("wait", "slept"), [("86400", 0), ("1", 6)])
def test_patience_has_an_end(wait: str, slept: int, make_guard: MakeGuard) -> None:
    time = Time()
    with Scripted(lambda _: said({}, 429, **{"Retry-After": wait})) as target:
        client = through(make_guard(target.url, clock=time.clock, sleep=time.sleep, allow_writes=False))
        assert client.get("").status == 429
    assert sum(time.slept) == slept


def test_only_reads_are_repeated_when_the_connection_fails(make_guard: MakeGuard) -> None:
    def script(asked: Asked) -> Said | None:
        fails = asked.method != "GET" or len(target.asked) % 3
        return None if fails else said({"data": [], "meta": {"total": 0}})

    with Scripted(script) as target:
        client = through(make_guard(target.url))
        assert client.get("").status == 200
        assert len(target.asked) == 3
        reply = client.create()
        assert (reply.status, reply.headers["x-guard-failed"]) == (502, "no-answer")
        assert [asked.method for asked in target.asked].count("POST") == 1


def test_a_target_that_hangs_is_asked_once(make_guard: MakeGuard) -> None:
    released = threading.Event()
    with Scripted(lambda _: said({}) if released.wait() else None) as target:
        reply = through(make_guard(target.url, timeout=0.1, allow_writes=False)).get("")
        released.set()
    assert reply.headers["x-guard-failed"] == "timeout"
    assert "within 0.1 s" in reply.body.decode()
    assert len(target.asked) == 1


def test_what_takes_long_is_told(target: Target, make_guard: MakeGuard) -> None:
    time, told = Time(), list[str]()
    guard = make_guard(target, rate=2, clock=time.clock, sleep=time.sleep, tell=told.append)
    through(guard).created()
    told.clear()
    assert guard.clean_up().complete
    assert told[:2] == ["cleaning up: row 1 of 1", "waiting 60 s: the rate is 2 requests a minute"]
    assert "cleaning up: searching the list for what is left" in told


def test_a_wait_that_the_service_asks_for_is_told_as_such(make_guard: MakeGuard) -> None:
    time, told = Time(), list[str]()
    turns = itertools.chain([said({}, 429, **{"Retry-After": "17"})], itertools.repeat(said({"data": []})))
    with Scripted(lambda _: next(turns)) as target:
        through(make_guard(target.url, clock=time.clock, sleep=time.sleep, tell=told.append)).get("")
    assert told == ["waiting 17 s: the service asks for it"]
