"""Requests that violate two checks are refused by the earlier one, and every named refusal can be met."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest

from mock_server import Rules, Settings
from tests.semantics.client import BASE, Client, Reply, answering, assert_ours

# Which title says that a check was not passed, with answers under which no two checks share one.
TITLES = {
    "bearer": "The request is missing the Bearer Authentication header.",
    "key": "You do not have access to the API.",
    "quota": "You reached the limit of requests in one minute, please wait.",
    "method": "The method is not allowed.",
    "existence": "The resource you are looking for does not exist.",
    "form": "You must fill all the required fields.",
    "plan": "Your have exceeded the limits of your current plan.",
}
ANSWERS = ("other-methods=not-allowed", "update-empty-name=refused", "plan-limit=ten")
ORDERS = ("key-first", "method-first", "rate-after-existence")

# Only a create asks the plan, and a create names no handler that might not be there.
PAIRS = [pair for pair in combinations(TITLES, 2) if set(pair) != {"existence", "plan"}]


def violating(client: Client, checks: tuple[str, ...]) -> Reply:
    """Send one request that violates exactly these checks."""
    world, path = client.world, f"{BASE}/999" if "existence" in checks else BASE
    if "plan" in checks:
        for _ in range(10):
            client.create(name="N", type="slack")
    while "quota" in checks and world.quota is not None and world.quota.spend(world.clock.now()):
        pass
    word = "bearer" if "bearer" in checks else "Bearer"
    key = "real-key" if "key" in checks else client.key
    body = b"name=&type=slack" if "form" in checks else b"name=N&type=slack"
    return client.call(
        "PUT" if "method" in checks else "POST", path, body, "application/x-www-form-urlencoded",
        HTTP_AUTHORIZATION=f"{word} {key}",
    )  # fmt: skip


@pytest.fixture(scope="module", params=ORDERS)
def ordered(request: pytest.FixtureRequest) -> Client:
    return answering(*ANSWERS, f"checks-order={request.param}", rules=Rules(quota=50))


@pytest.mark.parametrize("check", TITLES)
def test_each_check_refuses(ordered: Client, check: str) -> None:
    assert violating(ordered.other(f"mock-{check}"), (check,)).title == TITLES[check]


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_of_two_violated_checks_the_earlier_one_answers(ordered: Client, pair: tuple[str, str]) -> None:
    order = ordered.mock.contract.service.checks
    reply = violating(ordered.other(f"mock-{'-'.join(pair)}"), pair)
    assert reply.title == TITLES[min(pair, key=order.index)]


def test_the_order_of_checks_is_the_ledger_s(client: Client) -> None:
    assert client.mock.contract.service.checks == tuple(TITLES)


def test_a_route_is_looked_for_before_everything(client: Client) -> None:
    reply = client.call("PUT", "/api/none", HTTP_AUTHORIZATION=None)
    assert (reply.status, reply.headers["content-type"]) == (404, "text/html")


def _metered(_: Client) -> Reply:
    client = Client(Settings(rules=Rules(quota=1)))
    client.get()
    return client.get()


def _wire(error: str) -> Callable[[Client], Reply]:
    """Return the environ that our server makes of what it cannot read as a request."""
    environ: dict[str, Any] = {"mock_server.wire_error": error}
    return lambda client: client.call("", "", **environ)


REFUSALS: dict[str, tuple[Callable[[Client], Reply], int, str]] = {
    "missing_bearer": (lambda client: client.get(HTTP_AUTHORIZATION=None), 401, TITLES["bearer"]),
    "no_access": (lambda client: client.other("real-key").get(), 401, TITLES["key"]),
    "rate_limited": (_metered, 429, TITLES["quota"]),
    "not_found": (lambda client: client.get("/999"), 404, TITLES["existence"]),
    "required_fields": (lambda client: client.create(), 401, TITLES["form"]),
    "plan_limit": (lambda client: client.create(name="N", type="pigeon"), 401, TITLES["plan"]),
    "too_large": (
        lambda client: client.create(name="n" * 9_000_000, type="x"), 413,
        "The body of the request is too large."
    ),
    "site_page": (lambda client: client.call("GET", "/api/none"), 404, ""),
    "malformed": (_wire("malformed"), 400, "The request could not be understood."),
    "timeout": (_wire("timeout"), 408, "The request did not arrive in time."),
    "head_too_large": (_wire("head-too-large"), 431, "The head of the request is too large."),
    "violation": (
        lambda _: answering(rules=Rules(strict=True)).get("?page=x"), 400,
        "Refused because the mock is strict: "
        "Invalid value page='x' is ignored. Send a whole number from 1.",
    ),
}  # fmt: skip


def test_every_named_refusal_is_in_the_table(client: Client) -> None:
    # A defect is the mock's own: test_defects meets it.
    assert {*REFUSALS, "defect"} == set(client.mock.contract.refusals)


@pytest.mark.parametrize("name", REFUSALS)
def test_every_named_refusal_can_be_met(client: Client, name: str) -> None:
    meet, status, title = REFUSALS[name]
    reply = meet(client)
    assert_ours(reply)
    assert reply.status == status
    if reply.headers["content-type"] == "text/html":
        assert name == "site_page"
        return
    (error,) = reply.json["errors"]
    assert error == {"title": title, "status": "401" if name == "missing_bearer" else status}
    assert list(reply.json) == ["errors"]


def test_a_body_cut_off_by_the_server_is_too_large(client: Client) -> None:
    assert _wire("body-too-large")(client).title == "The body of the request is too large."


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("invalid_type", "type-not-allowed=bad-request"),
        ("invalid_type", "type-not-allowed=unprocessable"),
        ("invalid_field", "unknown-field=refused"),
        ("invalid_parameter", "page-not-valid=refused"),
        ("method_not_allowed", "other-methods=not-allowed"),
    ],
)
def test_the_refusals_that_answers_bring_can_be_met(name: str, answer: str) -> None:
    client = answering(answer)
    client.create(name="N", type="pigeon", colour="red")
    client.get("?page=x")
    client.call("PUT", BASE)
    assert name in {exchange.refusal for exchange in client.world.journal.exchanges}
    assert name in client.mock.contract.refusals


@pytest.mark.parametrize(
    ("text", "status"), [("n" * 128 + "  ", 201), ("n" * 127 + "''", 401), ("n" * 129, 401)]
)
def test_the_length_that_is_refused_is_that_of_the_cleaned_text(text: str, status: int) -> None:
    assert answering("text-too-long=refused").create(name=text, type="slack").status == status
    assert answering("text-too-long=refused", "text-cleaning=kept").create(
        name=text, type="slack"
    ).status == (201 if len(text) <= 128 else 401)
