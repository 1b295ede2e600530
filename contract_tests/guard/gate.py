"""How many requests are under way, and the end of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from contract_tests.guard.refusal import GuardRefusal


class Gate:
    """Lets requests in until it is closed. `under_way` is how many are inside."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._closed = False
        self.under_way = 0

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Hold a request's place. Raises GuardRefusal (`closing`)."""
        with self._changed:
            if self._closed:
                raise GuardRefusal("closing", "The run is at its end.")
            self.under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self.under_way -= 1
                self._changed.notify_all()

    def close(self, seconds: float) -> bool:
        """Let nobody in any more, and wait for those inside; False where some are still there after `seconds`."""
        with self._changed:
            self._closed = True
            return self._changed.wait_for(lambda: not self.under_way, timeout=seconds)
