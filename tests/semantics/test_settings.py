"""Settings under keys of their own, and as numbers: a document says so, forms and snapshots keep the fields' names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contract_tests.document import Facts
from mock_server import Settings
from mock_server.document import DocumentError, load
from tests.semantics.client import Client

SCHEMAS = "$.components.schemas"
ACTIONS = [
    {"target": f"{SCHEMAS}.TelegramSettings.properties", "remove": True},
    {"target": f"{SCHEMAS}.TelegramSettings", "update": {"properties": {
        "token": {"type": "string", "x-field": "telegram", "x-mask": "***"},
        "chat_id": {"type": ["string", "integer"], "x-field": "telegram_chat_id"},
    }}},
    {"target": f"{SCHEMAS}.TelegramSettings.required", "remove": True},
    {"target": f"{SCHEMAS}.TelegramSettings", "update": {"required": ["token", "chat_id"]}},
    {"target": f"{SCHEMAS}.NotificationHandler.properties.settings.additionalProperties.type", "remove": True},
]  # fmt: skip
SENT = {"name": "Bot", "type": "telegram", "telegram": "123:secret", "telegram_chat_id": "-100123"}


def overlay(folder: Path, *actions: object) -> Path:
    file = folder / "overlay.yaml"
    file.write_text(
        json.dumps({"overlay": "1.1.0", "info": {"title": "T", "version": "1"}, "actions": actions})
    )
    return file


@pytest.fixture
def overlaid(tmp_path: Path) -> Client:
    return Client(Settings(overlays=(str(overlay(tmp_path, *ACTIONS)),)))


def test_a_setting_may_be_shown_under_another_key_than_its_field_and_as_a_number(overlaid: Client) -> None:
    assert overlaid.create(**SENT).status == 201
    assert overlaid.handler(2)["settings"] == {"token": "***", "chat_id": -100123}
    overlaid.update(2, telegram_chat_id="@channel")
    assert overlaid.handler(2)["settings"] == {"token": "***", "chat_id": "@channel"}
    overlaid.update(2, chat_id="7")  # a form knows the field alone
    assert overlaid.handler(2)["settings"] == {"token": "***", "chat_id": "@channel"}


def test_a_snapshot_has_settings_by_their_fields_and_leads_back(overlaid: Client) -> None:
    overlaid.create(**SENT)
    snapshot = overlaid.call("GET", f"/_mock/state?key={overlaid.key}").json
    assert snapshot["handlers"][1]["settings"] == {"telegram": "123:secret", "telegram_chat_id": "-100123"}
    target = f"/_mock/state?key={overlaid.key}-2"
    restored = overlaid.call("PUT", target, json.dumps(snapshot).encode(), "application/json").json
    assert restored["handlers"] == snapshot["handlers"]
    assert overlaid.other(f"{overlaid.key}-2").handler(2)["settings"] == {"token": "***", "chat_id": -100123}


@pytest.mark.parametrize("keys", [("telegram", "telegram_chat_id"), ("token", "chat_id")])
def test_a_seed_may_have_the_names_of_fields_or_those_that_responses_show(
    tmp_path: Path, keys: tuple[str, str]
) -> None:
    row = f"- {{type: telegram, name: N, settings: {{{keys[0]}: secret, {keys[1]}: '7'}}}}"
    seed = tmp_path / "seed.yaml"
    seed.write_text(row)
    client = Client(Settings(seed=seed, overlays=(str(overlay(tmp_path, *ACTIONS)),)))
    assert client.handler(1)["settings"] == {"token": "***", "chat_id": 7}


@pytest.mark.parametrize("beside", [{}, {"version": {"const": 2}}])
def test_a_setting_may_be_shown_alone(beside: dict[str, Any], tmp_path: Path) -> None:
    bare, fixed = f"{SCHEMAS}.InternalNotificationSettings", dict.fromkeys(beside, 2)
    file = overlay(
        tmp_path,
        {"target": f"{bare}.properties.internal_notification", "update": {"x-alone": True}},
        {"target": f"{bare}.required", "remove": True},
        {"target": f"{bare}.properties", "update": beside},
        ACTIONS[-1],
    )
    client = Client(Settings(overlays=(str(file),), answers=("update-type-change=merged",)))
    client.create(name="A", type="internal_notification")
    assert client.handler(2)["settings"] == {"internal_notification": "", **fixed}
    client.update(2, type="email", email="a@example.com")
    assert client.handler(2)["settings"] == {"email": "a@example.com", **fixed}
    client.update(2, type="internal_notification")
    assert client.handler(2)["settings"] == {"email": "a@example.com", **fixed}
    assert Facts(load(overlays=[file]).data).shape("internal_notification").alone == {"internal_notification"}


def test_two_settings_of_one_field_are_refused(tmp_path: Path) -> None:
    both = {"token": {"type": "string", "x-field": "telegram"}}
    file = overlay(tmp_path, {"target": f"{SCHEMAS}.TelegramSettings", "update": {"properties": both}})
    with pytest.raises(DocumentError, match="Two settings of telegram show the field 'telegram'"):
        Client(Settings(overlays=(str(file),)))


def test_the_kit_reads_settings_by_their_fields(tmp_path: Path) -> None:
    facts = Facts(load(overlays=[overlay(tmp_path, *ACTIONS)]).data)
    shown = {"token": "***", "chat_id": -100123, "format": 2}
    assert facts.by_field("telegram", shown) == {
        "telegram": "***",
        "telegram_chat_id": "-100123",
        "format": 2,
    }
