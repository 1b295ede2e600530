"""The file that tells others on which port the mock listens."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from mock_server.cli.failure import Failure


class PortFile:
    """Holds a port as one line of digits from `write` to `remove`; without a path it does nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._written = False

    def write(self, port: int) -> None:
        """Put the whole file there at once, so that nobody reads half of it. Raises Failure."""
        if self._path is None:
            return
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            draft.write_text(f"{port}\n", encoding="ascii")
            draft.replace(self._path)
        except OSError as error:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
            raise Failure(f"the port file {self._path} cannot be written: {error.strerror}") from error
        self._written = True

    def remove(self) -> None:
        """Take the file away, if it was written."""
        if self._written and self._path is not None:
            self._written = False
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
