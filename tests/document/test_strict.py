"""The document of a strict mock declares what such a mock refuses."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from mock_server.document import declared_strictly, load, plain

STRICT: Any = plain(declared_strictly(load().data))


def form(name: str) -> Any:
    return {**STRICT["components"]["schemas"][name], "components": STRICT["components"]}


def test_each_operation_declares_the_400() -> None:
    for item in STRICT["paths"].values():
        for operation in (node for node in item.values() if isinstance(node, dict) and "operationId" in node):
            assert "violation" in operation["responses"]["400"]["content"]["application/json"]["examples"]
    assert "400" not in load().data["paths"]["/notification-handlers"]["get"]["responses"], (
        "the base is as it was"
    )


def test_the_answer_of_an_operation_keeps_its_own_400() -> None:
    answered = declared_strictly(load(answers=["required-field-missing=bad-request"]).data)
    examples = answered["paths"]["/notification-handlers"]["post"]["responses"]["400"]["content"][
        "application/json"
    ]
    assert {"violation", "required_fields"} <= examples["examples"].keys()


@pytest.mark.parametrize(
    ("name", "sent", "allowed"),
    [
        ("CreateForm", {"type": "slack", "name": "a", "slack": "s"}, True),
        ("CreateForm", {"type": "slack", "name": "a", "email": "e"}, False),
        ("CreateForm", {"type": "slack", "name": "a", "colour": "red"}, False),
        ("CreateForm", {"type": "slack", "name": " a"}, False),
        ("CreateForm", {"type": "slack", "name": 'a "b"'}, False),
        ("CreateForm", {"type": "slack", "name": "a<b"}, False),
        ("CreateForm", {"type": "slack", "name": "Zażółć & b"}, True),
        ("UpdateForm", {}, True),
        ("UpdateForm", {"name": "a"}, True),
        ("UpdateForm", {"slack": "s"}, False),
        ("UpdateForm", {"type": "slack", "slack": "s"}, True),
    ],
)
def test_a_form_has_what_a_strict_mock_takes(name: str, sent: Any, allowed: bool) -> None:
    assert jsonschema_rs.validator_for(form(name)).is_valid(sent) == allowed
