"""The kit's flags as click's options."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from contract_tests.run.flags import FLAGS, Flag

Command = TypeVar("Command", bound=Callable[..., Any])

# What every command needs that opens a run on a target.
_TARGET = (
    "base-url", "api-key-file", "allow-writes", "allow-plain-http", "document", "overlay", "answer", "max-requests",
    "rate", "ledger-dir", "record", "treat-as-live",
)  # fmt: skip
TARGET_FLAGS = tuple(flag for flag in FLAGS if flag.name in _TARGET)
OTHER_KEY = next(flag for flag in FLAGS if flag.name == "other-key-file")


def options(flags: Iterable[Flag]) -> Callable[[Command], Command]:
    """Return a decorator that gives a command these flags, in their order."""

    def decorate(command: Command) -> Command:
        for flag in reversed(tuple(flags)):
            command = click.option(f"--{flag.name}", flag.key, **_kind(flag))(command)
        return command

    return decorate


def _kind(flag: Flag) -> dict[str, Any]:
    kind: dict[str, Any] = {"help": f"{flag.help} [{flag.variable}]", "hidden": flag.hidden}
    if flag.kind == "switch":
        return kind | {"is_flag": True}
    kind["type"] = (
        click.Choice(flag.choices) if flag.choices else click.INT if flag.kind == "number" else click.STRING
    )
    if flag.metavar:
        kind["metavar"] = flag.metavar
    return kind | ({"multiple": True} if flag.kind == "list" else {})
