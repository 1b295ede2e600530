"""Requests a key may make in a window of time (evidence: B, 60 a minute)."""

from __future__ import annotations

import math

# Requests allowed in a window, those left of it, and the whole seconds until it ends.
Shown = tuple[int, int, int]


class Quota:
    """A fixed window that opens with the first request in it.

    Unmetered, it counts nothing and says that all is left: a mock must not make its users wait unless they ask.
    """

    def __init__(self, requests: int, seconds: float, *, metered: bool) -> None:
        self.requests = requests
        self.seconds: float = seconds
        self.metered = metered
        self._opened = -math.inf
        self._used = 0

    def used_at(self, now: float) -> int:
        """Return the requests made in the window that is open at `now`."""
        return self._used if self._is_open(now) else 0

    def remaining_at(self, now: float) -> int:
        """Return the requests left in the window that is open at `now`, or in a new one."""
        return max(0, self.requests - self.used_at(now))

    def lift(self) -> None:
        """Count nothing from now on; what was counted is forgotten, so that all is left."""
        self.metered, self._opened, self._used = False, -math.inf, 0

    def use(self, requests: int, now: float, left: float | None = None) -> None:
        """Open a window in which so many requests were made already, with so many seconds left, else at `now`."""
        self._opened = now if left is None else now + left - self.seconds
        self._used = requests

    def spend(self, now: float) -> bool:
        """Count one request at `now`, in seconds of the world's clock; False where the quota was used up."""
        if not self.metered:
            return True
        if not self._is_open(now):
            self._opened, self._used = now, 0
        self._used += 1
        return self._used <= self.requests

    def shown(self, now: float) -> Shown:
        """Return what headers can show at `now`."""
        if not self.metered:
            return self.requests, self.requests, 0
        return self.requests, self.remaining_at(now), self.reset_in(now)

    def reset_in(self, now: float) -> int:
        """Return the whole seconds until the window ends, at least one while it is open, 0 where none is."""
        return max(0, math.ceil(self._opened + self.seconds - now)) if self._opened > -math.inf else 0

    def _is_open(self, now: float) -> bool:
        return self._opened <= now < self._opened + self.seconds
