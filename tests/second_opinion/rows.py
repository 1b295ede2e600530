"""Handlers as they are stored, and those that each user has before the tests."""

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.second_opinion.kinds import FIELDS

FIRST_FOREIGN_ID = 4127
FIRST_FOREIGN_DAY = 1_740_823_200  # 2025-03-01 10:00:00 UTC
NAMES = (
    "Ops on-call",
    "Zażółć gęślą",
    "Anna&#39;s inbox",
    "Sales ☎",
    "Alerts (night)",
    "prod/errors",
    "日本 desk",
)
VALUES = {
    "email": "team{0}@example.com",
    "webhook": "https://hooks.example.com/in/{0}?source=bitpeak",
    "slack": "https://slack.example.com/services/T{0}/B{0}",
    "discord": "https://discord.example.com/api/webhooks/{0}/d{0}",
    "telegram": "{0}:AA-example-token",
    "telegram_chat_id": "-100{0}",
    "microsoft_teams": "https://teams.example.com/webhook/{0}",
    "google_chat": "https://chat.example.com/v1/spaces/{0}",
}


@dataclass
class Row:
    """One stored handler; times are seconds since the epoch."""

    id: int
    type: str
    name: str
    settings: dict[str, str]
    is_enabled: bool
    created: int
    changed: int | None = None


@dataclass
class Account:
    """One user's handlers by id, oldest first; the deleted ones are remembered for two of the bugs."""

    user_id: int
    rows: dict[int, Row] = field(default_factory=dict)
    deleted: list[Row] = field(default_factory=list)
    foreign_ids: tuple[int, ...] = ()

    def plain(self, ids: tuple[int, ...] | None = None) -> list[dict[str, Any]]:
        """Return rows as plain data: all, or those of some ids that are still there."""
        return [asdict(row) for key, row in sorted(self.rows.items()) if ids is None or key in ids]


class Ids:
    """The ids of the table, which all accounts share. Each is given once."""

    def __init__(self) -> None:
        self.last = FIRST_FOREIGN_ID - 1

    def next(self, gap: int = 0) -> int:
        """Return the next id, after a gap that other users' rows have left."""
        self.last += 1 + gap
        return self.last


def foreign_account(user_id: int, count: int, ids: Ids, internal: dict[str, str]) -> Account:
    """Make an account with rows of all types; `internal` are the settings of an internal notification."""
    chance = random.Random(user_id)
    account = Account(user_id)
    for number, kind in zip(range(count), _kinds(), strict=False):
        row_id = ids.next(chance.choice((0, 0, 1, 2, 5)))
        created = FIRST_FOREIGN_DAY + number * 86_400 + row_id
        account.rows[row_id] = Row(
            id=row_id,
            type=kind,
            name=f"{NAMES[number % len(NAMES)]} {number}",
            settings=_settings(kind, row_id) or dict(internal),
            is_enabled=number % 4 != 3,
            created=created,
            changed=created + 3_600 if number % 3 == 1 else None,
        )
    account.foreign_ids = tuple(account.rows)
    return account


def _kinds() -> Iterator[str]:
    while True:
        yield from FIELDS


def _settings(kind: str, row_id: int) -> dict[str, str]:
    return {name: VALUES.get(name, name + "-{0}").format(row_id) for name in FIELDS[kind]}
