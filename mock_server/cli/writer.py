"""Writes the log from a thread of its own, so that nobody's slow terminal or full pipe holds up an answer."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

Item = TypeVar("Item")

# Seconds in which more lines may gather for one write: no person notices, and a busy mock writes less often.
_GATHER = 0.01
# Lines that wait for a reader that does not read, beyond which lines are lost rather than memory.
_MOST = 10_000


class Writer(Generic[Item]):
    """Renders and writes items in their order. `put` may be called from any thread; it neither waits nor raises."""

    def __init__(self, render: Callable[[Item], str], lost: Callable[[int], Item]) -> None:
        self._render = render
        self._lost = lost
        self._lost_count = 0
        self._queue: SimpleQueue[Item | None] = SimpleQueue()
        self._write = standard_error()
        self._thread = threading.Thread(target=self._run, name="mock-log", daemon=True)
        self._thread.start()

    def put(self, item: Item) -> None:
        """Have an item written soon."""
        if self._queue.qsize() < _MOST:
            self._queue.put(item)
        else:
            self._lost_count += 1

    def close(self, seconds: float = 1.0) -> None:
        """Write what waits, for at most so many seconds."""
        self._queue.put(None)
        self._thread.join(seconds)

    def _run(self) -> None:
        open_ = True
        while open_:
            batch = [self._queue.get()]
            if batch[0] is not None:
                time.sleep(_GATHER)
            with contextlib.suppress(Empty):
                while len(batch) < _MOST and batch[-1] is not None:
                    batch.append(self._queue.get_nowait())
            open_ = batch[-1] is not None
            # Whatever goes wrong with these lines, the next ones are to be written.
            with contextlib.suppress(Exception):
                self._write("".join(self._lines(batch)))

    def _lines(self, batch: list[Item | None]) -> Iterator[str]:
        if self._lost_count:
            count, self._lost_count = self._lost_count, 0
            yield self._render(self._lost(count))
        for item in batch:
            if item is not None:
                with contextlib.suppress(Exception):
                    yield self._render(item)


def standard_error() -> Callable[[str], None]:
    """Return what writes a text to standard error; a closed one swallows it.

    A pipe is written to beneath Python's buffer: if its reader stalls while the process ends, a thread inside
    that buffer would take the interpreter down with a fatal error.
    """
    stream = sys.stderr
    try:
        descriptor = stream.fileno()
    except (AttributeError, OSError, ValueError):
        return lambda _: None
    if stream.isatty():
        return _to_terminal
    encoding = stream.encoding or "utf-8"
    return lambda text: _write_all(descriptor, text.encode(encoding, "backslashreplace"))


def _to_terminal(text: str) -> None:
    # Through Python's own stream, which knows how a Windows console wants its characters.
    sys.stderr.write(text)
    sys.stderr.flush()


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(descriptor, left) :]
        except BlockingIOError:
            time.sleep(_GATHER)
