"""Turns the signals that end a process into an exception, so that a run cleans up before it goes."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# Not all of them exist on every system.
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
_STUBBORN = 3  # so many signals stop even a clean-up; the sweep can finish it


class Terminated(KeyboardInterrupt):
    """A signal asks the process to end. `code` is the exit code that a shell expects of it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.code = 128 + number


@contextmanager
def interruptible(is_cleaning: Callable[[], bool]) -> Iterator[None]:
    """Raise Terminated in the main thread at SIGINT, SIGTERM, SIGBREAK, or SIGHUP unless `nohup` keeps it away.

    Put it around the guard. A signal that comes while `is_cleaning` says so is taken note of and let go, unless it
    is the third. To be used in the main thread only: Python raises ValueError elsewhere.
    """
    heard: list[int] = []

    def handle(number: int, _: FrameType | None) -> None:
        heard.append(number)
        if not is_cleaning() or len(heard) >= _STUBBORN:
            raise Terminated(number)

    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        numbers.remove(signal.SIGHUP)
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
