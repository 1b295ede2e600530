"""`bitpeak-mock call`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import click
from werkzeug.datastructures import Headers, MultiDict
from werkzeug.test import TestResponse

from mock_server.cli.failure import ExitCode
from mock_server.cli.lines import clean, remarks
from mock_server.cli.loading import flask_of, load_mock
from mock_server.cli.log import hints_for
from mock_server.cli.options import document_options, options, seed_option, strict_option
from mock_server.cli.values import read_pair
from mock_server.contract import Contract
from mock_server.control import PREFIX
from mock_server.mock import Mock
from mock_server.settings import Rules, Settings
from mock_server.state.journal import Exchange

_MULTIPART, _URLENCODED = "multipart/form-data", "application/x-www-form-urlencoded"


class Wanted(NamedTuple):
    """One request as it was asked for; `key` is None where the mock's example key is to be sent."""

    method: str
    path: str
    form: Sequence[tuple[str, str]]
    headers: Sequence[tuple[str, str]]
    key: str | None
    no_key: bool


def _field(text: str) -> tuple[str, str]:
    return read_pair("=", text, "--form name=Example")


def _header(text: str) -> tuple[str, str]:
    name, value = read_pair(":", text, "--header 'Accept: application/json'")
    if "\n" in text or "\r" in text:
        raise click.BadParameter("a header has no line breaks, leave them out.")
    return name, value.strip()


@click.command
@click.argument("method")
@click.argument("path")
@options(
    click.option(
        "--form", metavar="NAME=VALUE", type=_field, multiple=True, help="A field of the body. May be repeated."
    ),
    click.option(
        "--header", metavar="'NAME: VALUE'", type=_header, multiple=True, help="A header. May be repeated."
    ),
    click.option("--key", metavar="KEY", help="The API key to send.  [default: the document's example]"),
    click.option("--no-key", is_flag=True, help="Send no key."),
    click.option("--include", "-i", is_flag=True, help="Print the status and the headers, too."),
    *document_options, seed_option, strict_option,
)  # fmt: skip
@click.pass_context
def call(ctx: click.Context, /, method: str, path: str, include: bool, **given: Any) -> None:
    """Make one request of the API in this process, and exit with 0 if it succeeds, else with 1.

    PATH may leave out the base path: `call GET /notification-handlers/`. Nothing is kept for the next call. What
    the real service would have let pass in silence is written to standard error.
    """
    if given["key"] is not None and given["no_key"]:
        raise click.UsageError("--key and --no-key contradict each other, choose one.")
    wanted = Wanted(method.upper(), path, given["form"], given["header"], given["key"], given["no_key"])
    seen: list[Exchange] = []
    mock = load_mock(_settings(given), [seen.append])
    answer = send(mock, wanted)
    _print(answer, include)
    hints = hints_for(mock.contract)
    for exchange in seen:
        for remark in remarks(exchange, hints):
            click.echo(remark, err=True)
    ctx.exit(ExitCode.OK if 200 <= answer.status_code < 300 else ExitCode.NO)


def _settings(given: dict[str, Any]) -> Settings:
    rules = Rules(strict=given["strict"])
    return Settings(given["document"], given["overlay"], given["answer"], given["seed"], rules)


def send(mock: Mock, wanted: Wanted) -> TestResponse:
    """Give the mock a request, without a socket."""
    contract = mock.contract
    path = full_path(contract, wanted.path)
    headers = Headers(wanted.headers)
    if not wanted.no_key and "Authorization" not in headers:
        key = contract.service.key_example if wanted.key is None else wanted.key
        headers.add("Authorization", f"Bearer {key}")
    body: dict[str, Any] = {}
    if wanted.form:
        body = {"data": MultiDict(wanted.form), "content_type": _media_type(contract, wanted.method, path)}
    return flask_of(mock).test_client().open(path, method=wanted.method, headers=headers, **body)


def full_path(contract: Contract, path: str) -> str:
    """Return a path with the base path, unless it has it or is one of the mock's own."""
    path = path if path.startswith("/") else f"/{path}"
    bare = path.partition("?")[0]
    for own in (contract.base_path, PREFIX):
        if bare == own or bare.startswith(f"{own}/"):
            return path
    return contract.base_path + path


def _media_type(contract: Contract, method: str, path: str) -> str:
    route = contract.routes.find(path.partition("?")[0])
    operation = route.operations.get(method) if route else None
    return _MULTIPART if operation is None or _MULTIPART in operation.media_types else _URLENCODED


def _print(answer: TestResponse, include: bool) -> None:
    """Print an answer: byte for byte, but for a person to read where standard output is a terminal."""
    head = [f"HTTP/1.1 {answer.status}", *(f"{name}: {value}" for name, value in answer.headers), ""]
    body, line_break = answer.get_data(), "\r\n"
    if sys.stdout.isatty():
        head, line_break = [clean(line) for line in head], "\n"
        body = _pretty(body, answer.mimetype or "")
    stream = sys.stdout.buffer
    if include:
        stream.write("".join(line + line_break for line in head).encode("latin-1", "replace"))
    stream.write(body)
    stream.flush()


def _pretty(body: bytes, media_type: str) -> bytes:
    if body and "json" in media_type:
        body = json.dumps(json.loads(body), indent=2, ensure_ascii=False).encode()
    return body if not body or body.endswith(b"\n") else body + b"\n"
