"""The command line, `bitpeak-mock`.

A command's module is imported when the command is called, so `--version` and `wait` start at once. Modules of commands
import heavy modules in their functions: see `mock_server.cli.options`.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any, NamedTuple

import click

from mock_server import __version__
from mock_server.cli.terminal import PROGRAM, ExitCode, Failure, OutputLost, prepare_streams

__all__ = ["COMMANDS", "cli", "main"]

_EPILOG = f"Run `{PROGRAM} COMMAND --help` for the options of a command."
_KIT, _EXTRA = "contract_tests.command.commands", "bitpeak-mock[contract]"
_INTERRUPTED = 130  # what a shell says of a process that SIGINT ended


class Listed(NamedTuple):
    """A command: its module, the line for it in the group's help, and the extra to install for it."""

    module: str
    help: str
    extra: str = ""


# To add a command, write a module and list it here. The function has the name of the command.
_SECTIONS = {
    "Mock": {
        "serve": Listed("mock_server.cli.serve", "Serve the API until it is told to stop."),
        "wait": Listed("mock_server.cli.wait", "Wait until a mock is ready."),
        "call": Listed("mock_server.cli.calls", "Make one request, without a server."),
        "state": Listed("mock_server.cli.calls", "Print what a world holds, as a seed."),
        "replay": Listed("mock_server.cli.calls", "Repeat the calls of a failed test."),
    },
    "Document": {
        "routes": Listed("mock_server.cli.documents", "List the operations and their responses."),
        "spec": Listed("mock_server.cli.documents", "Print the effective OpenAPI document."),
        "questions": Listed("mock_server.cli.documents", "List what is unknown about the API, and what is assumed."),
        "evidence": Listed("mock_server.cli.documents", "Print how well each part of the document is known."),
        "doctor": Listed("mock_server.cli.documents", "Check that the mock's proof exists and is fresh."),
    },
    f"Contract tests (pip install '{_EXTRA}')": {
        "check": Listed(_KIT, "Test a service against its documentation.", _EXTRA),
        "learn": Listed(_KIT, "Write what a service does as an overlay.", _EXTRA),
        "twin": Listed(_KIT, "Compare the mock with a service, call by call.", _EXTRA),
        "record": Listed(_KIT, "Record calls to a service through a proxy.", _EXTRA),
        "har": Listed(_KIT, "Write a recording as an HTTP archive (HAR).", _EXTRA),
        "sweep": Listed(_KIT, "Delete what a killed run left at a service.", _EXTRA),
    },
}  # fmt: skip
COMMANDS = {name: listed for section in _SECTIONS.values() for name, listed in section.items()}


class LazyGroup(click.Group):
    """A group that knows the names and help lines of its commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click gives it
        """Return the names in the order of the list."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - likewise
        """Import a command. Return None if it does not exist."""
        listed = COMMANDS.get(cmd_name)
        if listed is None:
            return None
        command: click.Command = getattr(importlib.import_module(listed.module), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Ctrl-C ends it as a shell expects, also during imports and prompts.

        Raises Failure if its extra is missing.
        """
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort) as end:
            click.echo(f"{PROGRAM}: {str(end) or 'ended by Ctrl-C'}.", err=True)
            ctx.exit(getattr(end, "code", _INTERRUPTED))
        except ModuleNotFoundError as error:
            name = ctx.invoked_subcommand or ""
            if name not in COMMANDS or not COMMANDS[name].extra:
                raise
            sentence = (
                f"`{name}` needs the package {error.name!r}. Run: pip install '{COMMANDS[name].extra}'."
            )
            raise Failure(sentence) from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command. The error for an unknown one lists those that exist."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            ctx.fail(f"No such command {name!r}. Choose from {', '.join(COMMANDS)}.")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - likewise
        """Write the commands by section."""
        width = max(map(len, COMMANDS))
        for title, commands in _SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), listed.help) for name, listed in commands.items()])


@click.group(cls=LazyGroup, invoke_without_command=True, epilog=_EPILOG)
@click.version_option(__version__, prog_name=PROGRAM)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Offline mock of BitPeak's notification-handlers API, driven by its OpenAPI document."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> None:
    """Run the command line and exit with an `ExitCode`."""
    prepare_streams()
    try:
        cli.main(prog_name=PROGRAM)
    except OutputLost as lost:
        Failure(f"Cannot write to standard output: {lost.strerror}").show()
        sys.exit(ExitCode.CANNOT)
    except Exception:  # click handles all expected errors, so this is a bug
        sys.excepthook(*sys.exc_info())
        Failure("Internal error. Please report it with the lines above.", ExitCode.DEFECT).show()
        sys.exit(ExitCode.DEFECT)
