"""Tells how far a run is: a bar on a terminal, else a line for each suite."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

from contract_tests.run.settings import RunSettings

_WIDTH = 24
_PAUSE = 0.1  # seconds between two drawings of the bar
_CLEAR = "\r\x1b[K"
_EARLY = 0.05  # below this share an estimate of the time left would jump about


class Progress:
    """Writes to a stream. `begin` first, then `suite` and `step` as tests pass, then `end`."""

    def __init__(
        self, stream: TextIO, settings: RunSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._settings = settings
        self._clock = clock
        self._is_bar = stream.isatty()
        self._begun = self._drawn = clock()
        # The suite that each worker is in, with its tests so far and those that failed.
        self._suites: dict[str, tuple[str, int, int]] = {}
        self._done, self._all = 0, 0

    def begin(self, tests: int) -> None:
        """Say how many tests there are."""
        self._all = tests
        self._begun = self._clock()

    def note(self, sentence: str) -> None:
        """Say what goes on before the first test, after the last one, or where nothing does for a while."""
        self._stream.write(f"{_CLEAR}{sentence}" if self._is_bar else f"{sentence}\n")
        self._stream.flush()

    def step(self, suite: str, *, failed: bool, sent: int, worker: str = "") -> None:
        """Take note of a finished test; `sent` requests have been sent so far."""
        before, tests, failures = self._suites.get(worker, (suite, 0, 0))
        if suite != before:
            self._close_suite(worker)
            tests = failures = 0
        self._suites[worker] = suite, tests + 1, failures + failed
        self._done += 1
        self.draw(sent)

    def draw(self, sent: int) -> None:
        """Draw the bar, if there is one and it has not been drawn just now."""
        now = self._clock()
        if not self._is_bar or now - self._drawn < _PAUSE:
            return
        self._drawn = now
        share = self._done / self._all if self._all else 0.0
        filled = round(share * _WIDTH)
        bar = "█" * filled + "░" * (_WIDTH - filled)
        suites = ", ".join(dict.fromkeys(suite for suite, _, _ in self._suites.values())) or "…"
        self._stream.write(f"{_CLEAR}{bar} {suites} · {self._requests(sent)}{self._time_left(share, sent)}")
        self._stream.flush()

    def end(self) -> None:
        """Say what the last suites came to, and take the bar away."""
        for worker in self._suites:
            self._close_suite(worker)
        self.wipe()

    def wipe(self) -> None:
        """Take away what stands in the place of the bar."""
        if self._is_bar:
            self._stream.write(_CLEAR)
            self._stream.flush()

    def _close_suite(self, worker: str) -> None:
        if not self._is_bar:
            suite, tests, failures = self._suites[worker]
            failed = f", {failures} failed" if failures else ""
            said = "1 test" if tests == 1 else f"{tests} tests"
            self._stream.write(f"{f'{worker}, ' if worker else ''}{suite}: {said}{failed}\n")
            self._stream.flush()

    def _requests(self, sent: int) -> str:
        budget = self._settings.max_requests
        return f"{sent} requests" if budget is None else f"{sent} of {budget} requests"

    def _time_left(self, share: float, sent: int) -> str:
        """Estimate by what the tests took so far, and at the worst by the budget and the rate."""
        if share < _EARLY:
            return ""
        left = (self._clock() - self._begun) * (1 - share) / share
        if self._settings.max_requests is not None and self._settings.rate is not None:
            left = min(left, max(0, self._settings.max_requests - sent) * 60 / self._settings.rate)
        minutes, seconds = divmod(round(left), 60)
        return f" · about {minutes} min {seconds} s left" if minutes else f" · about {seconds} s left"
