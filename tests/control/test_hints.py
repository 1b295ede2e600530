"""Near misses: what a client that was refused probably meant is in the journal."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from mock_server import create_app
from tests.control.conftest import Steered
from tests.semantics.client import BASE, multipart

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("PUT", f"{BASE}/1", b"name=b", f"An update is a POST here. Send POST {BASE}/1."),
        ("PATCH", f"{BASE}/1", b"name=b", f"An update is a POST here. Send POST {BASE}/1."),
        ("DELETE", BASE, b"", "This path has no DELETE. Choose from GET (list), POST (create)."),
        ("GET", "/notification-handlers/1", b"", f"The base path is missing. Send GET {BASE}/1."),
        ("GET", "/api/notification-handler", b"", f"(did you mean {BASE!r}?). Choose from "),
        ("POST", BASE, b"type=slack", "The field 'name' is missing or empty. Send it."),
        ("POST", BASE, b"name=a", "The field 'type' is missing or empty. Send it as one of email, "),
        (
            "POST",
            BASE,
            b"name=a&type=Slack",
            "Invalid type 'Slack' (did you mean 'slack'?). Send it as one of email, ",
        ),
        ("POST", BASE, b"name=a&type=slak", "Invalid type 'slak' (did you mean 'slack'?)."),
    ],
)
def test_a_refused_request_has_a_hint(
    client: Steered, method: str, path: str, body: bytes, says: str
) -> None:
    assert client.call(method, path, body, FORM).status >= 400
    assert says in client.journal()[0]["hint"]


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (
            "bearer mock-anna",
            "The case of the word 'bearer' counts, as the answer to the question bearer-case says.",
        ),
        ("BEARER mock-anna", "The case of the word 'BEARER' counts, as"),
        (
            "Basic mock-anna",
            "Send the header 'Authorization: Bearer mock-key': the word Bearer, one space and a key.",
        ),
    ],
)
def test_another_spelling_of_bearer_has_a_hint(client: Steered, sent: str, says: str) -> None:
    before = client.steer("GET", "/journal?lobby=true")["next"]
    assert client.call("GET", BASE, HTTP_AUTHORIZATION=sent).status == 401
    (found,) = client.journal(f"?lobby=true&since={before}")
    assert found["hint"].startswith(says)


def test_a_compressed_body_is_named(client: Steered) -> None:
    body, kind = multipart([("name", "a"), ("type", "email")])
    assert client.call("POST", BASE, gzip.compress(body), kind, HTTP_CONTENT_ENCODING="gzip").status == 401
    assert client.journal()[0]["hint"].startswith(
        "The body is compressed (gzip), and the service does not unpack it."
    )


def test_a_preflight_names_the_flag() -> None:
    client = Steered(app=create_app(), key="mock-preflight")
    before = client.steer("GET", "/journal?lobby=true")["next"]
    asks: dict[str, Any] = {
        "HTTP_ORIGIN": "https://app.example",
        "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST",
    }
    client.call("OPTIONS", BASE, HTTP_AUTHORIZATION=None, **asks)
    (found,) = client.journal(f"?lobby=true&since={before}")
    assert found["hint"] == (
        "A browser asks whether a page of https://app.example may send this request. Start the mock with --cors."
    )


@pytest.mark.parametrize(("sent", "read"), [("true", "false"), ("yes", "false"), ("2", "true")])
def test_a_switch_tells_what_it_was_read_as(client: Steered, sent: str, read: str) -> None:
    client.update(1, is_enabled=sent)
    (found,) = client.journal()
    assert found["violations"][0]["sentence"] == (
        f"Invalid value is_enabled='{sent}' is read as {read}. Send one of 1, 0."
    )
    assert client.handler(1)["is_enabled"] is (read == "true")


def test_a_request_beyond_the_quota_is_right_but_for_that(client: Steered) -> None:
    client.steer("PATCH", "/quota", {"requests": 1, "seconds": 60})
    client.get("/1")
    for path in ("/1", "/"):
        assert client.get(path).status == 429
        assert client.journal()[0]["hint"] is None


def test_what_needs_no_hint_has_none(client: Steered) -> None:
    def refuse(**order: Any) -> None:
        client.steer("POST", "/faults", order)

    client.get("/1")
    client.get("/99")
    refuse(refusal="required_fields", operation="create_notification_handler")
    client.create()
    client.get("/1", HTTP_PREFER="code=404")
    assert [each["hint"] for each in client.journal()] == [None] * 4
