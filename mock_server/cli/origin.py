"""Where each setting comes from: a flag before the environment, that before a file, that before the default."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
from click.core import ParameterSource

from mock_server.cli.options import FILE, Setting
from mock_server.cli.table import table


class Origin(NamedTuple):
    """`kind` is flag, environment, file or default; `name` the variable or the file, else empty."""

    kind: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".rstrip()


def origin_of(ctx: click.Context, option: Setting) -> Origin:
    """Tell where the value of an option comes from."""
    match ctx.get_parameter_source(str(option.name)):
        case ParameterSource.COMMANDLINE:
            return Origin("flag")
        case ParameterSource.ENVIRONMENT:
            return Origin("environment", option.variable)
        case ParameterSource.DEFAULT_MAP:
            return Origin("file", str(ctx.meta.get(FILE)))
    return Origin("default")


def settings(ctx: click.Context, leave_out: str) -> Iterator[tuple[str, Any, Origin]]:
    """Yield each setting's name, its value as a flag would take it, and its origin."""
    for option in ctx.command.params:
        if isinstance(option, Setting) and option.name != leave_out:
            value = _plain(ctx.params[str(option.name)])
            yield option.flag, "…" if option.secret and value else value, origin_of(ctx, option)


def write_settings(ctx: click.Context, leave_out: str, form: str) -> str:
    """Write all settings: `text` for a table, `json` for an object of value and origin by name."""
    rows = list(settings(ctx, leave_out))
    if form == "json":
        found = {name: {"value": value, "origin": origin._asdict()} for name, value, origin in rows}
        return json.dumps(found, indent=2, ensure_ascii=False)
    texts = [(name, _text(value), str(origin)) for name, value, origin in rows]
    return table(("SETTING", "VALUE", "ORIGIN"), texts)


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case Path():
            return str(value)
        case tuple() if type(value) is tuple:
            return [_plain(item) for item in value]
    return str(value)


def _text(value: Any) -> str:
    match value:
        case None | []:
            return "-"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(value)
    return str(value)
