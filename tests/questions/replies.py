"""Probes of the questions about how a handler looks in replies."""

from __future__ import annotations

from typing import Any

from tests.questions.probe import Probe
from tests.semantics.client import Client

# Noon on the first of March 2026, UTC.
NOON = 1772366400.0


def both(client: Client, handler_id: int, key: str) -> list[Any]:
    """Return one property as retrieve and list show it, or None."""
    (row,) = (row for row in client.get().data if row["id"] == handler_id)
    return [client.handler(handler_id).get(key), row.get(key)]


def user_id(client: Client) -> Any:
    return [sorted(client.handler(1)), both(client, 1, "user_id")]


def is_enabled_in_replies(client: Client) -> Any:
    enabled = both(client, 1, "is_enabled")
    client.update(1, is_enabled="0")
    return [enabled, both(client, 1, "is_enabled")]


def settings_of_internal_notification(client: Client) -> Any:
    made = client.created(name="N", type="internal_notification")
    return both(client, made["id"], "settings")


def secrets_in_replies(client: Client) -> Any:
    made = client.created(name="N", type="telegram", telegram="token")
    return [both(client, made["id"], "settings"), both(client, 1, "settings")]


def last_datetime(client: Client) -> Any:
    client.world.clock.freeze(NOON)
    before = both(client, 1, "last_datetime")
    client.update(1, name="M")
    return [before, both(client, 1, "last_datetime")]


def time_zone(client: Client) -> Any:
    client.world.clock.freeze(NOON)
    made = client.created(name="N", type="email")
    client.update(made["id"], name="M")
    return [both(client, made["id"], "datetime"), both(client, made["id"], "last_datetime")]


_KEYS = ["datetime", "id", "is_enabled", "last_datetime", "name", "settings", "type"]
_HANDLER = {"email": "hey@example.com"}

PROBES = {
    "user-id": Probe(
        user_id, {"absent": [_KEYS, [None, None]], "present": [sorted([*_KEYS, "user_id"]), [1, 1]]}
    ),
    "is-enabled-in-replies": Probe(
        is_enabled_in_replies,
        {"boolean": [[True, True], [False, False]], "integer": [[1, 1], [0, 0]]},
    ),
    "settings-of-internal-notification": Probe(
        settings_of_internal_notification,
        {
            "empty-text": [{"internal_notification": ""}] * 2,
            "empty-object": [{}] * 2,
            "empty-array": [[]] * 2,
        },
    ),
    "secrets-in-replies": Probe(
        secrets_in_replies,
        {
            "shown": [[{"telegram": "token", "telegram_chat_id": ""}] * 2, [_HANDLER] * 2],
            "masked": [[{"telegram": "********", "telegram_chat_id": ""}] * 2, [_HANDLER] * 2],
        },
    ),
    "last-datetime": Probe(
        last_datetime,
        {
            "last-update": [[None, None], ["2026-03-01 12:00:00"] * 2],
            "last-notification": [[None, None], [None, None]],
        },
    ),
    "time-zone": Probe(
        time_zone,
        {"utc": [["2026-03-01 12:00:00"] * 2] * 2, "moscow": [["2026-03-01 15:00:00"] * 2] * 2},
    ),
}
