"""One request chooses its own answer by the header Prefer (RFC 7240)."""

from __future__ import annotations

import pytest

from mock_server import Rules, Settings
from tests.control.conftest import Steered


@pytest.mark.parametrize(
    ("prefer", "status", "applied"),
    [
        ("code=404", 404, "code=404"),
        ("code=429", 429, "code=429"),
        ('code="401"', 401, "code=401"),
        ("example=no_access", 401, "example=no_access"),
        ("Code=401, Example=no_access", 401, "code=401, example=no_access"),
        ("example=work_email", 200, "example=work_email"),
        ("code=200, example=work_email", 200, "code=200, example=work_email"),
        ("code=200", 200, "code=200"),
        ("respond-async, code=404", 404, "code=404"),
    ],
)
def test_what_is_documented_is_answered(client: Steered, prefer: str, status: int, applied: str) -> None:
    reply = client.get("/1", HTTP_PREFER=prefer)
    assert (reply.status, reply.headers["preference-applied"]) == (status, applied)
    assert client.get("/1").status == 200, "it arms nothing"


def test_an_example_is_the_document_s(client: Steered) -> None:
    client.steer("PUT", "/state", {"handlers": []})
    assert client.get("/77", HTTP_PREFER="example=work_email").data["name"] == "Work email"
    assert client.get("", HTTP_PREFER="example=page_of_one").json["meta"]["total"] == 1


@pytest.mark.parametrize("prefer", ["code=418", "example=colour", "code=404, example=no_access"])
def test_what_is_not_documented_changes_nothing_and_is_noted(client: Steered, prefer: str) -> None:
    reply = client.get("/1", HTTP_PREFER=prefer)
    assert reply.status == 200
    assert "preference-applied" not in reply.headers
    (exchange,) = client.journal("?violation=preference-unknown")
    assert "code=200, example=work_email, code=401" in exchange["violations"][0]["sentence"]


@pytest.mark.parametrize("prefer", ["", "return=minimal", "wait=10", "code", "=", "code=", "\x00"])
def test_other_preferences_are_none_of_ours(client: Steered, prefer: str) -> None:
    assert client.get("/1", HTTP_PREFER=prefer).status == 200
    assert client.journal("?violation=any") == []


def test_a_wrong_key_cannot_choose(client: Steered) -> None:
    assert client.get("/1", HTTP_PREFER="code=404", HTTP_AUTHORIZATION="Bearer wrong").status == 401


def test_overrides_can_be_forbidden() -> None:
    client = Steered(Settings(rules=Rules(overrides=False)))
    assert client.get("/1", HTTP_PREFER="code=404").status == 200
