"""What happened in a world: the last exchanges, in bounded memory."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from mock_server.refusal import Violation

# Exchanges that a world remembers.
CAPACITY = 1000


class Exchange(NamedTuple):
    """One request and how it was answered. `seconds`: time spent on it; `key`: shortened, never whole."""

    method: str
    path: str
    status: int
    seconds: float
    key: str
    operation: str
    refusal: str
    violations: tuple[Violation, ...]
    defect: str


class Journal:
    """The last exchanges. `total` counts all there ever were, so that a reader sees what was evicted."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._exchanges: deque[Exchange] = deque(maxlen=capacity)
        self.total = 0

    def add(self, exchange: Exchange) -> None:
        """Remember an exchange; the oldest is evicted where there is no room."""
        self._exchanges.append(exchange)
        self.total += 1

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The exchanges still remembered, oldest first."""
        return tuple(self._exchanges)

    @property
    def evicted(self) -> int:
        """How many exchanges are no longer remembered."""
        return self.total - len(self._exchanges)


def shorten(key: str) -> str:
    """Return enough of a key to tell two apart and too little to use it."""
    return f"{key[:6]}…{len(key)}" if len(key) > 8 else key[:4] + "…" if key else "-"
