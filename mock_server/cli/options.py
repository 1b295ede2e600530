"""Options: types, environment variables, the file of --config and the origins of values; and loading of documents.

Other packages of the mock are imported in functions, so that `--help` does not import them.
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from mock_server.cli.terminal import Failure, table
from mock_server.settings import Latency, Settings, Size

if TYPE_CHECKING:
    from mock_server.contract import Contract
    from mock_server.document import Document
    from mock_server.mock import Mock, Observer

PREFIX = "BITPEAK_MOCK_"
# Settings of one start only.
_NOT_IN_A_FILE = ("config", "print-config")

Command = TypeVar("Command", bound=Callable[..., Any])
Value = TypeVar("Value")

# The most bytes of a file of --config, because the time to read a dotted key grows with the square of its length.
_LARGEST_FILE = 16 << 10


class Invalid(click.BadParameter):
    """A wrong value. The message begins with the option, the variable or the file."""

    def format_message(self) -> str:
        """Return the message without click's 'Invalid value for', as it says so itself."""
        hint = self.param.get_error_hint(self.ctx).strip("'") if self.param is not None else ""
        return f"{hint}: {self.message}" if hint else self.message


class Setting(click.Option):
    """An option with an environment variable: BITPEAK_MOCK_ and its name. A command may take it from a file, too.

    The command's flag --ignore-env, if it has one, hides all variables. In the variable of a repeatable option, commas
    separate the values. `fallback` is a second, weaker variable.
    `section` is the heading of the option in the help of a `SectionedCommand`.
    """

    def __init__(self, *args: Any, fallback: str = "", section: str = "Options", **attributes: Any) -> None:
        super().__init__(*args, **{"show_envvar": True, **attributes})
        self.section = section
        self.key = str(self.name).replace("_", "-")
        self.envvar: list[str] = [f"{PREFIX}{str(self.name).upper()}", *([fallback] if fallback else [])]

    def value_from_envvar(self, ctx: click.Context) -> Any:
        """Return the variable's text, or the texts between its commas if the option is repeatable."""
        if ctx.params.get("ignore_env"):
            return None
        name = variable(*self.envvar)
        text = os.environ.get(name)
        if text is None or not self.multiple:
            return text
        return [part.strip() for part in text.split(",") if part.strip()]

    def origin(self, ctx: click.Context) -> tuple[str, str]:
        """Return the origin of the value: flag, environment, file or default, and the name of the variable or file."""
        match ctx.get_parameter_source(str(self.name)):
            case ParameterSource.COMMANDLINE:
                return "flag", ""
            case ParameterSource.ENVIRONMENT:
                return "environment", variable(*self.envvar)
            case ParameterSource.DEFAULT_MAP:
                return "file", str(ctx.params["config"])
        return "default", ""

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Return the place of the wrong value: the option, the variable, or the file and its key."""
        kind, name = ("flag", "") if ctx is None else self.origin(ctx)
        if kind == "environment":
            return f"environment variable {name}"
        return f"{name}, {self.key}" if kind == "file" else "/".join((*self.opts, *self.secondary_opts))


def variable(*names: str) -> str:
    """Return the first environment variable with a value, or "".

    For a Service named `bitpeak-mock`, Kubernetes sets BITPEAK_MOCK_PORT=tcp://10.0.0.1:80 in all containers of its
    namespace. Such a value is ignored.
    """
    values = ((name, os.environ.get(name)) for name in names)
    return next((name for name, value in values if value and not value.startswith("tcp://")), "")


class SectionedCommand(click.Command):
    """A command whose help lists its settings under headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options by section."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            if record := param.get_help_record(ctx):
                sections.setdefault(getattr(param, "section", "Other"), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)


def take_config(ctx: click.Context, _: click.Parameter, file: Path | None) -> Path | None:
    """Make the settings in a TOML file the defaults of a command. The callback of an eager option."""
    if file is not None:
        ctx.default_map = _read_config(file, ctx.command)
    return file


def _read_config(file: Path, command: click.Command) -> dict[str, Any]:
    """Read the table named like the command, or the top level. Raises Invalid."""
    data = _read_toml(file)
    options = [option for option in command.params if isinstance(option, Setting)]
    known = {option.key: option for option in options if option.key not in _NOT_IN_A_FILE}
    name = str(command.name)
    inner = data.get(name)
    if isinstance(inner, dict):
        if outside := [key for key, value in data.items() if not isinstance(value, dict)]:
            raise Invalid(f"{file}: Move {outside[0]!r} into the table [{name}].")
        data = inner
    elif tables := [key for key, value in data.items() if isinstance(value, dict) and key not in known]:
        raise Invalid(f"{file}: Unknown table [{tables[0]}]: use [{name}].")
    for key in data:
        if key not in known:
            import difflib  # late: only mistakes need it

            close = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"choose from {', '.join(known)}."
            raise Invalid(f"{file}: Unknown setting {key!r}: {hint}")
    return {str(known[key].name): _config_value(known[key], value) for key, value in data.items()}


def _read_toml(file: Path) -> dict[str, Any]:
    import tomllib  # late: few starts have such a file

    try:
        with file.open("rb") as stream:
            content = stream.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            raise Invalid(f"{file}: A file with settings may have {_LARGEST_FILE >> 10} KiB.")
        return tomllib.loads(content.decode())
    except OSError as error:
        raise Invalid(f"Cannot read {file}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Invalid(f"Cannot read {file}: save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"Invalid TOML in {file}: {error}.") from None
    except RecursionError:
        raise Invalid(f"Invalid TOML in {file}: it nests too deep.") from None


def _config_value(option: Setting, value: Any) -> Any:
    """Return a value as texts, like on the command line, for the option's type to read."""
    if option.multiple:
        return [str(each) for each in (value if isinstance(value, list) else [value])]
    return value if isinstance(value, bool) and option.is_flag else str(value)


def write_config(ctx: click.Context, form: str) -> str:
    """Write each setting of a command with its value and origin: as a table, or as `json`."""
    found: dict[str, Any] = {}
    for option in ctx.command.params:
        if isinstance(option, Setting) and option.name != "print_config":
            value = ctx.params[str(option.name)]
            if option.hide_input and value:
                value = "…"
            elif isinstance(value, Latency | Path | Size):
                value = str(value)
            kind, name = option.origin(ctx)
            found[option.key] = {"value": value, "origin": {"kind": kind, "name": name}}
    if form == "json":
        return json.dumps(found, indent=2, ensure_ascii=False)
    rows = [
        (key, _text(each["value"]), " ".join(each["origin"].values()).rstrip()) for key, each in found.items()
    ]
    return table(("SETTING", "VALUE", "ORIGIN"), rows)


def _text(value: Any) -> str:
    match value:
        case None | ():
            return "-"
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ", ".join(value)
    return str(value)


setting = functools.partial(click.option, cls=Setting)


def value_of(read: Callable[[str], Value]) -> Callable[[str], Value]:
    """Make a type for click from a function that raises ValueError with a sentence."""

    def convert(text: str) -> Value:
        try:
            return read(text)
        except ValueError as error:
            raise Invalid(str(error)) from None

    return convert


def read_quota(text: str) -> int | Literal["off", "document"]:
    """Read `off`, `document`, or the number of requests that a window allows."""
    match text:
        case "off" | "document":
            return text
    if re.fullmatch("[0-9]{1,9}", text) is None or int(text) == 0:
        raise ValueError(f"Invalid quota {text!r}: use off, document, or a number of requests from 1.")
    return int(text)


def read_port(text: str) -> int:
    """Read a port to listen on. 0 means a free one."""
    if re.fullmatch("[0-9]{1,5}", text) is None or int(text) > 65535:
        raise ValueError(f"Invalid port {text!r}: use 0–65535.")
    return int(text)


def read_host(text: str) -> str:
    """Read a host's name or address, without a port."""
    try:
        name = urlsplit(f"//{text}").hostname
    except ValueError:
        name = None
    if name is None or text.lower() not in {name, f"[{name}]"}:
        raise ValueError(f"Invalid host {text!r}: use a name or an address, without scheme and port.")
    return name


def read_public_url(text: str) -> str:
    """Read the base of links, an http or https URL, without slashes at its end."""
    problem = ""
    try:
        parts = urlsplit(text)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
            problem = "use for example https://mock.example.com."
        elif "?" in text or "#" in text or "@" in parts.netloc:
            problem = "leave out the query, the fragment and the user."
        elif re.fullmatch("[!-~]+", text) is None:
            problem = "percent-encode spaces and letters beyond ASCII."
    except ValueError as error:
        problem = f"{error}."
    if problem:
        raise ValueError(f"Invalid URL {text!r}: {problem}")
    return text.rstrip("/")


def read_pair(separator: str, text: str, example: str) -> tuple[str, str]:
    """Split a text at the first separator, for example `name=Example` at `=`. The name is stripped."""
    name, found, value = text.partition(separator)
    if not found or not name.strip():
        raise ValueError(f"Invalid value {text!r}: use for example {example}.")
    return name.strip(), value


# Files are checked when they are read, with errors that name file and line.
FILE = click.Path(path_type=Path)

_DOCUMENT = (
    setting(
        "--document", metavar="FILE", type=FILE, section="Document",
        help="OpenAPI document to use instead of the packaged one.",
    ),
    setting(
        "--overlay", metavar="FILE|NAME", multiple=True, section="Document",
        help="OpenAPI Overlay that changes the document: a file, or the name of a packaged one. Repeatable.",
    ),
    setting(
        "--answer", metavar="QUESTION=ANSWER", multiple=True, section="Document",
        help="Choose another answer to an open question; see `bitpeak-mock questions`. Repeatable.",
    ),
)  # fmt: skip
seed_option = setting(
    "--seed", metavar="FILE", type=FILE, section="Document",
    help="What every key starts with, instead of the document's handlers: a YAML list of them, or a HAR (.har) or a "
    "recording (.jsonl) that shows them.",
)  # fmt: skip
strict_option = setting(
    "--strict/--no-strict", default=False, show_default=True, section="Behaviour",
    help="Refuse requests that the document forbids but the service silently accepts.",
)  # fmt: skip
format_option = click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="Text for people, or JSON for programs.",
)  # fmt: skip


def document_options(command: Command) -> Command:
    """Add the options of the document to a command: --document, --overlay and --answer."""
    for decorator in reversed(_DOCUMENT):
        command = decorator(command)
    return command


@contextmanager
def user_errors(*, own: bool) -> Iterator[None]:
    """Turn an error in the document, its overlays, its answers or the seed into a Failure.

    `own`: whether any of the files is the user's. If not, an unexpected error is a bug, and keeps its traceback.
    """
    from mock_server.document import DocumentError
    from mock_server.refusal import Defect

    try:
        yield
    except (DocumentError, Defect) as error:
        raise Failure(str(error)) from error
    except OSError as error:
        raise Failure(f"Cannot use {error.filename or 'a file'}: {error.strerror or error}") from error
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        if not own:
            raise
        # A document can be well-formed, but lack a required part of OpenAPI.
        reason = f"{type(error).__name__}: {error}"
        raise Failure(f"The document is not an OpenAPI 3.1 document that can be served ({reason})") from error


def load_document(document: Path | None, overlays: Sequence[str], answers: Sequence[str]) -> Document:
    """Make the effective document. Raises Failure."""
    from mock_server.document import load

    with user_errors(own=bool(document or overlays)):
        return load(document, overlays, answers)


def load_contract(document: Path | None, overlays: Sequence[str], answers: Sequence[str]) -> Contract:
    """Make the effective document and compile it. Raises Failure."""
    from mock_server.contract import compile_contract

    effective = load_document(document, overlays, answers)
    with user_errors(own=bool(document or overlays)):
        return compile_contract(effective)


def load_mock(settings: Settings, observers: Sequence[Observer] = ()) -> Mock:
    """Make a mock. Raises Failure."""
    from mock_server.mock import Mock

    with user_errors(own=bool(settings.document or settings.overlays or settings.seed)):
        return Mock(settings, observers)
