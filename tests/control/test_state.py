"""A world is seeded, shown, restored and begun anew."""

from __future__ import annotations

from typing import Any

import pytest

from tests.control.conftest import Steered

SLACK: dict[str, Any] = {"type": "slack", "name": "Team", "settings": {"slack": "https://example.com/hook"}}


def test_a_seed_may_leave_out_what_the_service_assigns(client: Steered) -> None:
    state = client.steer("PUT", "/state", {"handlers": [SLACK, {"type": "x", "name": "News"}]})
    assert [row["id"] for row in state["handlers"]] == [1, 2]
    assert state["next_id"] == 3
    assert client.handler(1)["settings"] == SLACK["settings"]
    assert client.handler(2)["is_enabled"] is True
    assert client.created(name="a", type="email")["id"] == 3


def test_a_part_that_is_not_sent_stays(client: Steered) -> None:
    client.steer("PATCH", "/clock", {"now": "2026-01-01T00:00:00Z", "frozen": True})
    client.steer("POST", "/faults", {"status": 503})
    state = client.steer("PUT", "/state", {"handlers": []})
    assert state["clock"] == {"now": "2026-01-01T00:00:00.000Z", "frozen": True}
    assert len(state["faults"]) == 1
    client.steer("DELETE", "/faults")
    assert client.get().json["meta"]["total"] == 0


def test_a_snapshot_restores_everything(client: Steered) -> None:
    client.steer("PUT", "/state", {"handlers": [SLACK]})
    client.steer("PATCH", "/questions", {"create-status": "ok"})
    client.steer("PATCH", "/clock", {"now": "2026-01-01T00:00:00Z", "frozen": True})
    client.steer("PATCH", "/quota", {"requests": 5, "used": 2})
    client.steer("PATCH", "/rules", {"strict": True, "latency": "10ms..20ms"})
    client.steer("POST", "/faults", {"status": 502, "times": 3, "operation": "delete_notification_handler"})
    client.delete(1)
    before = client.steer("GET", "/state")
    client.steer("POST", "/reset")
    assert client.steer("GET", "/state") != before
    assert client.steer("PUT", "/state", before) == before
    assert client.steer("GET", "/state") == before
    assert client.delete(1).status == 502
    assert client.steer("GET", "/state")["faults"][0]["hits"] == 2


@pytest.mark.parametrize("mask", ["masked", "shown"])
def test_a_snapshot_keeps_the_secrets_that_responses_mask(client: Steered, mask: str) -> None:
    client.steer("PUT", "/state", {"handlers": [SLACK], "clock": {"frozen": True}})
    client.steer("PATCH", "/questions", {"secrets-in-replies": mask})
    snapshot = client.steer("GET", "/state")
    client.steer("POST", "/reset")
    assert client.steer("PUT", "/state", snapshot) == snapshot
    shown = client.handler(1)["settings"]["slack"]
    assert shown == (SLACK["settings"]["slack"] if mask == "shown" else "********")
    client.steer("PATCH", "/questions", {"secrets-in-replies": "shown"})
    assert client.handler(1)["settings"] == SLACK["settings"]


def test_a_fault_that_is_restored_goes_on_with_its_chances(client: Steered) -> None:
    client.steer("POST", "/faults", {"status": 503, "times": None, "probability": 0.5, "seed": 4})
    [client.get() for _ in range(7)]
    snapshot = client.steer("GET", "/state")
    following = [client.get().status for _ in range(20)]
    assert set(following) == {200, 503}
    client.steer("PUT", "/state", {"faults": snapshot["faults"]})
    assert [client.get().status for _ in range(20)] == following


def test_a_reset_leaves_a_new_world(client: Steered) -> None:
    fresh = client.steer("GET", "/state")
    client.created(name="a", type="email")
    client.steer("PATCH", "/questions", {"create-status": "ok"})
    client.steer("POST", "/faults", {"status": 503, "times": None})
    state = client.steer("POST", "/reset")
    assert {**state, "clock": None} == {**fresh, "clock": None}
    assert client.journal() == []
    assert client.create(name="a", type="email").status == 201


def test_ids_of_a_seed_count(client: Steered) -> None:
    client.steer("PUT", "/state", {"handlers": [{**SLACK, "id": 40}, {**SLACK, "id": 7}], "next_id": 100})
    assert client.ids() == [40, 7]
    assert client.created(name="a", type="email")["id"] == 100


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"handlers": [SLACK, {"type": "fax", "name": "a"}]},
            "handlers:2: Unknown type 'fax'. Choose from email",
        ),
        ({"handlers": [{"type": "slack"}]}, "handlers:1: A row of handlers needs 'name', a text."),
        (
            {"handlers": [{**SLACK, "colour": 1}]},
            "handlers:1: Unknown key 'colour'. Choose from id",
        ),
        ({"handlers": [{**SLACK, "id": 3}, {**SLACK, "id": 3}]}, "The id 3 is used twice"),
        ({"handlers": [{**SLACK, "id": 2**53}]}, "Invalid id 9007199254740992: use 1–9007199254740991."),
        ({"handlers": [{**SLACK, "id": 1e300}]}, "Invalid id 1e+300: use 1–9007199254740991."),
        ({"handlers": [{**SLACK, "id": 1.5}]}, "id"),
        ({"handlers": [{**SLACK, "settings": {"email": "a"}}]}, "settings"),
        (
            {"handlers": [{**SLACK, "datetime": "yesterday"}]},
            "handlers:1: The row violates the document: datetime is 'yesterday', which should look like '20",
        ),
        ({"handlers": [3]}, "Invalid handlers/0 3: use an object."),
        (
            {"handlers": [{**SLACK, "id": 9}], "next_id": 9},
            "next_id: The highest id is 9",
        ),
        ({"answers": {"create-status": "maybe"}}, "answers: create-status: Unknown answer 'maybe'"),
        ({"answers": {"colour": "red"}}, "answers: Unknown question 'colour'"),
        ({"faults": [{"refusal": "tired"}]}, "Unknown refusal 'tired'. Choose from"),
        ({"clock": {"now": "2026-02-30T00:00:00Z"}}, "Invalid time '2026-02-30T00:00:00Z'"),
        ({"rules": {"latency": "2s..1s"}}, "latency: Invalid range '2s..1s'"),
        ({"handlerz": []}, "Unknown part 'handlerz' (did you mean 'handlers'?). Choose from answers, "),
        ({"clok": {"frozen": True}}, "Unknown field 'clok' (did you mean 'clock'?). Choose from handlers, "),
        ({"strict": True}, "rules. Any other name needs a list."),
        ({"scenarios": {"a": ""}}, "Invalid scenarios/a '': use a text that is not empty."),
        ({"scenarios": {"a": 3}}, "Invalid scenarios/a 3: use a text."),
    ],
    ids=str,
)
def test_what_cannot_be_used_changes_nothing(client: Steered, change: Any, says: str) -> None:
    client.steer("PATCH", "/clock", {"frozen": True})
    before = client.steer("GET", "/state")
    ahead = {"clock": {"advance": "1h"}, "quota": {"requests": 3}, **change}
    reply = client.control("PUT", "/state", ahead)
    assert reply.status == 400
    assert says in reply.title
    assert client.steer("GET", "/state") == before


def test_a_whole_number_with_a_fraction_of_nought_is_an_integer(client: Steered) -> None:
    client.steer(
        "PUT", "/state", {"handlers": [{**SLACK, "id": 1.0}], "next_id": 5.0, "quota": {"requests": 7.0}}
    )
    assert b'"id":1,' in client.get().body
    assert b'"id":5' in client.create(name="a", type="email").body
    assert client.get().headers["x-ratelimit-limit"] == "7"
    client.steer("POST", "/faults", {"status": 503.0, "times": 1.0})
    assert client.get().status == 503
    client.steer("PATCH", "/quota", {"used": 7.0})
    assert client.control("GET", "/quota").body.count(b".0") == 0


def test_a_mutation_puts_in_the_number_that_was_sent(client: Steered) -> None:
    client.steer("POST", "/faults", {"mutation": {"pointer": "/data/id", "change": "value", "value": 1.0}})
    assert b'"id":1.0,' in client.get("/1").body


def test_a_world_shows_itself_after_the_highest_id(client: Steered) -> None:
    client.steer("PUT", "/state", {"next_id": 2**53 - 1})
    assert client.created(name="a", type="email")["id"] == 2**53 - 1
    state = client.steer("GET", "/state")
    assert (state["handlers"][-1]["id"], state["next_id"]) == (2**53 - 1, 2**53)


def test_a_snapshot_can_be_put_back_when_all_ids_are_used(client: Steered) -> None:
    client.steer("PUT", "/state", {"handlers": [{**SLACK, "id": 2**53 - 1}]})
    reply = client.create(name="a", type="email")
    assert (reply.status, reply.title[:30]) == (507, "The world of this key is full.")
    state = client.steer("GET", "/state")
    assert client.steer("PUT", "/state", state)["handlers"] == state["handlers"]


def test_an_empty_list_is_an_empty_object_as_php_writes_it(client: Steered) -> None:
    row = {"type": "x", "name": "News", "settings": []}
    state = client.steer("PUT", "/state", {"handlers": [row], "answers": [], "rules": {"strict": False}})
    assert (state["answers"], state["handlers"][0]["name"]) == ({}, "News")
    assert client.control("PUT", "/state", []).status == 200
    assert client.control("PUT", "/state", {"handlers": [[]]}).title.endswith("needs 'type', a text.")


def test_worlds_are_listed_without_their_keys(client: Steered) -> None:
    client.get()
    client.steer("PUT", "/state", {"handlers": [SLACK] * 3, "rules": {"strict": True}})
    client.steer("POST", "/faults", {"status": 503, "times": 2})
    client.get()
    other = client.other("mock-somebody-else")
    other.get()
    before = len(client.mock.worlds)
    newest, found = client.steer("GET", "/worlds")["worlds"][:2]
    assert (newest["key"], newest["faults"], newest["strict"]) == ("mock-s…18", 0, False)
    assert found.pop("idle") < 60
    assert found == {
        "key": f"mock-c…{len(client.key)}", "items": {"handlers": 3}, "exchanges": 2, "faults": 1, "strict": True,
    }  # fmt: skip
    assert len(client.mock.worlds) == before
