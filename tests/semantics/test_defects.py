"""Every response is checked: a mock that would break its document says so instead."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from mock_server import Settings
from mock_server.api.context import Context
from mock_server.api.operations import BEHAVIOURS, Result
from mock_server.contract import Behaviour
from mock_server.document import DocumentError
from tests.semantics.client import Client, Reply

TITLE = "The mock broke its own document; its log and journal say how."


def assert_defect(client: Client, reply: Reply, complaint: str) -> None:
    """Assert that a request failed by our own fault, and that the journal says why."""
    assert reply.status == 500
    assert reply.json == {"errors": [{"title": TITLE, "status": 500}]}
    assert "x-bitpeak-mock" in reply.headers
    assert client.last.status == 500
    assert complaint in client.last.defect


@pytest.mark.parametrize(
    ("wire", "complaint"),
    [
        (b'{"id":1}', "The response of retrieve_notification_handler would violate the document: data"),
        (b'{"id":0,"type":"email","name":"N","settings":{"email":""},"is_enabled":true,'
         b'"last_datetime":null,"datetime":"2025-12-05 15:32:34"}', "data/id"),
        (b'{"id":1,"type":"slack","name":"N","settings":{"email":""},"is_enabled":true,'
         b'"last_datetime":null,"datetime":"2025-12-05 15:32:34"}', "data/settings"),
        (b"null", "data: null is not of type"),
    ],
)  # fmt: skip
def test_a_stored_handler_that_violates_the_document(client: Client, wire: bytes, complaint: str) -> None:
    (item,) = client.store
    client.store.replace(replace(item, wire=wire))
    assert_defect(client, client.get("/1"), complaint)


def test_a_stored_handler_that_is_no_json(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    (item,) = client.store
    client.store.replace(replace(item, wire=b"{"))
    with caplog.at_level(logging.ERROR):
        assert_defect(client, client.get("/1"), "Input data was truncated")
    (record,) = caplog.records
    assert record.exc_info is not None


@pytest.mark.parametrize(("behaviour", "shown"), [("create", '"one"'), ("update", "0")])
def test_a_template_that_lies(
    client: Client, monkeypatch: pytest.MonkeyPatch, behaviour: Behaviour, shown: str
) -> None:
    monkeypatch.setitem(BEHAVIOURS, behaviour, lambda _: Result({"id": shown}))
    reply = client.create(name="N", type="email") if behaviour == "create" else client.update(1)
    assert_defect(
        client, reply, f"The response of {behaviour}_notification_handler would violate the document: data/id"
    )


def test_a_list_s_envelope_is_checked(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = BEHAVIOURS["list"]

    def boastful(context: Context) -> Result:
        result = honest(context)
        return replace(result, values={**result.values, "total": "-1"})

    monkeypatch.setitem(BEHAVIOURS, "list", boastful)
    for target in ("", "/"):
        assert_defect(client, client.get(target), "meta/total")


def test_a_failure_of_any_kind_is_a_defect(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(_: Context) -> Result:
        raise KeyError

    monkeypatch.setitem(BEHAVIOURS, "delete", failing)
    with caplog.at_level(logging.ERROR):
        assert_defect(client, client.delete(1), "KeyError")
    assert [record.name for record in caplog.records] == ["mock_server.api.pipeline"]
    # The world is not left locked, nor changed.
    assert client.ids() == [1]


def test_a_refusal_that_fails_is_a_defect_too(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client()
    operation = client.mock.contract.operations["retrieve_notification_handler"]
    for refusals in (client.mock.contract.refusals, operation.refusals):
        monkeypatch.delitem(refusals, "not_found")
    with caplog.at_level(logging.ERROR):
        assert_defect(client, client.get("/9"), "not_found")
    assert len(caplog.records) == 1


def overlaid(folder: Path, actions: str) -> Client:
    """Return a client of a mock whose document is changed by these actions."""
    file = folder / "overlay.yaml"
    file.write_text(f"overlay: 1.1.0\ninfo: {{title: T, version: '1'}}\nactions:\n{actions}")
    return Client(Settings(overlays=(str(file),)))


NAME = "$.components.schemas.NotificationHandler.properties.name"


def test_a_handler_is_checked_before_it_is_stored(tmp_path: Path) -> None:
    client = overlaid(tmp_path, f"  - {{target: {NAME}, update: {{maxLength: 12}}}}\n")
    assert_defect(
        client,
        client.create(name="n" * 13, type="email"),
        "Item 2 of handlers would violate the document: name",
    )
    assert_defect(
        client, client.update(1, name="n" * 13), "Item 1 of handlers would violate the document: name"
    )
    assert client.handler(1)["name"] == "Work email"
    assert client.created(name="n" * 12, type="email")["id"] == 2


def test_a_seed_is_checked_by_the_document_it_is_shown_in(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="The row violates the document: name"):
        overlaid(tmp_path, f"  - {{target: {NAME}, update: {{maxLength: 3}}}}\n")


def test_an_unknown_behaviour_stops_the_start(tmp_path: Path) -> None:
    target = "$.paths['/notification-handlers'].post"
    with pytest.raises(DocumentError, match="x-behaviour must be one of list, retrieve"):
        overlaid(tmp_path, f'  - {{target: "{target}", update: {{x-behaviour: dance}}}}\n')
