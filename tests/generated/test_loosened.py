"""The copy of the document that requests are generated from: what is tolerated is right in it, and nothing else."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from contract_tests.document import Facts
from contract_tests.generated.engine import loosened, without_foreign_keys
from mock_server.document import load, plain

LIST = "/notification-handlers/"
CREATE = "/notification-handlers"
ONE = "/notification-handlers/{notification_handler_id}"
MULTIPART = "multipart/form-data"


def facts_of(*answers: str) -> Facts:
    return Facts(load(answers=answers).data)


def form(path: str, *answers: str) -> dict[str, Any]:
    document = loosened(facts_of(*answers))
    found: dict[str, Any] = document["paths"][path]["post"]["requestBody"]["content"][MULTIPART]["schema"]
    return found


def is_right(schema: dict[str, Any], value: object) -> bool:
    return jsonschema_rs.validator_for(schema).is_valid(value)


@pytest.mark.parametrize(
    ("answer", "value", "right"),
    [
        ("page-not-valid=first-page", "abc", True),
        ("page-not-valid=first-page", 7, True),
        ("page-not-valid=refused", "abc", False),
        ("page-not-valid=refused", 0, False),
        ("page-not-valid=refused", 7, True),
    ],
)
def test_a_parameter_that_is_tolerated_is_any_text(answer: str, value: object, right: bool) -> None:
    for node in loosened(facts_of(answer))["paths"][LIST]["get"]["parameters"]:
        if node["name"] == "page":
            assert is_right(node["schema"], value) is right


@pytest.mark.parametrize(
    ("path", "answer", "sent", "right"),
    [
        (CREATE, "blank-name=refused", {"name": "", "type": "email"}, False),
        (CREATE, "blank-name=refused", {"name": " ", "type": "email"}, False),
        (CREATE, "blank-name=accepted", {"name": " ", "type": "email"}, True),
        (CREATE, "blank-name=refused", {"name": "N", "type": "pigeon"}, False),
        (CREATE, "text-too-long=cut", {"name": "N" * 999, "type": "x"}, True),
        (CREATE, "text-too-long=refused", {"name": "N" * 129, "type": "x"}, False),
        (CREATE, "unknown-field=ignored", {"name": "N", "type": "x", "colour": "red"}, True),
        (CREATE, "unknown-field=refused", {"name": "N", "type": "x", "colour": "red"}, False),
        (CREATE, "malformed-contact=refused", {"name": "N", "type": "email", "email": "me"}, False),
        (ONE, "update-type-not-allowed=ignored", {"type": "pigeon"}, True),
        (ONE, "update-type-not-allowed=refused", {"type": "pigeon"}, False),
        (ONE, "update-type-not-allowed=refused", {"is_enabled": "perhaps"}, True),
        (ONE, "update-empty-name=ignored", {"name": ""}, True),
        (ONE, "update-empty-name=refused", {"name": ""}, False),
    ],
)
def test_a_form_is_wrong_only_where_it_is_refused(
    path: str, answer: str, sent: dict[str, str], right: bool
) -> None:
    assert is_right(form(path, answer), sent) is right


def test_the_document_itself_stays_as_it_is() -> None:
    facts = facts_of()
    before = plain(facts.document)
    without_foreign_keys(loosened(facts))
    assert plain(facts.document) == before


@pytest.mark.parametrize("answer", ["unknown-field=ignored", "unknown-field=refused"])
def test_foreign_keys_are_hidden_and_still_right(answer: str) -> None:
    document = without_foreign_keys(loosened(facts_of(answer)))
    for path in (CREATE, ONE):
        schema = document["paths"][path]["post"]["requestBody"]["content"][MULTIPART]["schema"]
        assert not [name for name in schema["properties"] if name.endswith("_id")]
        assert is_right(schema, {"name": "N", "type": "telegram", "telegram_chat_id": "7"})
        assert not is_right(schema, {"name": "N", "type": "telegram", "telegram_chat_id": 7})
