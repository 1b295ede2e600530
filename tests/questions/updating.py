"""Probes of the questions about updates."""

from __future__ import annotations

from typing import Any

from tests.questions.probe import Probe
from tests.questions.writing import EXCEEDED, REQUIRED, stored
from tests.semantics.client import Client


def update_keeps(client: Client) -> Any:
    client.update(1, name="M")
    handler = client.handler(1)
    return [handler["name"], handler["type"], handler["settings"]]


def update_same_type(client: Client) -> Any:
    made = client.created(name="N", type="telegram", telegram="token", telegram_chat_id="7")
    client.update(made["id"], telegram="other")
    return client.handler(made["id"])["settings"]


def update_type_change(client: Client) -> Any:
    client.update(1, type="slack", slack="a")
    return client.handler(1)["settings"]


def update_type_not_allowed(client: Client) -> Any:
    return stored(client, client.update(1, type="pigeon"), "type")


def update_empty_name(client: Client) -> Any:
    return stored(client, client.update(1, name=""), "name")


_HANDLER = {"email": "hey@example.com"}

PROBES = {
    "update-keeps": Probe(update_keeps, {"kept": ["M", "email", _HANDLER], "blanked": ["M", "", {}]}),
    "update-same-type": Probe(
        update_same_type,
        {
            "kept": {"telegram": "other", "telegram_chat_id": "7"},
            "reset": {"telegram": "other", "telegram_chat_id": ""},
        },
    ),
    "update-type-change": Probe(
        update_type_change, {"rebuilt": {"slack": "a"}, "merged": {**_HANDLER, "slack": "a"}}
    ),
    "update-type-not-allowed": Probe(
        update_type_not_allowed, {"ignored": [200, "email"], "refused": [401, EXCEEDED]}
    ),
    "update-empty-name": Probe(
        update_empty_name,
        {"stored": [200, ""], "ignored": [200, "Work email"], "refused": [401, REQUIRED]},
    ),
}
