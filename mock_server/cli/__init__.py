"""The command line, `bitpeak-mock`.

Nothing here imports a command before it is asked for, so that `--version` and `wait` start at once.
"""

from __future__ import annotations

import sys

import click

from mock_server import __version__
from mock_server.cli.failure import PROGRAM, ExitCode, Failure
from mock_server.cli.group import LazyGroup, Listed
from mock_server.cli.streams import OutputLost, prepare_streams

__all__ = ["COMMANDS", "cli", "main"]

_KIT = "bitpeak-mock[contract]"

# A new command is a module of its own and a line here; its attribute bears the command's name.
COMMANDS = {
    "serve": Listed("mock_server.cli.serve", "Serve the API until told to stop."),
    "wait": Listed("mock_server.cli.wait", "Wait until a mock is ready."),
    "call": Listed("mock_server.cli.call", "Make one request of the API, without a server."),
    "routes": Listed("mock_server.cli.routes", "List the operations and how each can answer."),
    "spec": Listed("mock_server.cli.spec", "Print the OpenAPI document in effect."),
    "questions": Listed(
        "mock_server.cli.questions", "List what is not known of the API, and the answers assumed."
    ),
    "replay": Listed("mock_server.cli.replay", "Make the calls of a failed test again."),
    "evidence": Listed("mock_server.cli.evidence", "Print how well each thing is known."),
    "doctor": Listed("mock_server.cli.doctor", "Say whether the mock's proof is there and fresh."),
    "check": Listed("contract_tests.command.check", "Hold a service against its documentation.", _KIT),
    "learn": Listed("contract_tests.command.learn", "Write what a service does as an overlay.", _KIT),
    "twin": Listed("contract_tests.command.twin", "Compare the mock with a service, call by call.", _KIT),
    "record": Listed(
        "contract_tests.command.record", "Record calls to a service, as a proxy before it.", _KIT
    ),
    "har": Listed("contract_tests.command.record", "Write a recording as an HTTP archive.", _KIT),
    "sweep": Listed("contract_tests.command.sweep", "Delete what a killed check left behind.", _KIT),
}


@click.group(cls=LazyGroup, listed=COMMANDS, invoke_without_command=True)
@click.version_option(__version__, prog_name=PROGRAM)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Mock BitPeak's notification-handlers API, offline, by its OpenAPI document."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> None:
    """Run the command line and exit by `ExitCode`."""
    prepare_streams()
    try:
        cli.main(prog_name=PROGRAM)
    except OutputLost as lost:
        Failure(f"standard output cannot be written: {lost.strerror}").show()
        sys.exit(ExitCode.CANNOT)
    except (
        Exception
    ):  # click has dealt with all that was foreseen: this is a defect, and its traceback is wanted
        sys.excepthook(*sys.exc_info())
        Failure(
            "this is a defect of the program, please report it with the lines above.", ExitCode.DEFECT
        ).show()
        sys.exit(ExitCode.DEFECT)
