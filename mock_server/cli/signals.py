"""Waits for the signals that end the process."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from queue import Empty, SimpleQueue
from types import FrameType

# What a shell reports of a program that SIGINT ended.
_INTERRUPTED = 130
# Windows does not wake a thread that waits for a lock when Ctrl-C is pressed.
_PATIENCE = 0.25 if sys.platform == "win32" else None


class Signals:
    """As a context manager, hears SIGTERM, SIGINT, SIGHUP unless `nohup` keeps it away, and, on Windows, SIGBREAK.

    The first one ends `wait`. A second SIGINT ends the process there and then, after `abandon`. A handler of
    our own is needed even for what ends a process anyway: process 1 of a container does not get a signal that it
    has no handler for.
    """

    def __init__(self, abandon: Callable[[], None]) -> None:
        self._abandon = abandon
        self._interrupted = False
        # Not an Event: its lock could be held by the very thread that a handler interrupts.
        self._arrived: SimpleQueue[int] = SimpleQueue()
        self._numbers = [signal.SIGTERM, signal.SIGINT]
        if sys.platform == "win32":
            self._numbers.append(signal.SIGBREAK)
        elif signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            self._numbers.append(signal.SIGHUP)

    def __enter__(self) -> Signals:
        self._before = {number: signal.signal(number, self._hear) for number in self._numbers}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)

    def wait(self) -> None:
        """Return once a signal has come; at once if one has come before."""
        while True:
            try:
                self._arrived.get(timeout=_PATIENCE)
            except Empty:
                continue
            return

    def _hear(self, number: int, _: FrameType | None) -> None:
        if number == signal.SIGINT and self._interrupted:
            self._abandon()
            os._exit(_INTERRUPTED)
        self._interrupted = self._interrupted or number == signal.SIGINT
        self._arrived.put(number)
