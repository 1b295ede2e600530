"""What a command says on stderr, and how it asks for a key."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

from contract_tests.guard.exchange import printable, printable_lines
from contract_tests.guard.mask import Redactor
from contract_tests.run.settings import KEY_NAME, Ask, Code, Stop

PROGRAM = "bitpeak-mock"


def say(sentence: str) -> None:
    """Say a sentence on stderr, whatever somebody else has put into it."""
    click.echo(printable(sentence), err=True)


def complain(stop: Stop) -> int:
    """Say why there was no run, and return the exit code."""
    click.echo(f"{PROGRAM}: {stop.sentence}", err=True)
    return stop.code


def report_defect(text: str, keys: Iterable[str]) -> int:
    """Say that this program failed, with what a report of it needs and without any key, and return the exit code."""
    for key in keys:
        text = Redactor(key).clean(text)
    click.echo(printable_lines(text), err=True)
    say(f"{PROGRAM}: this is a defect of the program. Please report it with the lines above.")
    return int(Code.DEFECT)


def asker() -> Ask | None:
    """Return what asks for the API key, None if stdin is not a terminal."""
    return _ask if sys.stdin.isatty() else None


def _ask() -> str:
    key: str = click.prompt(f"API key ({KEY_NAME} is not set)", hide_input=True, err=True)
    return key
