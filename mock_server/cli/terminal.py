"""Output of the program: exit codes, failures in one sentence, tables, and lost standard streams."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import IO, Any

import click

PROGRAM = "bitpeak-mock"

# Requests can contain any bytes. They must not move the cursor of a terminal or begin a line.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {0x2028: " ", 0x2029: " "}
# These change the direction of writing.
_CONTROLS |= {code: f"\\u{code:04x}" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}


class ExitCode(IntEnum):
    """Exit codes of all commands."""

    OK = 0
    NO = 1  # the command ran, and the result is negative
    USAGE = 2  # click's own, for wrong options
    CANNOT = 3  # a file, an address or a certificate cannot be used
    UNREACHABLE = 4
    NOTHING = 5  # nothing was executed, which is not a success
    DEFECT = 70  # an error of the program itself: EX_SOFTWARE of sysexits.h


class Failure(click.ClickException):
    """An expected error. It is shown as one sentence on standard error, without a traceback."""

    def __init__(self, sentence: str, code: ExitCode = ExitCode.CANNOT) -> None:
        sentence = " ".join(sentence.split())
        super().__init__(sentence if sentence.endswith((".", "?", "!")) else f"{sentence}.")
        self.exit_code = code  # type: ignore[misc]  # each failure has its own

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the sentence after the name of the program."""
        click.echo(f"{PROGRAM}: {clean(self.message)}", file=file or sys.stderr)


def clean(text: str) -> str:
    """Return a text with its control characters escaped, safe to print in one line."""
    return text.translate(_CONTROLS)


def say(text: str) -> None:
    """Print lines of a text that a document, an overlay or a recording may have written, safely."""
    click.echo("\n".join(map(clean, text.split("\n"))))


def remark_lines(sentences: Iterable[str], hint: str, defect: str | None) -> Iterator[str]:
    """Yield lines about the violations of a request, its hint, and an internal error of the mock."""
    for sentence in sentences:
        yield f"! {clean(sentence)}"
    if hint:
        yield f"? {clean(hint)}"
    if defect:
        yield f"DEFECT {clean(defect)}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows as a table, with columns as wide as their widest cell and two spaces apart."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


class OutputLost(OSError):
    """Standard output cannot be written: its disk is full, or it is closed."""


class _Output(FileIO):
    """The raw stream of standard output. It fails once, and drops everything after that.

    Otherwise Python would try again at exit, and fail with its own message.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self._is_lost = False

    def write(self, data: Any, /) -> int:
        """Write what can be written at once. Raises OutputLost, or BrokenPipeError, which click handles."""
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
    """Replace standard streams that are closed, and make a failing standard output raise OutputLost.

    A closed input is empty, a closed error stream drops everything, and a closed output fails on the first write. Its
    descriptor is taken, so that no file opened later gets it, and the output with it.
    """
    if sys.stdin is None:
        sys.stdin = _null("r")
    if sys.stdout is None:
        sys.stdout = _output(os.open(os.devnull, os.O_RDONLY))
    elif isinstance(sys.stdout, TextIOWrapper) and sys.stdout.isatty():
        # Characters that a terminal lacks are escaped, and are not an error.
        sys.stdout.reconfigure(errors="backslashreplace")
    elif isinstance(sys.stdout, TextIOWrapper):
        sys.stdout = _output(sys.stdout.fileno(), sys.stdout.encoding)
    if sys.stderr is None:
        sys.stderr = _null("w")


def _output(descriptor: int, encoding: str = "utf-8") -> TextIOWrapper:
    return TextIOWrapper(BufferedWriter(_Output(descriptor)), encoding, "backslashreplace")


def _null(mode: str) -> Any:
    return open(os.devnull, mode, encoding="utf-8")  # noqa: PTH123 - it stays open
