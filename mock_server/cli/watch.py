"""Notices that a file has changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

_PERIOD = 0.5
# An editor may write a file in several steps: a change counts once it has rested so long.
_REST = 0.05

# Changes whenever a file does; None stands for a file that is not there.
Stamp = tuple[int, int, int] | None


class Watch:
    """As a context manager, calls `changed` from a thread of its own after any of the files has changed.

    `changed` returns the files to watch from then on. It must not raise.
    """

    def __init__(self, files: Iterable[Path], changed: Callable[[], Iterable[Path]]) -> None:
        self._seen = stamps(files)
        self._changed = changed
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mock-watch", daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.wait(_PERIOD):
            now = stamps(self._seen)
            if now == self._seen:
                continue
            while not self._ended.wait(_REST) and (later := stamps(self._seen)) != now:
                now = later
            if self._ended.is_set():
                return
            # The stamps are from before the files are read, so that a change during that is seen the next time.
            self._seen = {file: now[file] if file in now else _stamp(file) for file in self._changed()}


def stamps(files: Iterable[Path]) -> Mapping[Path, Stamp]:
    """Return the stamp of each file."""
    return {file: _stamp(file) for file in files}


def _stamp(file: Path) -> Stamp:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
