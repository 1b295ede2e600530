"""Times by rule: two services have two clocks, so a time is told by what can be compared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from contract_tests.guard.exchange import Exchange

_SHAPE = "%Y-%m-%d %H:%M:%S"
_ZONE_STEP = timedelta(minutes=30)


class FirstSeen:
    """Remembers the time of creation that each row was first shown with."""

    def __init__(self) -> None:
        self._seen: dict[Any, str] = {}

    def stays(self, row: Any, text: str) -> bool:
        """Tell whether a row's time is the one it was first shown with."""
        return self._seen.setdefault(row, text) == text


def time_of(value: Any, exchange: Exchange, first: FirstSeen, row: Any, word: str) -> str:
    """Tell of a time what holds on any clock: whether it is there, its form, its zone, and whether a creation stays."""
    if value is None:
        return "null"
    try:
        moment = datetime.strptime(str(value), _SHAPE).replace(tzinfo=UTC)
    except ValueError:
        return f"not a time of the documented form: {value!r}"
    zone = f"now, {round((moment - _clock(exchange)) / _ZONE_STEP) / 2:+g} h"
    if word == "created" and not first.stays(row, str(value)):
        return f"{zone}, another than at first"
    return zone


def _clock(exchange: Exchange) -> datetime:
    """Return when an answer was given: by its own word, else by this computer's clock."""
    for name, text in exchange.headers:
        if name.lower() == "date":
            try:
                return parsedate_to_datetime(text).astimezone(UTC)
            except ValueError:
                break
    return datetime.now(UTC)
