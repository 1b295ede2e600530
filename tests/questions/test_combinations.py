"""Answers combine: with any choice of answers the document compiles and can be served."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from mock_server import Rules, Settings
from mock_server.document import plain
from tests.questions.test_answers import QUESTIONS
from tests.questions.writing import EXCEEDED, REQUIRED
from tests.semantics.client import BASE, Client, Reply, answering, assert_ours

TYPES = (
    "email", "webhook", "slack", "discord", "telegram", "microsoft_teams", "x", "google_chat",
    "internal_notification", "pigeon",
)  # fmt: skip
WRITING = {f"{verb}_notification_handler" for verb in ("create", "retrieve", "update", "delete")}


def combination(number: int) -> tuple[str, ...]:
    """Return an answer to each question, drawn by a seed."""
    draw = random.Random(number)
    return tuple(f"{name}={draw.choice(list(question.answers))}" for name, question in QUESTIONS.items())


def life(client: Client) -> Iterator[Reply]:
    """Call each operation a few times."""
    for kind in TYPES:
        own = {"telegram_chat_id": "7", kind: "https://example.com/a"} if kind != "x" else {}
        yield client.create(name=kind, type=kind, is_enabled="true", **own)
    yield client.create(name=" ", type="slack")
    yield client.post("", [("name[]", "a"), ("type", "email"), ("colour", b"\xff")])
    yield client.call("POST", BASE, b'{"name": "J", "type": "slack"}', "application/json")
    for handler_id in (1, 2, 5, 999, "1abc"):
        yield client.update(handler_id, name="n" * 200, is_enabled="on")
        yield client.update(handler_id, type="telegram", telegram="t", telegram_chat_id="8", slack="s")
        yield client.update(handler_id, type="pigeon", name="")
        yield client.get(f"/{handler_id}")
    for query in ("", "/", "?page=2&results_per_page=10", "?page=0", "?results_per_page=7", "?page=99"):
        yield client.get(query)
    yield client.call("OPTIONS", BASE, HTTP_ACCESS_CONTROL_REQUEST_METHOD="POST")
    yield client.call("PUT", f"{BASE}/1")
    yield client.get(HTTP_AUTHORIZATION="bearer mock-key")
    yield client.other("real-key").get()
    for handler_id in range(1, 15):
        yield client.delete(handler_id)
    yield client.get()


@pytest.mark.parametrize("number", range(40))
def test_a_combination_serves_what_its_document_declares(number: int) -> None:
    client = Client(Settings(answers=combination(number), rules=Rules(quota=70)))
    for reply in life(client):
        assert_ours(reply)
    exchanges = client.world.journal.exchanges
    assert not [exchange for exchange in exchanges if exchange.defect]
    answered = {(exchange.operation, str(exchange.status)) for exchange in exchanges if exchange.operation}
    assert {operation for operation, _ in answered} >= WRITING
    assert answered <= declared(client)


def declared(client: Client) -> set[tuple[str, str]]:
    """Return each operation with each status that the document gives it, or any operation."""
    document = client.mock.contract.document.data
    return {
        (node["operationId"], status)
        for item in document["paths"].values()
        for node in item.values()
        if "operationId" in node
        for status in (*node["responses"], *document["x-service"]["refusals"])
    }


@pytest.mark.parametrize(
    ("write", "status", "title"),
    [
        ("unauthorized", 401, EXCEEDED),
        ("bad-request", 400, "The type is not allowed."),
        ("unprocessable", 422, "The type is not allowed."),
    ],
)
def test_an_update_is_refused_as_a_create_is(write: str, status: int, title: str) -> None:
    client = answering(
        f"type-not-allowed={write}", f"required-field-missing={write}",
        "update-type-not-allowed=refused", "update-empty-name=refused",
    )  # fmt: skip
    for reply in (client.create(name="N", type="pigeon"), client.update(1, type="pigeon")):
        assert (reply.status, reply.title) == (status, title)
    for reply in (client.create(name="", type="email"), client.update(1, name="")):
        assert (reply.status, reply.title) == (status, REQUIRED)


def test_a_switch_is_never_refused_like_a_type() -> None:
    client = answering("is-enabled-on-create=honoured", "update-type-not-allowed=refused")
    assert client.created(name="N", type="email", is_enabled="true")["is_enabled"] is False
    assert client.update(1, is_enabled="maybe").status == 200
    assert [violation.code for violation in client.last.violations] == ["invalid-value"]
    assert client.handler(1)["is_enabled"] is False


@pytest.mark.parametrize("number", range(0, 40, 8))
def test_a_combination_is_a_valid_document(number: int) -> None:
    client = Client(Settings(answers=combination(number)))
    assert not list(OpenAPIV31SpecValidator(plain(client.mock.contract.document.data)).iter_errors())
