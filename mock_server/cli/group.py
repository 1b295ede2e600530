"""A group of commands, each imported only when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import click

from mock_server.cli.collector import at_rest
from mock_server.cli.failure import Failure


class Listed(NamedTuple):
    """Where a command stands, and the line that the group's help has for it.

    `extra` is what must be installed for it beside the mock itself.
    """

    module: str
    help: str
    extra: str = ""


class LazyGroup(click.Group):
    """Knows the names and the help lines of its commands without importing any."""

    def __init__(self, *args: Any, listed: Mapping[str, Listed], **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self._listed = listed

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click gives it
        """Return the names in the order of the list."""
        return list(self._listed)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - likewise
        """Import a command, or return None where there is none of this name."""
        if cmd_name not in self._listed:
            return None
        # Here and not at the top: the server's commands import the schemas and the YAML reader, which takes longer than
        # all that `wait` has to do.
        listed = self._listed[cmd_name]
        try:
            with at_rest():
                module = importlib.import_module(listed.module)
        except ModuleNotFoundError as error:
            if not listed.extra:
                raise
            sentence = (
                f"`{cmd_name}` needs more than the mock: install {listed.extra} (there is no {error.name})."
            )
            raise Failure(sentence) from error
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; where there is none, say which there are."""
        name = args[0]
        if name not in self._listed and not name.startswith("-") and not ctx.resilient_parsing:
            ctx.fail(f"there is no command {name!r}, choose from {', '.join(self._listed)}.")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - likewise
        """Write the names and their lines."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in self._listed.items()])
