"""How a command ends when it does not succeed: one sentence and an exit code."""

from __future__ import annotations

import sys
from enum import IntEnum
from typing import IO, Any

import click

PROGRAM = "bitpeak-mock"


class ExitCode(IntEnum):
    """What the process says when it ends."""

    OK = 0
    NO = 1  # the command worked, and its answer is no
    USAGE = 2  # click's own, for wrong flags
    CANNOT = 3  # a file, an address or a certificate is not what the command needs
    UNREACHABLE = 4
    NOTHING = 5  # nothing was executed, which is no success
    DEFECT = 70  # of the program itself: EX_SOFTWARE of sysexits.h


class Failure(click.ClickException):
    """What was foreseen: shown as one sentence on standard error, without a traceback."""

    def __init__(self, sentence: str, code: ExitCode = ExitCode.CANNOT) -> None:
        sentence = " ".join(sentence.split())
        super().__init__(sentence if sentence.endswith((".", "?", "!")) else f"{sentence}.")
        self.exit_code = code  # type: ignore[misc]  # each failure has its own

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the sentence, after the program's name."""
        click.echo(f"{PROGRAM}: {self.message}", file=file or sys.stderr)
