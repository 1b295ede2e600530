"""What all commands of the kit share: their options, and a target behind the guard that is cleaned up at the end."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from contextlib import ExitStack

import click
import requests

from contract_tests.guard import Terminated, interruptible
from contract_tests.guard.exchange import printable, printable_lines
from contract_tests.guard.mask import Redactor
from contract_tests.run.settings import KEY_NAME, Ask, Code, RunSettings, Stop
from contract_tests.session.opening import Opening, close_guard, open_run

PROGRAM = "bitpeak-mock"


def say(sentence: str) -> None:
    """Say a sentence on stderr, whatever somebody else has put into it."""
    click.echo(printable(sentence), err=True)


def run_guarded(
    settings: RunSettings, work: Callable[[Opening], int], tell: Callable[[str], None] = say
) -> int:
    """Open a run, do the work, clean up, and return the exit code. Whatever a person has to know goes to stderr.

    `tell` hears what is waited for.
    """
    opening: Opening | None = None
    with ExitStack() as stack:
        if threading.current_thread() is threading.main_thread():
            stack.enter_context(interruptible(lambda: opening is not None and opening.guard.is_cleaning))
        try:
            opening = open_run(settings, tell)
            code = work(opening)
        except Stop as stop:
            code = complain(stop)
        except requests.RequestException as error:
            code = complain(Stop(Code.UNREACHABLE, f"the guard gave no answer: {type(error).__name__}"))
        except Terminated as end:
            click.echo(f"{PROGRAM}: {end}.", err=True)
            code = end.code
        except OSError as error:
            code = complain(Stop(Code.CANNOT, f"{error.filename or 'a file'}: {error.strerror or error}"))
        except Exception as error:
            code = report_defect("".join(traceback.format_exception(error)), settings.keys)
        finally:
            is_clean = opening is None or _close(settings, opening)
    if opening is not None and (opening.guard.fault or opening.recording_fault):
        return Code.CANNOT
    return code if is_clean or code not in {Code.FINE, Code.NOTHING} else Code.FINDINGS


def _close(settings: RunSettings, opening: Opening) -> bool:
    """Clean up, say why the run wrote no more and what may be left, and tell whether there is nothing to say."""
    opening.run.api.close()
    opening.end_recording()
    cleaned = opening.guard.clean_up()
    faults = [fault for fault in (opening.guard.fault, opening.recording_fault) if fault]
    sentences = [*(alarm.sentence for alarm in opening.guard.alarms), *faults, *cleaned.sentences]
    if not cleaned.complete:
        sentences.append(f"To finish the clean-up: bitpeak-mock sweep {opening.guard.ledger_file}")
    for sentence in sentences:
        say(f"{PROGRAM}: {opening.clean(sentence)}")
    close_guard(settings, opening.guard)
    return not sentences


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
    """Return what asks for the API key, None where nobody could answer."""
    return _ask if sys.stdin.isatty() else None


def _ask() -> str:
    key: str = click.prompt(f"API key ({KEY_NAME} is not set)", hide_input=True, err=True)
    return key
