"""How many requests, and how fast. Waiting happens here, so that no suite ever has to."""

from __future__ import annotations

import email.utils
import threading
from collections import deque

from contract_tests.guard.refusal import GuardRefusal
from contract_tests.guard.reply import Reply
from contract_tests.guard.settings import GuardSettings
from contract_tests.guard.surface import Surface

_MINUTE = 60.0
_LONG = 5.0  # seconds of waiting that are told


class Budget:
    """The requests of one guard. May be used from any thread.

    Within any 60 seconds no more than `rate` are sent. A service that says that none are left in its window is given
    the time until that window must have ended.
    """

    def __init__(self, settings: GuardSettings, surface: Surface) -> None:
        self._settings = settings
        self._quota = surface.quota
        self._recent: deque[float] = deque()
        self._closed_until = 0.0
        self._opened = 0.0
        self._remaining: int | None = None
        self._lock = threading.Lock()
        self.sent = 0
        self.waited = 0.0

    def take(self, *, patient: bool = True, exempt: bool = False) -> None:
        """Wait until one more request may be sent, and count it.

        Not `patient`: the service's own word that nothing is left does not count. `exempt` from `max_requests`. Raises
        GuardRefusal (`budget`).
        """
        while True:
            with self._lock:
                most = self._settings.max_requests
                if not exempt and most is not None and self.sent >= most:
                    raise GuardRefusal(
                        "budget", f"All {most} requests that this run may make have been made."
                    )
                now = self._settings.clock()
                wait = self._wait(now, patient=patient)
                if wait <= 0:
                    self._recent.append(now)
                    self.sent += 1
                    return
                self.waited += wait
            self._tell(wait, now)
            self._settings.sleep(wait)

    def _tell(self, wait: float, now: float) -> None:
        if wait >= _LONG:
            is_asked = self._closed_until - now >= wait
            why = (
                "the service asks for it"
                if is_asked
                else f"the rate is {self._settings.rate} requests a minute"
            )
            self._settings.tell(f"waiting {wait:.0f} s: {why}")

    def _wait(self, now: float, *, patient: bool) -> float:
        while self._recent and self._recent[0] <= now - _MINUTE:
            self._recent.popleft()
        rate = self._settings.rate
        wait = 0.0
        if rate is None:
            self._recent.clear()
        elif len(self._recent) >= rate:
            wait = self._recent[0] + _MINUTE - now
        return max(wait, self._closed_until - now) if patient else wait

    def learn(self, reply: Reply) -> None:
        """Take note of what an answer says is left."""
        text = reply.header(self._quota.remaining)
        if not (text.isascii() and text.isdigit()) or len(text) > 18:
            return
        with self._lock:
            now, left = self._settings.clock(), int(text)
            if self._remaining is None or left > self._remaining:
                self._opened = now
            self._remaining = left
            if left == 0:
                self._closed_until = max(self._closed_until, self._opened + self._quota.window)

    def close(self, reply: Reply) -> bool:
        """Send nothing until a 429 says so; False where that is longer than the settings allow to wait."""
        wait = self._asked(reply)
        if wait > self._settings.longest_wait:
            return False
        with self._lock:
            self._closed_until = max(self._closed_until, self._settings.clock() + wait)
            self._remaining = None
        return True

    def _asked(self, reply: Reply) -> float:
        """Return the seconds that a 429 asks for: Retry-After, else the document's header, else a whole window."""
        for text in (reply.header("retry-after"), reply.header(self._quota.reset)):
            if text.isascii() and text.isdigit() and len(text) < 10:
                # A clock that is a little ahead of ours must not make us early.
                return float(text) or 1.0
            try:
                moment = email.utils.parsedate_to_datetime(text).timestamp()
            except (TypeError, ValueError):
                continue
            return max(1.0, moment - self._settings.clock())
        return self._quota.window
