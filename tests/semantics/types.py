"""The nine types of the page, each with the fields of its own and a text for each."""

from __future__ import annotations

OWN_FIELDS: dict[str, dict[str, str]] = {
    "email": {"email": "hey@example.com"},
    "webhook": {"webhook": "https://example.com/hook"},
    "slack": {"slack": "https://example.com/slack"},
    "discord": {"discord": "https://example.com/discord"},
    "telegram": {"telegram": "123:token", "telegram_chat_id": "-100"},
    "microsoft_teams": {"microsoft_teams": "https://example.com/teams"},
    "x": {
        "x_consumer_key": "ck",
        "x_consumer_secret": "cs",
        "x_access_token": "at",
        "x_access_token_secret": "ats",
    },
    "google_chat": {"google_chat": "https://example.com/chat"},
    "internal_notification": {},
}

TYPES = tuple(OWN_FIELDS)

# Every pair of a type and one field of its own.
FIELDS = [(type_name, field) for type_name, fields in OWN_FIELDS.items() for field in fields]


def shown(type_name: str, **sent: str) -> dict[str, str]:
    """Return what settings show: each key of the type, with what was sent or nothing."""
    keys = OWN_FIELDS[type_name] or {"internal_notification": ""}
    return {key: sent.get(key, "") for key in keys}
