"""The file of settings: TOML, whose keys are the flags' names."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from mock_server.cli.options import FILE, Setting

# What a file cannot set: itself, and what is asked of one start only.
_NOT_IN_A_FILE = ("config", "print-config")


def take_file(ctx: click.Context, _: click.Parameter, file: Path | None) -> Path | None:
    """Make a file's settings the defaults of a command: the callback of an eager option."""
    if file is not None:
        command = str(ctx.command.name)
        ctx.meta[FILE] = file
        ctx.default_map = read_settings(file, command, ctx.command.params)
    return file


def read_settings(file: Path, command: str, params: list[click.Parameter]) -> dict[str, Any]:
    """Read the table `[command]`, or the top level where there is none. Raises click.BadParameter."""
    data = _read(file)
    known = {
        each.flag: each for each in params if isinstance(each, Setting) and each.flag not in _NOT_IN_A_FILE
    }
    inner = data.get(command)
    if isinstance(inner, dict):
        outside = [key for key, value in data.items() if not isinstance(value, dict)]
        if outside:
            raise click.BadParameter(
                f"{file}: {outside[0]!r} stands outside [{command}], move it into that table."
            )
        data = inner
    elif tables := [key for key, value in data.items() if isinstance(value, dict) and key not in known]:
        raise click.BadParameter(
            f"{file}: the table [{tables[0]}] is none of {command}'s, call it [{command}]."
        )
    return {str(known[key].name): _value(file, known[key], value) for key, value in _known(file, data, known)}


def _read(file: Path) -> dict[str, Any]:
    import tomllib  # late: few starts have such a file

    try:
        return tomllib.loads(file.read_bytes().decode())
    except OSError as error:
        raise click.BadParameter(f"{file} cannot be read ({error.strerror}), check its name.") from None
    except UnicodeDecodeError:
        raise click.BadParameter(f"{file} is not UTF-8, save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise click.BadParameter(f"{file} is not well-formed TOML: {error}.") from None


def _known(file: Path, data: Mapping[str, Any], known: Mapping[str, Setting]) -> list[tuple[str, Any]]:
    for key in data:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"choose from {', '.join(known)}."
            raise click.BadParameter(f"{file} has the unknown key {key!r}, {hint}")
    return list(data.items())


def _value(file: Path, option: Setting, value: Any) -> Any:
    """Return a value as click takes it from a file: texts, so that they are read as those of a flag are."""
    match value:
        case bool() if option.is_flag:
            return value
        case [*items] if option.multiple and all(isinstance(item, str) for item in items):
            return items
        case str() if not option.is_flag:
            return [value] if option.multiple else value
        case int() if not isinstance(value, bool) and not option.is_flag and not option.multiple:
            return str(value)
    wanted = (
        "true or false"
        if option.is_flag
        else "a list of texts"
        if option.multiple
        else "a text or a whole number"
    )
    raise click.BadParameter(f"{file}: {option.flag!r} must be {wanted}.")
