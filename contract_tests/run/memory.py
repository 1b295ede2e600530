"""Answers to requests that only read, so that a run which is to spare requests asks nothing twice."""

from __future__ import annotations

import threading
from collections.abc import Hashable

from contract_tests.guard.exchange import FAILED_HEADER, REFUSED_HEADER, Exchange
from contract_tests.run.trace import Trace
from contract_tests.target.api import Answer

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_NO_ANSWERS = frozenset({FAILED_HEADER.lower(), REFUSED_HEADER.lower()})
_TOO_MANY = 429
_NOT_THERE = frozenset({404, 410})


class Memory:
    """Answers since the last write, by request. The trace hears of a remembered exchange as if it took place again.

    What is refused for its key or its parameters is refused after a write as before it.
    """

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._answers: dict[Hashable, tuple[Answer, Exchange | None]] = {}
        self._lock = threading.Lock()

    def recall(self, request: Hashable) -> Answer | None:
        """Return the answer to a request, None where it has to be asked."""
        with self._lock:
            known = self._answers.get(request)
        if known is None:
            return None
        answer, exchange = known
        if exchange is not None:
            self._trace.add(exchange)
        return answer

    def keep(self, request: Hashable, answer: Answer) -> None:
        """Remember an answer of the target's own; the last exchange is the one that it came by."""
        if answer.status == _TOO_MANY or answer.status >= 500 or answer.headers.keys() & _NO_ANSWERS:
            return
        exchanges = self._trace.exchanges()
        with self._lock:
            self._answers[request] = answer, exchanges[-1] if exchanges else None

    def take(self, exchange: Exchange) -> None:
        """Hear of any exchange, whoever caused it: after a write nothing is certain any more."""
        if exchange.method not in _READING:
            with self._lock:
                self._answers = {
                    asked: known for asked, known in self._answers.items() if _is_lasting(known[0].status)
                }


def _is_lasting(status: int) -> bool:
    return 400 <= status < 500 and status not in _NOT_THERE
