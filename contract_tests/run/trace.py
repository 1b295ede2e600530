"""The exchanges of the test that runs, of which a finding's reproduction is cut."""

from __future__ import annotations

import threading

from contract_tests.guard.exchange import Exchange

# A test that makes more exchanges than this keeps the last ones: enough for any machine's longest run.
_MOST = 2000


class Trace:
    """Collects exchanges, which arrive in the guard's threads."""

    def __init__(self) -> None:
        self._exchanges: list[Exchange] = []
        self._lock = threading.Lock()

    def add(self, exchange: Exchange) -> None:
        """Take an exchange."""
        with self._lock:
            self._exchanges.append(exchange)
            del self._exchanges[:-_MOST]

    def begin(self) -> None:
        """Forget what was: a test, or an attempt of a generated one, begins."""
        with self._lock:
            self._exchanges.clear()

    def exchanges(self) -> tuple[Exchange, ...]:
        """Return the exchanges since the beginning, oldest first."""
        with self._lock:
            return tuple(self._exchanges)
