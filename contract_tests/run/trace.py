"""The exchanges of the test that runs, of which a finding's reproduction is cut."""

from __future__ import annotations

import threading

from contract_tests.guard.exchange import Exchange

# A test that makes more exchanges than this keeps the last ones: enough for any machine's longest run.
_MOST = 2000
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Trace:
    """Collects exchanges, which arrive in the guard's threads."""

    def __init__(self) -> None:
        self._exchanges: list[Exchange] = []
        self._writes: list[Exchange] = []
        self._lock = threading.Lock()

    def add(self, exchange: Exchange) -> None:
        """Take an exchange."""
        with self._lock:
            self._exchanges.append(exchange)
            del self._exchanges[:-_MOST]

    def begin(self) -> None:
        """Forget what was: a test, or an attempt of a generated one, begins."""
        with self._lock:
            self._writes += [
                each for each in self._exchanges if each.method not in _READS and not each.refused
            ]
            del self._writes[:-_MOST]
            self._exchanges.clear()

    def earlier_writes(self) -> tuple[Exchange, ...]:
        """Return the writes before the beginning, oldest first: a test may look at a handler that others have made."""
        with self._lock:
            return tuple(self._writes)

    def exchanges(self) -> tuple[Exchange, ...]:
        """Return the exchanges since the beginning, oldest first."""
        with self._lock:
            return tuple(self._exchanges)
