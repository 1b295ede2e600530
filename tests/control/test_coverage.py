"""Coverage: which behaviours of the document were exercised."""

from __future__ import annotations

from typing import Any

from mock_server import create_app
from tests.control.conftest import Steered


def seen(coverage: Any) -> set[tuple[str, str, str]]:
    return {
        (each["kind"], each["name"], each["operation"]) for each in coverage["behaviours"] if each["seen"]
    }


def test_nothing_is_seen_at_first(client: Steered) -> None:
    coverage = client.steer("GET", "/coverage")
    assert (coverage["seen"], coverage["percent"]) == (0, 0)
    assert coverage["total"] == len(coverage["behaviours"]) > 25


def test_a_happy_path_is_less_than_half_of_it(client: Steered) -> None:
    client.get()
    client.created(name="a", type="email")
    client.update(2, name="b")
    client.delete(2)
    coverage = client.steer("GET", "/coverage")
    assert seen(coverage) == {
        *(
            ("operation", f"{verb}_notification_handler{plural}", f"{verb}_notification_handler{plural}")
            for verb, plural in (
                ("list", "s"),
                ("create", ""),
                ("retrieve", ""),
                ("update", ""),
                ("delete", ""),
            )
        ),
        ("type", "email", "create_notification_handler"),
    }
    assert coverage["percent"] < 40


def test_each_behaviour_can_be_seen(client: Steered) -> None:
    types = [
        each["name"] for each in client.steer("GET", "/coverage")["behaviours"] if each["kind"] == "type"
    ]
    for kind in types * 2:
        client.create(name="a", type=kind)
    for query in ("", "?results_per_page=10&page=2", "?page=99"):
        client.get(query)
    client.get("/1")
    client.update(1, name="b")
    client.delete(1)
    client.steer("PUT", "/state", {"handlers": []})
    client.get()
    for environ in ({"HTTP_AUTHORIZATION": f"Bearer {client.key}"}, {"HTTP_AUTHORIZATION": None}):
        for call in (client.get, lambda **e: client.get("/9", **e), lambda **e: client.delete(9, **e)):
            call(**environ)
        client.post("/9", [("name", "a")], **environ)
        client.post("", [("type", "email")], **environ)
    client.post("", [("name", "a"), ("type", "fax")])
    client.steer("PATCH", "/quota", {"requests": 1, "used": 1})
    _ = client.get(), client.get("/9"), client.delete(9), client.post("/9", []), client.post("", [])
    coverage = client.steer("GET", "/coverage")
    assert [each for each in coverage["behaviours"] if not each["seen"]] == []
    assert coverage["percent"] == 100
    # Requests without a good key reach no world, so only the whole mock's coverage has their refusals.
    assert not {"missing_bearer", "no_access"} & {each["name"] for each in coverage["behaviours"]}


def test_the_refusal_of_a_key_is_listed_once_it_is_forced(client: Steered) -> None:
    before = client.steer("GET", "/coverage")["total"]
    client.steer("POST", "/faults", {"refusal": "no_access"})
    client.get()
    coverage = client.steer("GET", "/coverage")
    assert seen(coverage) == {("refusal", "no_access", "list_notification_handlers")}
    assert coverage["total"] == before + 1


def test_the_whole_mock_s_coverage_outlives_its_worlds() -> None:
    client = Steered(app=create_app())
    client.get("", HTTP_AUTHORIZATION="Bearer wrong")
    client.get("", HTTP_AUTHORIZATION=None)
    client.get("/1")
    client.steer("POST", "/reset")
    whole = client.control("GET", "/coverage", HTTP_AUTHORIZATION=None).json
    assert seen(whole) == {
        ("refusal", "no_access", "list_notification_handlers"),
        ("refusal", "missing_bearer", "list_notification_handlers"),
        ("operation", "retrieve_notification_handler", "retrieve_notification_handler"),
    }
    assert seen(client.steer("GET", "/coverage")) == set()


def test_both_spellings_of_the_list_are_one_behaviour(client: Steered) -> None:
    client.call("GET", "/api/notification-handlers")
    client.call("GET", "/api/notification-handlers/")
    (listed,) = [each for each in client.steer("GET", "/coverage")["behaviours"] if each["seen"]]
    assert listed["seen"] == 2


def test_limits_of_the_mock_s_own_are_no_behaviour(client: Steered) -> None:
    assert "too_large" not in {each["name"] for each in client.steer("GET", "/coverage")["behaviours"]}
