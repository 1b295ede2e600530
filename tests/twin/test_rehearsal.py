"""A rehearsal answers by today's document, and tells which calls another one would change."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from mock_server import Settings, create_app

LIST, KEY = "/api/notification-handlers/", {"Authorization": "Bearer mock-rehearsal"}


@pytest.fixture
def client() -> FlaskClient:
    return create_app(Settings(rehearse=("engine-family",))).test_client()


def test_the_answer_is_todays_and_the_journal_has_the_other(client: FlaskClient) -> None:
    client.post(LIST[:-1], data={"name": "A", "type": "email"}, headers=KEY)
    assert "user_id" not in client.get(f"{LIST}2", headers=KEY).get_json()["data"]
    noted = client.get("/_mock/journal", headers=KEY).get_json()["exchanges"][-1]
    assert '"user_id":1' in noted["rehearsed"]["body"]
    assert noted["rehearsed"]["places"] == ["/data/is_enabled", "/data/user_id"]


def test_the_report_counts_what_would_change(client: FlaskClient) -> None:
    for _ in range(2):
        client.get(f"{LIST}1", headers=KEY)
    client.get(f"{LIST}99", headers=KEY)
    report = client.get("/_mock/rehearsal").get_json()
    assert (report["overlay"], report["calls"]) == ("engine-family", 3)
    (change,) = report["changes"]
    assert (change["operation"], change["calls"], change["status"], change["then"]) == (
        "retrieve_notification_handler", 2, 200, 200,
    )  # fmt: skip


def test_a_reset_is_one_of_both(client: FlaskClient) -> None:
    client.delete(f"{LIST}1", headers=KEY)
    client.post("/_mock/reset", headers=KEY)
    client.get(f"{LIST}1", headers=KEY)
    statuses = {
        (each["status"], each["then"]) for each in client.get("/_mock/rehearsal").get_json()["changes"]
    }
    assert statuses == {(200, 200)}


def test_a_rehearsal_of_a_key_that_made_no_call_is_empty() -> None:
    client = create_app(Settings(rehearse=("engine-family",))).test_client()
    for key in ("", "mock-nobody"):
        answer = client.get("/_mock/rehearsal", query_string={"key": key})
        assert answer.status_code < 500
        assert not (answer.get_json() or {}).get("changes")


def test_without_a_rehearsal_nothing_is_told() -> None:
    client = create_app().test_client()
    client.get(LIST, headers=KEY)
    assert client.get("/_mock/rehearsal").get_json() == {"overlay": None, "calls": 0, "changes": []}
    assert "rehearsed" not in client.get("/_mock/journal", headers=KEY).get_json()["exchanges"][0]
