"""Messages on stderr, and the prompt for a key."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

from contract_tests.guard.exchange import printable, printable_lines
from contract_tests.guard.mask import Redactor
from contract_tests.run.settings import KEY_NAME, Ask, Code, Stop

PROGRAM = "bitpeak-mock"


def say(sentence: str) -> None:
    """Print a sentence on stderr, with characters that a terminal would obey made visible."""
    click.echo(printable(sentence), err=True)


def complain(stop: Stop) -> int:
    """Print why there was no run, and return the exit code."""
    click.echo(f"{PROGRAM}: {stop.sentence}", err=True)
    return stop.code


def report_defect(text: str, keys: Iterable[str]) -> int:
    """Report an internal error, with what a bug report needs and without keys, and return the exit code."""
    for key in keys:
        text = Redactor(key).clean(text)
    click.echo(printable_lines(text), err=True)
    say(f"{PROGRAM}: this is a defect of the program. Please report it with the lines above.")
    return int(Code.DEFECT)


def asker() -> Ask | None:
    """Return a function that prompts for the API key, or None if stdin is not a terminal."""
    return _ask if sys.stdin.isatty() else None


def _ask() -> str:
    key: str = click.prompt(f"API key ({KEY_NAME} is not set)", hide_input=True, err=True)
    return key
