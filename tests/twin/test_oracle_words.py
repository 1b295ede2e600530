"""The oracle follows words of a learned document: what is reset, and which texts are too long."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.document import Facts
from contract_tests.judge.statements import Statements
from contract_tests.learning.forms import _bound
from contract_tests.oracle.expected import Expected
from mock_server.document import load, plain

ROW = "/notification-handlers/{notification_handler_id}"
FORM = {"name": "A", "type": "telegram", "telegram": "t", "telegram_chat_id": "c"}


@pytest.mark.parametrize(
    ("word", "sent", "left"),
    [
        ("reset-if-sent", {"name": "B"}, "c"),
        ("reset-if-sent", {"telegram": "u"}, ""),
        ("kept", {"telegram": "u"}, "c"),
        ("reset", {"name": "B"}, ""),
    ],
)
def test_settings_are_reset_if_another_one_is_sent(word: str, sent: dict[str, str], left: str) -> None:
    tree = plain(load().data)
    tree["paths"][ROW]["post"]["x-update"]["same-type"] = word
    facts = Facts(tree)
    expected = Expected(facts, Statements(facts, load().data))
    after = expected.updated(expected.created(FORM), sent)
    assert after.settings["telegram_chat_id"] == left


def test_the_bounds_of_texts_follow_the_rows() -> None:
    properties: dict[str, Any] = {
        "name": {"type": "string", "maxLength": 128},
        "slack": {"type": "string", "maxLength": 512, "x-available-when": "slack"},
        "type": {"type": "string"},
    }
    long = {"when": {"longer-than": 255}, "refuse": "no"}
    _bound({}, properties, {"name": [long], "{own}": [{"when": "empty", "drop": True}]})
    assert properties["name"]["maxLength"] == 255
    assert "maxLength" not in properties["slack"]
