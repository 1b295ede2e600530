"""Standard input, output and error, whatever those who start the program have made of them."""

from __future__ import annotations

import os
import sys
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import Any


class OutputLost(OSError):
    """Standard output takes nothing: its disk is full, or it is closed."""


class _Output(FileIO):
    """Standard output beneath its buffer. It fails once: what comes after that is dropped.

    Python would else try again at its end, and complain in its own words.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self._is_lost = False

    def write(self, data: Any, /) -> int:
        """Write what can be written at once. Raises OutputLost, and BrokenPipeError, which click deals with."""
        if self._is_lost:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except OSError as error:
            self._is_lost = True
            if isinstance(error, BrokenPipeError):
                raise
            raise OutputLost(error.errno, error.strerror) from error


def prepare_streams() -> None:
    """Put something in the place of a stream that is closed, and let what is written say when it is lost.

    A closed input is at its end, what goes to closed standard errors is dropped, and a closed output fails when it is
    written to. Its descriptor is taken, as else a file that is opened later would get it, and the output with it.
    """
    if sys.stdin is None:
        sys.stdin = _nothing("r")
    if sys.stdout is None:
        sys.stdout = _text(os.open(os.devnull, os.O_RDONLY))
    elif isinstance(sys.stdout, TextIOWrapper) and sys.stdout.isatty():
        # A terminal without some letter gets it spelled out, rather than an error in place of the output.
        sys.stdout.reconfigure(errors="backslashreplace")
    elif isinstance(sys.stdout, TextIOWrapper):
        sys.stdout = _text(sys.stdout.fileno(), sys.stdout.encoding)
    if sys.stderr is None:
        sys.stderr = _nothing("w")


def _text(descriptor: int, encoding: str = "utf-8") -> TextIOWrapper:
    return TextIOWrapper(BufferedWriter(_Output(descriptor)), encoding, "backslashreplace")


def _nothing(mode: str) -> Any:
    return open(os.devnull, mode, encoding="utf-8")  # noqa: PTH123 - it stays open
