"""The limit of requests of each key in a fixed window of time."""

from collections.abc import Callable
from math import ceil

USUAL_LIMIT, OTHER_LIMIT = 60, 100


class Quota:
    """Counts each key's requests; without a limit the headers of each request show a new window."""

    def __init__(
        self, limit: int | None, window: float, clock: Callable[[], float], shown: int = USUAL_LIMIT
    ) -> None:
        if limit is not None and limit < 1:
            raise ValueError("The rate must be at least 1.")
        self.limit = limit
        self.shown = shown
        self.window = window
        self.clock = clock
        self.used: dict[str, tuple[float, int]] = {}

    def take(self, key: str) -> bool:
        """Count a request. Return False if none is left in the window."""
        start, count = self._current(key)
        if self.limit is None or count < self.limit:
            self.used[key] = (start, count + 1)
            return True
        return False

    def headers(self, key: str, exceeded: bool) -> dict[str, str]:
        """Return what a reply says of the limit."""
        start, count = self._current(key)
        if exceeded:
            reset = max(1, ceil(start + self.window - self.clock()))
            return {"X-RateLimit-Limit": str(self.limit), "X-RateLimit-Reset": str(reset)}
        limit, left = (self.shown, self.shown - 1) if self.limit is None else (self.limit, self.limit - count)
        return {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(left)}

    def _current(self, key: str) -> tuple[float, int]:
        now = self.clock()
        start, count = self.used.get(key, (now, 0))
        return (start, count) if now < start + self.window else (now, 0)
