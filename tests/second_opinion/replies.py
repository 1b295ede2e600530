"""What a reply shows: a handler, its id, and JSON in the site's spelling."""

import json
import random
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from tests.second_opinion.answers import Choice, Chosen
from tests.second_opinion.kinds import SECRETS
from tests.second_opinion.rows import Account, Row

MOSCOW = timezone(timedelta(hours=3))


class Replies(Chosen):
    """Writes replies by the chosen answers."""

    def __init__(self, choice: Choice, extra_property: bool, shuffle_keys: bool) -> None:
        super().__init__(choice)
        self.extra = {"revision": 3} if extra_property else {}
        self.chance = random.Random(0) if shuffle_keys else None

    def handler(self, row: Row, account: Account) -> dict[str, Any]:
        """Return a row as replies show it."""
        user = {"user_id": account.user_id} if self.says("user-id", "present") else {}
        integer = self.says("is-enabled-in-replies", "integer")
        return {
            "id": row.id,
            **user,
            "type": row.type,
            "name": row.name,
            "settings": self._settings(row),
            "is_enabled": int(row.is_enabled) if integer else row.is_enabled,
            "last_datetime": None if row.changed is None else self._time(row.changed),
            "datetime": self._time(row.created),
            **self.extra,
        }

    def written(self, row: Row, account: Account) -> dict[str, Any]:
        """Return the body of a create or update that has written this row."""
        if self.says("write-answer", "id"):
            return {"id": row.id, **self.extra}
        handler = self.handler(row, account)
        return handler | {"settings": self.spell(handler["settings"])}

    def spell(self, value: object) -> str:
        """Return the JSON text of a value."""
        if self.chance is not None:
            value = self._shuffled(value)
        if self.says("json-escapes", "plain"):
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return json.dumps(value, separators=(",", ":")).replace("/", "\\/")

    def _settings(self, row: Row) -> dict[str, Any] | list[Any]:
        if row.type == "internal_notification" and not row.settings:
            return [] if self.says("settings-of-internal-notification", "empty-array") else {}
        shown: dict[str, Any] = dict(row.settings)
        if self.says("secrets-in-replies", "masked"):
            shown |= {key: "*" * len(value) for key, value in shown.items() if key in SECRETS}
        if self.bug("empty-becomes-null"):
            shown = {key: value or None for key, value in shown.items()}
        return shown

    def _time(self, seconds: int) -> str:
        zone = MOSCOW if self.says("time-zone", "moscow") else UTC
        return datetime.fromtimestamp(seconds, zone).strftime("%Y-%m-%d %H:%M:%S")

    def _shuffled(self, value: object) -> object:
        if isinstance(value, list):
            return [self._shuffled(item) for item in value]
        if not isinstance(value, dict) or self.chance is None:
            return value
        keys = self.chance.sample(list(value), len(value))
        return {key: self._shuffled(value[key]) for key in keys}
