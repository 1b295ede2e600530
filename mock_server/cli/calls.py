"""`call`, `replay` and `state`: requests to a mock in this process, and the state of a running one."""

from __future__ import annotations

import json
import mimetypes
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mock_server import PREFIX
from mock_server.cli.log import remarks
from mock_server.cli.options import (
    FILE,
    document_options,
    format_option,
    load_mock,
    read_pair,
    seed_option,
    strict_option,
    value_of,
)
from mock_server.cli.serve import settings_of
from mock_server.cli.terminal import ExitCode, Failure, clean
from mock_server.settings import Rules, Settings

if TYPE_CHECKING:
    from werkzeug.datastructures import FileStorage
    from werkzeug.test import TestResponse

    from mock_server.capsule import Capsule, ReplayedCall
    from mock_server.contract import Contract
    from mock_server.mock import Mock
    from mock_server.state.journal import Exchange

_MULTIPART, _URLENCODED = "multipart/form-data", "application/x-www-form-urlencoded"


# A file in a form as curl writes it, such as `@photo.png;type=image/png;filename=a.png`. A path may be in quotes.
_FILE = re.compile(r'([@<])("(?:[^"\\]|\\.)*"|[^;]*)(.*)', re.DOTALL)
_FILE_OPTION = re.compile(
    r';\s*(type|filename)=("(?:[^"\\]|\\.)*"|.*?)(?=;\s*(?:type|filename)=|$)', re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Attached:
    """A file in a form. Without a file name, its content is sent as text."""

    path: str
    file_name: str | None
    media_type: str = ""

    def value(self) -> str | FileStorage:
        """Return what werkzeug's client sends. Raises Failure."""
        from werkzeug.datastructures import FileStorage

        try:
            content = sys.stdin.buffer.read() if self.path == "-" else Path(self.path).read_bytes()
            if self.file_name is None:
                return content.decode()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8"
            way = "To send a text that begins with @ or <, use --form-string"
            raise Failure(f"--form: Cannot read {self.path}: {why}. {way}.") from error
        return FileStorage(BytesIO(content), self.file_name, content_type=self.media_type)


def _read_text(text: str) -> tuple[str, str]:
    return read_pair("=", text, "--form-string name=Example")


def _read_field(text: str) -> tuple[str, str | Attached]:
    name, value = read_pair("=", text, "--form name=Example")
    if (found := _FILE.fullmatch(value)) is None:
        return name, value
    sign, path, rest = found.groups()
    options: dict[str, str] = {}
    while option := _FILE_OPTION.match(rest):
        options[option[1]], rest = _unquoted(option[2]), rest[option.end() :]
    if rest or (sign == "<" and options):
        way = "use @FILE, with ;type= and ;filename= if you like, or <FILE. --form-string sends any text as it is"
        raise ValueError(f"Invalid value {text!r}: {way}.")
    path = _unquoted(path) or "-"
    if sign == "<":
        return name, Attached(path, None)
    file_name = options.get("filename", Path(path).name)
    media_type = mimetypes.guess_type(file_name)[0] or "application/octet-stream"
    return name, Attached(path, file_name, options.get("type", media_type))


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


def _read_header(text: str) -> tuple[str, str]:
    name, value = read_pair(":", text, "--header 'Accept: application/json'")
    if "\n" in text or "\r" in text:
        raise ValueError(f"Invalid header {text!r}: leave out the line breaks.")
    return name, value.strip()


@click.command
@click.argument("method")
@click.argument("path")
@click.option(
    "--form",
    metavar="NAME=VALUE",
    type=value_of(_read_field),
    multiple=True,
    help="Field of the body. As in curl, @FILE sends a file, <FILE the text in one, and ;type= and ;filename= may "
    "follow @FILE. Repeatable.",
)
@click.option(
    "--form-string",
    metavar="NAME=TEXT",
    type=value_of(_read_text),
    multiple=True,
    help="Field of the body, sent as it is, even if it begins with @ or <. Repeatable.",
)
@click.option(
    "--header",
    metavar="'NAME: VALUE'",
    type=value_of(_read_header),
    multiple=True,
    help="Header. Repeatable.",
)
@click.option("--key", metavar="KEY", help="API key to send.  [default: the example in the document]")
@click.option("--no-key", is_flag=True, help="Send no API key.")
@click.option("--include", "-i", is_flag=True, help="Print the status and the headers, too.")
@document_options
@seed_option
@strict_option
@click.pass_context
def call(ctx: click.Context, /, method: str, path: str, include: bool, **given: Any) -> None:
    """Make one request in this process, without a server, and print the body of its response.

    PATH may leave out the base path, as in `call GET /notification-handlers/`. Each call starts with a new world.
    Warnings about what the real service would silently accept, and hints, go to standard error before the body.

    Exit codes: 0 success, 1 a refusal, 2 wrong options, 3 a file cannot be used.
    """
    if given["key"] is not None and given["no_key"]:
        raise click.UsageError("--key and --no-key contradict each other: choose one.")
    settings = Settings(
        document=given["document"],
        overlays=given["overlay"],
        answers=given["answer"],
        seed=given["seed"],
        rules=Rules(strict=given["strict"]),
    )
    seen: list[Exchange] = []
    mock = load_mock(settings, [seen.append])
    response = _send(mock, method.upper(), path, given)
    # Before the body: its last line may have no end, and the next one would continue it.
    for exchange in seen:
        for remark in remarks(exchange):
            click.echo(remark, err=True)
    _print(response, include)
    ctx.exit(ExitCode.OK if 200 <= response.status_code < 300 else ExitCode.NO)


def _send(mock: Mock, method: str, path: str, given: Mapping[str, Any]) -> TestResponse:
    """Send a request with the key, headers and form of the options to a mock."""
    from werkzeug.datastructures import Headers, MultiDict
    from werkzeug.test import Client

    from mock_server.app import App

    contract = mock.contract
    path = _full_path(contract, path)
    headers = Headers(given["header"])
    if not given["no_key"] and "Authorization" not in headers:
        key = contract.service.key_example if given["key"] is None else given["key"]
        headers.add("Authorization", f"Bearer {key}")
    body: dict[str, Any] = {}
    if given["form"] or given["form_string"]:
        read = [
            (name, value.value() if isinstance(value, Attached) else value) for name, value in given["form"]
        ]
        has_file = any(not isinstance(value, str) for _, value in read)
        media_type = _MULTIPART if has_file else _media_type(contract, method, path)
        body = {"data": MultiDict([*read, *given["form_string"]]), "content_type": media_type}

    return Client(App(mock)).open(path, method=method, headers=headers, **body)


def _full_path(contract: Contract, path: str) -> str:
    """Return a path with the base path, unless the path has it or is one of the control."""
    path = path if path.startswith("/") else f"/{path}"
    bare = path.partition("?")[0]
    if any(bare == base or bare.startswith(f"{base}/") for base in (contract.base_path, PREFIX)):
        return path
    return contract.base_path + path


def _media_type(contract: Contract, method: str, path: str) -> str:
    route = contract.routes.find(path.partition("?")[0])
    operation = route.operations.get(method) if route else None
    return _MULTIPART if operation is None or _MULTIPART in operation.media_types else _URLENCODED


def _print(response: TestResponse, include: bool) -> None:
    """Print a response: unchanged to a file or a pipe, and formatted to a terminal."""
    head = [f"HTTP/1.1 {response.status}", *(f"{name}: {value}" for name, value in response.headers), ""]
    body, line_break = response.get_data(), "\r\n"
    if sys.stdout.isatty():
        head, line_break = [clean(line) for line in head], "\n"
        if body and "json" in (response.mimetype or ""):
            body = json.dumps(json.loads(body), indent=2, ensure_ascii=False).encode()
        body = body if not body or body.endswith(b"\n") else body + b"\n"
    stream = sys.stdout.buffer
    if include:
        stream.write("".join(line + line_break for line in head).encode("latin-1", "replace"))
    stream.write(body)
    stream.flush()


@click.command
@click.argument("files", metavar="FILE...", type=FILE, nargs=-1, required=True)
@click.option(
    "--as",
    "form",
    type=click.Choice(["curl", "pytest", "har"]),
    help="Write the calls in this form instead of making them.",
)
@format_option
@click.pass_context
def replay(ctx: click.Context, /, files: Sequence[Path], form: str | None, format_: str) -> None:
    """Restore the worlds of a failed test in a fresh mock, and make its calls again.

    FILE is a capsule, which the pytest plugin writes when a test fails. Before each call, the world's clock is set to
    the time of the original call, so that even the times in the responses are the same. Several capsules are replayed
    one after the other. With --as or --format json, name one.

    Exit codes: 0 all responses are the same, 1 some differ, 2 wrong options, 3 a capsule cannot be used, 5 one has no
    calls. Of several capsules, the highest counts.
    """
    if len(files) == 1:
        ctx.exit(_replay(files[0], form, format_))
    if form is not None or format_ == "json":
        raise click.UsageError(
            f"{'--format json' if form is None else '--as'} takes one capsule: name one FILE."
        )
    worst = ExitCode.OK
    for file in files:
        click.echo(clean(f"{file}:"))
        try:
            code = _replay(file, form, format_)
        except Failure as failure:
            failure.show()
            code = ExitCode(failure.exit_code)
        worst = max(worst, code)
    ctx.exit(worst)


def _replay(file: Path, form: str | None, format_: str) -> ExitCode:
    from mock_server.capsule import Capsule, NoCapsule
    from mock_server.client import ControlError

    try:
        capsule = Capsule.read(file)
        if form is not None:
            click.echo(_written(capsule, form), nl=False)
            return ExitCode.OK
        outcomes = _replayed(capsule)
    except NoCapsule as error:
        raise Failure(str(error)) from error
    except OSError as error:
        raise Failure(f"Cannot read {file}: {error.strerror}.") from error
    except (ControlError, ValueError) as error:
        raise Failure(f"Cannot restore {file}: {error}") from error
    except (LookupError, TypeError, AttributeError, RecursionError) as error:
        raise Failure(f"{file} is not a whole capsule: {error!r:.200}.") from error
    click.echo(_as_json(outcomes) if format_ == "json" else "\n".join(map(_as_text, outcomes)))
    if not outcomes:
        raise Failure(f"{file} has no call to repeat.", ExitCode.NOTHING)
    return ExitCode.NO if any(outcome.difference for outcome in outcomes) else ExitCode.OK


@click.command
@click.argument("url", required=False, envvar="BITPEAK_MOCK_URL")
@click.option("--key", metavar="KEY", required=True, help="The key of the world.")
@click.option(
    "--token", metavar="TEXT", envvar="BITPEAK_MOCK_CONTROL_TOKEN", help="The control token of the mock."
)
def state(url: str | None, key: str, token: str | None) -> None:
    """Print the handlers of a world of the mock at URL as a seed: `bitpeak-mock state --key mock-anna > seed.yaml`.

    `serve --seed seed.yaml` and `@pytest.mark.bitpeak(seed="seed.yaml")` read it. Without URL, the environment
    variables BITPEAK_MOCK_URL, BITPEAK_MOCK_PORT and PORT count, in this order, then http://127.0.0.1:4055.
    """
    from mock_server.cli.wait import default_port, read_target
    from mock_server.client import ControlError, HTTPChannel, RunningMock, Unreachable
    from mock_server.document import dump_yaml

    target = read_target(url) if url else read_target(f"http://127.0.0.1:{default_port()}")
    try:
        with RunningMock(HTTPChannel(target.geturl(), token=token)) as mock:
            resources = dict.fromkeys(each["resource"] for each in mock.info["operations"])
            found = mock.channel.control("GET", "/state", key=key)
    except Unreachable as error:
        raise Failure(str(error), ExitCode.UNREACHABLE) from error
    except ControlError as error:
        raise Failure(str(error)) from error
    click.echo(dump_yaml({name: found[name] for name in resources}), nl=False)


def _written(capsule: Capsule, form: str) -> str:
    from mock_server.capsule import write_curl, write_har, write_test

    match form:
        case "curl":
            return write_curl(capsule)
        case "pytest":
            return write_test(capsule)
    return json.dumps(write_har(capsule), indent=1) + "\n"


def _replayed(capsule: Capsule) -> list[ReplayedCall]:
    from mock_server.app import App
    from mock_server.capsule import play
    from mock_server.client import AppChannel, RunningMock

    with RunningMock(AppChannel(App(load_mock(settings_of(capsule.flags))))) as mock:
        if mock.info["document"]["digest"] != capsule.info["document"]["digest"]:
            click.echo("Note: the test ran against another document.", err=True)
        return list(play(capsule, mock))


def _as_text(outcome: ReplayedCall) -> str:
    call = outcome.call
    line = f"{'DIFFERS' if outcome.difference else 'same   '} {call.method} {call.target} {call.status}"
    return clean(line) + (f"\n        {clean(outcome.difference)}" if outcome.difference else "")


def _as_json(outcomes: Sequence[ReplayedCall]) -> str:
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
    different = sum(call["difference"] is not None for call in calls)
    return json.dumps({"calls": calls, "same": len(calls) - different, "different": different}, indent=2)
