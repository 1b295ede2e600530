"""Faults: any documented refusal, outages, the wire, latency, changed answers; how often and how likely."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from mock_server.contract import compile_contract
from mock_server.document import load
from tests.control.conftest import Steered
from tests.semantics.client import Reply

OPERATIONS = compile_contract(load()).operations


def arm(client: Steered, **order: Any) -> int:
    fault_id: int = client.steer("POST", "/faults", order)["id"]
    return fault_id


@pytest.mark.parametrize(
    ("operation", "refusal"),
    [
        (operation.id, name)
        for operation in OPERATIONS.values()
        if operation.id == operation.counted_as
        for name in operation.refusals
    ],
)
def test_each_documented_refusal_can_be_armed(client: Steered, operation: str, refusal: str) -> None:
    arm(client, operation=operation, refusal=refusal)
    expected = OPERATIONS[operation].refusals[refusal]
    calls: dict[str, Callable[[], Reply]] = {
        "list_notification_handlers": lambda: client.get(),
        "create_notification_handler": lambda: client.create(name="a", type="email"),
        "retrieve_notification_handler": lambda: client.get("/1"),
        "update_notification_handler": lambda: client.update(1, name="changed"),
        "delete_notification_handler": lambda: client.delete(1),
    }
    others = [call for name, call in calls.items() if name not in {operation, "delete_notification_handler"}]
    assert all(call().status < 300 for call in others)
    before = client.steer("GET", "/state")["handlers"]
    reply = calls[operation]()
    assert f"{reply.status}" == expected.status[:3]
    assert reply.body == expected.body
    assert client.steer("GET", "/state")["handlers"] == before, "a call that is refused changes nothing"
    assert calls[operation]().status < 300, "it strikes once"
    assert client.journal(f"?refusal={refusal}")[0]["fault"] == 1


@pytest.mark.parametrize("status", [500, 502, 503])
def test_an_outage_is_no_page_of_ours(client: Steered, status: int) -> None:
    arm(client, status=status)
    reply = client.get()
    assert reply.status == status
    assert reply.headers["content-type"] == "text/html"
    assert f"<title>{status}".encode() in reply.body
    (exchange,) = client.journal("?status=5xx")
    assert (exchange["refusal"], exchange["defect"]) == (f"outage-{status}", None)


def test_times_after_and_spent(client: Steered) -> None:
    arm(client, status=503, times=2, after=1)
    assert [client.get().status for _ in range(5)] == [200, 503, 503, 200, 200]
    (fault,) = client.steer("GET", "/faults")["faults"]
    assert (fault["hits"], fault["calls"]) == (2, 3)


def test_the_first_that_fits_strikes(client: Steered) -> None:
    arm(client, operation="delete_notification_handler", status=500)
    first = arm(client, status=502)
    arm(client, status=503)
    assert [client.get().status for _ in range(3)] == [502, 503, 200]
    assert client.control("DELETE", f"/faults?id={first}").status == 204
    assert client.control("DELETE", f"/faults?id={first}").status == 400
    assert client.control("DELETE", "/faults").status == 204
    assert client.steer("GET", "/faults") == {"faults": [], "scenarios": {}}


def test_chance_repeats_with_its_seed(client: Steered) -> None:
    def statuses(seed: int) -> list[int]:
        client.steer("DELETE", "/faults")
        arm(client, status=503, times=None, probability=0.3, seed=seed)
        return [client.get().status for _ in range(100)]

    assert statuses(1) == statuses(1) != statuses(2)
    assert 10 < statuses(3).count(503) < 50


def test_the_list_s_other_spelling_is_met_too(client: Steered) -> None:
    arm(client, operation="list_notification_handlers", status=503)
    assert client.call("GET", "/api/notification-handlers").status == 503


def test_a_refusal_strikes_only_operations_that_document_it(client: Steered) -> None:
    arm(client, refusal="not_found")
    assert client.get().status == 200  # the list, which always exists
    assert client.get("/1").status == 404
    (fault,) = client.steer("GET", "/faults")["faults"]
    assert (fault["hits"], fault["calls"]) == (1, 1)


@pytest.mark.parametrize(
    ("mutation", "expected"),
    [
        ({"pointer": "/data/name", "change": "missing"}, {"id": 1}),
        ({"pointer": "/data/name", "change": "null"}, {"id": 1, "name": None}),
        ({"pointer": "/data/name", "change": "value", "value": [1]}, {"id": 1, "name": [1]}),
        ({"pointer": "/data/name", "change": "renamed"}, {"id": 1, "x_bitpeak_mock": "Work email"}),
        (
            {"pointer": "/data", "change": "extra", "value": 5},
            {"id": 1, "name": "Work email", "x_bitpeak_mock": 5},
        ),
    ],
    ids=lambda value: value.get("change", ""),
)
def test_an_answer_is_changed(client: Steered, mutation: Any, expected: Any) -> None:
    arm(client, mutation=mutation)
    found = client.get("/1").data
    assert {key: found[key] for key in found if key in {"id", "name", "x_bitpeak_mock"}} == expected
    assert client.handler(1)["name"] == "Work email"


def test_every_item_of_a_list_is_changed(client: Steered) -> None:
    client.create(name="b", type="email")
    arm(client, mutation={"pointer": "/data/*/name", "change": "missing"})
    assert all("name" not in row for row in client.get().data)
    arm(client, mutation={"pointer": "/data/*", "change": "missing"})
    assert client.get().data == []


def test_a_change_that_misses_is_noted(client: Steered) -> None:
    arm(client, mutation={"pointer": "/data/colour", "change": "missing"})
    assert client.get("/1").data["name"] == "Work email"
    (exchange,) = client.journal("?violation=mutation-missed")
    assert "'/data/colour'" in exchange["violations"][0]["sentence"]


def test_a_change_that_misses_has_not_struck(client: Steered) -> None:
    arm(client, mutation={"pointer": "/data/*/name", "change": "null"}, scenario="names", next="over")
    client.get("/1")
    found = client.steer("GET", "/faults")
    assert (found["faults"][0]["calls"], found["faults"][0]["hits"]) == (1, 0)
    assert found["scenarios"] == {"names": "started"}
    assert client.journal()[0]["fault"] is None
    assert client.get().data[0]["name"] is None, "it is still armed"
    assert client.steer("GET", "/faults")["scenarios"] == {"names": "over"}
    assert client.get().data[0]["name"] == "Work email"


def test_headers_replace_those_of_any_response(client: Steered) -> None:
    arm(client, refusal="rate_limited", headers={"Retry-After": "30", "x-ratelimit-reset": "30"})
    refused = client.get("/1")
    assert (refused.status, refused.headers["retry-after"], refused.headers["x-ratelimit-reset"]) == (
        429,
        "30",
        "30",
    )
    assert refused.headers["x-bitpeak-mock-beyond"] == "headers"
    arm(client, headers={"Content-Type": "text/plain"})
    served = client.get("/1")
    assert (served.status, served.headers["content-type"]) == (200, "text/plain")
    assert served.json["data"]["id"] == 1
    assert "x-bitpeak-mock-beyond" not in client.get("/1").headers
    assert [each["beyond"] for each in client.journal()] == [["headers"], ["headers"], []]


@pytest.mark.parametrize(
    ("body", "said", "kind"),
    [
        ("short and stout", b"short and stout", "text/plain; charset=utf-8"),
        (
            {"message": "Tee, bitte 1.0", "n": 1.0},
            b'{"message":"Tee, bitte 1.0","n":1.0}',
            "application/json",
        ),
        ([], b"[]", "application/json"),
    ],
)
def test_a_body_of_one_s_own_is_marked(client: Steered, body: Any, said: bytes, kind: str) -> None:
    arm(client, status=418, body=body)
    reply = client.create(name="a", type="email")
    assert (reply.status, reply.body, reply.headers["content-type"]) == (418, said, kind)
    assert reply.headers["content-length"] == str(len(said))
    assert reply.headers["x-bitpeak-mock-beyond"] == "status, body"
    (exchange,) = client.journal("?refusal=outage-418")
    assert (exchange["beyond"], exchange["answer"]["body"]) == (["status", "body"], said.decode())
    assert len(client.steer("GET", "/state")["handlers"]) == 1, "an outage serves nothing"
    arm(client, body=body)
    assert (client.get("/1").status, client.get("/1").status) == (200, 200)


@pytest.mark.parametrize(
    ("status", "phrase"), [(418, "I'm a Teapot"), (429, "Too Many Requests"), (599, "Unknown")]
)
def test_an_outage_has_any_status_of_an_error(client: Steered, status: int, phrase: str) -> None:
    arm(client, status=status)
    reply = client.get()
    assert reply.status == status
    assert f"<h1>{status} {phrase}</h1>".encode() in reply.body


def test_a_scenario_is_a_sequence_by_state(client: Steered) -> None:
    listing = "list_notification_handlers"
    arm(client, operation=listing, status=503, scenario="outage", next="recovering")
    arm(client, operation=listing, refusal="rate_limited", scenario="outage", state="recovering", times=2)
    arm(
        client,
        operation="create_notification_handler",
        scenario="outage",
        state="recovering",
        next="over",
        times=None,
    )
    assert [client.get().status for _ in range(2)] == [503, 429]
    assert client.create(name="a", type="email").status == 201, "it only moves the scenario on"
    assert client.steer("GET", "/faults")["scenarios"] == {"outage": "over"}
    assert client.get().status == 200
    client.steer("PUT", "/state", {"scenarios": {"outage": "recovering"}})
    snapshot = client.steer("GET", "/state")
    assert client.get().status == 429
    client.steer("PUT", "/state", snapshot)
    assert client.get().status == 429
    client.steer("DELETE", "/faults")
    assert client.steer("GET", "/state")["scenarios"] == {}


def test_a_connection_that_breaks_does_so_until_it_is_healed(client: Steered) -> None:
    broken = client.steer("POST", "/faults", {"wire": "drop"})
    assert (broken["times"], broken["remark"]) == (None, None)
    once = client.steer("POST", "/faults", {"wire": "reset", "times": 1})
    assert once["times"] == 1
    assert "silently repeat such a request once" in once["remark"]
    assert client.steer("POST", "/faults", {"wire": "truncate"})["times"] == 1
    before = client.steer("GET", "/state")
    assert client.steer("PUT", "/state", before)["faults"] == before["faults"]


def test_a_latency_moves_a_frozen_clock(client: Steered) -> None:
    client.steer("PATCH", "/clock", {"now": "2026-01-01T00:00:00Z", "frozen": True})
    arm(client, latency="90s")
    began = time.monotonic()
    client.get()
    assert time.monotonic() - began < 60
    assert client.steer("GET", "/clock")["now"] == "2026-01-01T00:01:30.000Z"


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ({}, "The body has no fields. Send any of operation, refusal"),
        (
            {"refusal": "not_found", "status": 500},
            "A fault cannot have both a refusal and a status. Remove one.",
        ),
        ({"times": 3}, "The fault does nothing. Add refusal, status, wire, latency"),
        (
            {"refusal": "not_found", "operation": "create_notification_handler"},
            "Unknown refusal of create_notification_handler",
        ),
        ({"status": 503, "hits": 3}, "The mock counts 'hits' itself. Remove it; `times` is how often"),
        ({"status": 500, "operation": "explode"}, "Unknown operation 'explode'. Choose from list_"),
        ({"wire": "melt"}, "Invalid wire 'melt': use drop, reset, empty, truncate, slow or null."),
        (
            {"latency": "soon"},
            "Invalid latency 'soon': use a time such as 200ms, 1.5s or 0, or a range of two",
        ),
        ({"status": 500, "times": 0}, "Invalid times 0: use 1–1000000000."),
        ({"status": 500, "times": "3"}, "Invalid times '3': use a whole number or null."),
        ({"status": 500, "tims": 3}, "Unknown field 'tims' (did you mean 'times'?). Choose from operation, "),
        ({"status": 500, "probability": 2}, "Invalid probability 2: use more than 0 and at most 1."),
        (
            {"mutation": {"pointer": "data", "change": "null"}},
            "Invalid mutation/pointer 'data': use a JSON pointer (RFC 6901) into the response, such as /data/id.",
        ),
        ({"status": 399}, "Invalid status 399: use 400–599."),
        ({"headers": {}}, "headers has no fields. Add one, or leave it out."),
        ({"headers": {"Content-Length": "3"}}, "use the name of a header that does not frame the message"),
        ({"headers": {"X-A": "a\r\nb: c"}}, "use the text of a header, without line breaks or outer blanks."),
        ({"headers": {"X-A": 3}}, "Invalid headers/X-A 3: use the text of a header, without line breaks"),
        ({"status": 500, "next": "over"}, "A fault with `next` needs the name of a scenario. Add scenario."),
        ({"mutation": {"pointer": "/data"}}, "mutation needs the field 'change'. Add it."),
        (
            {"mutation": {"pointer": "/", "change": "nul"}},
            "change 'nul' (did you mean 'null'?): use missing, null, value",
        ),
    ],
    ids=str,
)
def test_an_order_that_cannot_be_used(client: Steered, order: Any, says: str) -> None:
    reply = client.control("POST", "/faults", order)
    assert reply.status == 400
    assert says in reply.title
    assert client.steer("GET", "/faults") == {"faults": [], "scenarios": {}}


def test_spent_faults_make_room_for_new_ones(client: Steered) -> None:
    arm(client, status=503)
    client.get()
    client.steer(
        "PUT", "/state", {"faults": [*client.steer("GET", "/faults")["faults"], *[{"status": 500}] * 999]}
    )
    arm(client, status=502)
    reply = client.control("POST", "/faults", {"status": 502})
    assert reply.status == 400
    assert "disarm some" in reply.title
