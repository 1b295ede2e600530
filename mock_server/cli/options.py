"""Flags that can also be set by an environment variable or a file, and those that several commands share."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

PREFIX = "BITPEAK_MOCK_"

# Where the file that gave a context its default_map is remembered.
FILE = "mock_server.cli.file"

_SWITCH = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(("0", "false", "no", "off"), False)

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
Decorator = Callable[[Any], Any]


class Setting(click.Option):
    """A flag with an environment variable of its own; an error names whichever of the two was wrong.

    The variable is the flag's name after BITPEAK_MOCK_. Where the flag may be repeated, commas separate the
    variable's values; an empty variable counts as unset. `fallback` is a second, weaker variable. A `secret` is never
    printed.
    """

    def __init__(
        self, *args: Any, fallback: str | None = None, secret: bool = False, **attributes: Any
    ) -> None:
        attributes.setdefault("show_envvar", True)
        super().__init__(*args, **attributes)
        self.secret = secret
        own = f"{PREFIX}{str(self.name).upper()}"
        self.envvar: str | list[str] = own if fallback is None else [own, fallback]

    @property
    def flag(self) -> str:
        """The flag's name without dashes before it: the key in a file."""
        return str(self.name).replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment variable that is in effect, the flag's own where none is."""
        names = [self.envvar] if isinstance(self.envvar, str) else self.envvar
        return next((name for name in names if os.environ.get(name)), names[0])

    def value_from_envvar(self, ctx: click.Context) -> Any:
        """Return the value of the variable: the parts between commas, or true or false, where the flag is such."""
        text = self.resolve_envvar_value(ctx)
        if text is None:
            return None
        if self.multiple:
            return [part.strip() for part in text.split(",") if part.strip()]
        if not self.is_flag:
            return text
        value = _SWITCH.get(text.strip().lower())
        if value is None:
            hint = f"the environment variable {self.variable}"
            raise click.BadParameter(f"{text!r} is neither on nor off, write 1 or 0.", param_hint=hint)
        return value

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Name what was wrong: the flag, the variable, or the key and its file."""
        source = ctx.get_parameter_source(str(self.name)) if ctx else None
        if source is ParameterSource.ENVIRONMENT:
            return f"the environment variable {self.variable}"
        if ctx is not None and source is ParameterSource.DEFAULT_MAP:
            return f"{self.flag!r} in {ctx.meta.get(FILE)}"
        return "/".join(f"'{each}'" for each in (*self.opts, *self.secondary_opts))


setting = functools.partial(click.option, cls=Setting)

# Whether a file exists and can be read is said by who reads it, with file and line.
file_type = click.Path(path_type=Path)

_DOCUMENT = setting(
    "--document",
    metavar="FILE",
    type=file_type,
    help="The OpenAPI document to serve, in place of the packaged one.",
)
_OVERLAY = setting(
    "--overlay", metavar="FILE|NAME", multiple=True,
    help="An OpenAPI Overlay that changes the document: a file, or the name of a packaged one. May be repeated; "
    "commas separate several in the variable.",
)  # fmt: skip
_ANSWER = setting(
    "--answer", metavar="QUESTION=ANSWER", multiple=True,
    help="Another answer to an open question (see `bitpeak-mock questions`). May be repeated; commas separate "
    "several in the variable.",
)  # fmt: skip

seed_option = setting(
    "--seed", metavar="FILE", type=file_type,
    help="A YAML list of the handlers that every key begins with, in place of the document's.",
)  # fmt: skip
strict_option = setting(
    "--strict/--no-strict", default=False, show_default=True,
    help="Refuse what the document forbids though the service lets it pass in silence.",
)  # fmt: skip

document_options: tuple[Decorator, ...] = (_DOCUMENT, _OVERLAY, _ANSWER)
format_option = click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="A table for people, or JSON for programs.",
)  # fmt: skip


def options(*decorators: Decorator) -> Callable[[Decorated], Decorated]:
    """Put several options on a command; its help lists them in this order."""

    def decorate(function: Decorated) -> Decorated:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate
