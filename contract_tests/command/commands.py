"""The commands as people see them: their options and help. What they do is imported when they are called."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from contract_tests.run.flags import FLAGS, LEDGERS, SEQUENCES, SPARING_SEQUENCES, WORKERS, Flag

Command = TypeVar("Command", bound=Callable[..., Any])

# What every command needs that opens a run on a target.
_TARGET = (
    "base-url", "api-key-file", "allow-writes", "read-only", "allow-plain-http", "document", "overlay", "answer",
    "max-requests", "rate", "ledger-dir", "record", "treat-as-live",
)  # fmt: skip
TARGET_FLAGS = tuple(flag for flag in FLAGS if flag.name in _TARGET)
_PATH = click.Path(path_type=Path)
_FORMAT = click.option(
    "--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True,
    help="The report on standard output: text, or json for programs.",
)  # fmt: skip
OTHER_KEY = next(flag for flag in FLAGS if flag.name == "other-key-file")


def options(flags: Iterable[Flag]) -> Callable[[Command], Command]:
    """Return a decorator that gives a command these flags, in their order."""

    def decorate(command: Command) -> Command:
        for flag in reversed(tuple(flags)):
            command = click.option(f"--{flag.name}", flag.key, **_kind(flag))(command)
        return command

    return decorate


def _kind(flag: Flag) -> dict[str, Any]:
    kind: dict[str, Any] = {"help": f"{flag.help} [{flag.variable}]"}
    if flag.kind == "switch":
        return kind | {"is_flag": True}
    kind["type"] = (
        click.Choice(flag.choices) if flag.choices else click.INT if flag.kind == "number" else click.STRING
    )
    if flag.metavar:
        kind["metavar"] = flag.metavar
    return kind | ({"multiple": True} if flag.kind == "list" else {})


def _run(module: str, name: str, ctx: click.Context, given: Mapping[str, Any]) -> None:
    """Call the function of a command. Raises ModuleNotFoundError if a package is missing."""
    getattr(importlib.import_module(f"contract_tests.command.{module}"), name)(ctx, **given)


@click.command
@options((*FLAGS, WORKERS))
@click.pass_context
def check(ctx: click.Context, /, **given: Any) -> None:
    """Hold a service against its documentation, and say what differs.

    The open questions of the document are probed first; the suites then test against the document with the answers
    found. A target that is not this computer is only read, unless --allow-writes; what is created there is noted in a
    ledger first and deleted in the end, however the end comes. No handler that the run did not create is ever changed.

    The API key comes from BITPEAK_API_KEY, from --api-key-file, or you are asked for it. For a mock on this computer
    one is made up.

    Exit codes: 0 nothing is wrong, 1 there are findings, 2 wrong options, 3 the run could not start, 4 the target
    cannot be reached, 5 nothing was executed, 70 this program failed; 130 after Ctrl-C and 143 after SIGTERM.
    """
    _run("check", "check", ctx, given)


@click.command
@options((*TARGET_FLAGS, OTHER_KEY))
@click.option("--out", metavar="FILE", required=True, type=_PATH, help="Where to write the overlay.")
@click.option(
    "--profile", type=click.Choice(("quick", "full")), default="full", show_default=True,
    help="How much to ask: quick sends up to 160 requests, and takes much to be as in other fields.",
)  # fmt: skip
@_FORMAT
@click.pass_context
def learn(ctx: click.Context, /, **given: Any) -> None:
    """Show a service to the document, and write what it does as an OpenAPI Overlay.

    Every open question is asked; then each field of both forms, each parameter and the id are sent in many ways, and
    what becomes of them is written as rows; statuses, headers and bodies are taken as they are seen. `bitpeak-mock
    serve --overlay FILE` then behaves like the service, and `check --overlay FILE` tests by it. What could not be
    learned keeps the assumption, and the file says so. With the key of a second account, --other-key-file, it also says
    what that account gets for a row of the first. A target that is not this computer is only read, unless
    --allow-writes.

    Exit codes: 0 the overlay is written, 1 it is, and something may be left at the service, 2 wrong options, 3 the run
    could not start or the file not be written, 4 the target cannot be reached, 5 nothing was learned, 70 this program
    failed; 130 after Ctrl-C and 143 after SIGTERM.
    """
    _run("guarded", "learn", ctx, given)


@click.command
@options((*TARGET_FLAGS, OTHER_KEY))
@click.option(
    "--mock-url", metavar="URL", default="",
    help="A mock of this document that runs already; else one is started.",
)  # fmt: skip
@click.option(
    "--against", metavar="URL",
    help="Compare with this service in place of the mock; differences then get no names.",
)  # fmt: skip
@click.option(
    "--against-key-file", metavar="FILE",
    help="A file with the API key of --against; else the same key counts.",
)  # fmt: skip
@click.option(
    "--recording", metavar="FILE", type=_PATH,
    help="Repeat a recording on a mock, with no network, in place of comparing with a service.",
)  # fmt: skip
@click.option(
    "--sequences", type=click.IntRange(min=1), metavar="N",
    help=f"How many sequences to generate: {SEQUENCES}, and {SPARING_SEQUENCES} on a target that is not this computer.",
)  # fmt: skip
@click.option(
    "--seed", type=click.INT, metavar="N",
    help="Repeat the sequences of the run that named this seed.",
)  # fmt: skip
@click.option(
    "--accepted", metavar="FILE", type=_PATH,
    help="Differences that are accepted, each with a reason and a last day.",
)  # fmt: skip
@_FORMAT
@click.pass_context
def twin(ctx: click.Context, /, **given: Any) -> None:
    """Send the same sequences of calls to the mock and to a service, and compare every response.

    Ids are paired, times compared by rule, rows of others by their place. The first difference is shortened, shown
    with both sides' curl lines, and named: another answer to an open question, or something that no question asks.
    Both sides stand behind the guard: nothing of others is touched, and what is created is deleted. With the key of a
    second account, --other-key-file, calls of that account to what the first one has made are among the sequences.

    Exit codes: 0 no difference, 1 a difference, an expired acceptance, or something may be left at the service, 2 wrong
    options, 3 the run could not start, 4 the target cannot be reached, 5 nothing was compared, 70 this program failed;
    130 after Ctrl-C and 143 after SIGTERM.
    """
    _run("guarded", "twin", ctx, given)


@click.command
@options(flag for flag in TARGET_FLAGS if flag.name != "record")
@click.option("--out", metavar="FILE", required=True, help="Where to write the recording.")
@click.option(
    "--port", metavar="N", type=click.IntRange(0, 65535), default=4055, show_default=True,
    help="0: a free one.",
)  # fmt: skip
@click.option("--port-file", metavar="FILE", type=_PATH, help="Where to write the port once it is open.")
@click.option(
    "--allow-host", metavar="NAME", multiple=True,
    help="Name by which consumers may call the proxy, beside localhost and its address. Repeatable.",
)  # fmt: skip
@click.option("--quiet", is_flag=True, help="Tell only what is wrong.")
@click.pass_context
def record(ctx: click.Context, /, **given: Any) -> None:
    """Pass calls on to a service, and record them. Each response is compared with the document on the way.

    Point the consumer at the URL that is printed, with any key that begins with `mock`: the service's own is the
    guard's alone. A target that is not this computer is only read, unless --allow-writes; what is created through the
    proxy bears the run's marker and is deleted in the end, rows of others are masked and cannot be changed.

    Exit codes: 0 no response was wrong, 1 some were, or something may be left at the service, 2 wrong options, 3 the
    run could not start, 4 the target cannot be reached, 5 nothing was passed on, 70 this program failed.
    """
    _run("guarded", "record", ctx, given)


@click.command
@click.argument("recording", type=_PATH)
@click.option("--out", metavar="FILE", type=_PATH, help="Where to write it; else standard output.")
@click.pass_context
def har(ctx: click.Context, /, **given: Any) -> None:
    """Write a RECORDING as an HTTP archive (HAR 1.2).

    Exit codes: 0 it is written, 2 wrong options, 3 the recording is not one, or the file cannot be written.
    """
    _run("guarded", "har", ctx, given)


@click.command
@click.argument("ledger", nargs=-1, type=_PATH)
@click.option(
    "--api-key-file", metavar="FILE",
    help="A file with the run's API key, or one a line; else BITPEAK_API_KEY counts.",
)  # fmt: skip
@click.option(
    "--allow-plain-http", is_flag=True,
    help="Send the key over http to a target that is not this computer.",
)  # fmt: skip
@click.option(
    "--rate", metavar="N", type=click.IntRange(min=1),
    help="Send no more requests a minute than this.",
)  # fmt: skip
@click.option(
    "--ledger-dir", metavar="DIR", type=_PATH, default=LEDGERS, show_default=True,
    help="Where ledgers are looked for if none is named.",
)  # fmt: skip
@click.option(
    "--forget", is_flag=True,
    help="Give up each LEDGER that is named: send nothing, and say what stays behind at the service.",
)  # fmt: skip
@click.pass_context
def sweep(ctx: click.Context, /, **given: Any) -> None:
    """Delete what a run of `check` left behind that was killed, as its LEDGER says.

    Only handlers that the ledger knows and that still bear the run's marker are deleted. It may be stopped and
    repeated. Without LEDGER all that are unfinished in --ledger-dir are swept. Where a service can no longer be swept,
    --forget takes a ledger out of the way of further runs.

    Exit codes: 0 nothing is left, or it was given up, 1 something may be left, 2 wrong options, 3 a ledger or a key is
    not usable, 4 the target cannot be reached.
    """
    _run("sweep", "sweep", ctx, given)
