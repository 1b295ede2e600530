"""`bitpeak-mock replay`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import click

from mock_server.capsule import Capsule, NoCapsule, ReplayedCall, play, write_curl, write_har, write_test
from mock_server.cli.failure import ExitCode, Failure
from mock_server.cli.flags import settings_of
from mock_server.cli.lines import clean
from mock_server.cli.loading import flask_of, load_mock
from mock_server.cli.options import file_type, format_option
from mock_server.client import AppChannel, ControlError, RunningMock


@click.command
@click.argument("file", type=file_type)
@click.option(
    "--as",
    "form",
    type=click.Choice(["curl", "pytest", "har"]),
    help="Write the calls out instead of making them.",
)
@format_option
@click.pass_context
def replay(ctx: click.Context, /, file: Path, form: str | None, format_: str) -> None:
    """Restore the worlds of a failed test in a fresh mock, make its calls again, and exit with 1 if an answer differs.

    FILE is a capsule, as the pytest plugin leaves it where a test failed. Each call is made at its own time, by the
    world's clock, so that the answers are the same to the second.
    """
    capsule = _read(file)
    if form is not None:
        click.echo(_written(capsule, form), nl=False)
        return
    outcomes = _replayed(capsule, file)
    click.echo(_json(outcomes) if format_ == "json" else "\n".join(_lines(outcome) for outcome in outcomes))
    if not outcomes:
        raise Failure(f"{file} has no call to make again.", ExitCode.NOTHING)
    ctx.exit(ExitCode.NO if any(outcome.difference for outcome in outcomes) else ExitCode.OK)


def _read(file: Path) -> Capsule:
    try:
        return Capsule.read(file)
    except NoCapsule as error:
        raise Failure(str(error)) from error
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}.") from error


def _written(capsule: Capsule, form: str) -> str:
    match form:
        case "curl":
            return write_curl(capsule)
        case "pytest":
            return write_test(capsule)
    return json.dumps(write_har(capsule), indent=1) + "\n"


def _replayed(capsule: Capsule, file: Path) -> list[ReplayedCall]:
    try:
        settings = settings_of(capsule.flags)
        with RunningMock(AppChannel(flask_of(load_mock(settings)))) as mock:
            if mock.info["document"]["digest"] != capsule.info["document"]["digest"]:
                click.echo("note: the document is not the one that the test ran against.", err=True)
            return list(play(capsule, mock))
    except (ControlError, ValueError) as error:
        raise Failure(f"{file} cannot be restored: {error}") from error


def _lines(outcome: ReplayedCall) -> str:
    call = outcome.call
    line = f"{'DIFFERS' if outcome.difference else 'same   '} {call.method} {call.target} {call.status}"
    return clean(line) + (f"\n        {clean(outcome.difference)}" if outcome.difference else "")


def _json(outcomes: list[ReplayedCall]) -> str:
    counts = Counter(bool(outcome.difference) for outcome in outcomes)
    calls = [
        {
            "world": outcome.world,
            "number": outcome.call.number,
            "method": outcome.call.method,
            "target": outcome.call.target,
            "status": outcome.call.status,
            "difference": outcome.difference or None,
        }
        for outcome in outcomes
    ]
    return json.dumps({"calls": calls, "same": counts[False], "different": counts[True]}, indent=2)
