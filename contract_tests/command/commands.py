"""The commands' options and help. Each command imports its implementation when it is called."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from contract_tests.run.flags import FLAGS, LEDGERS, SEQUENCES, SPARING_SEQUENCES, WORKERS, Flag

Command = TypeVar("Command", bound=Callable[..., Any])

# Options of every command that opens a run on a target.
_TARGET = (
    "base-url", "api-key-file", "allow-writes", "read-only", "allow-plain-http", "document", "overlay", "answer",
    "max-requests", "rate", "ledger-dir", "record", "treat-as-live",
)  # fmt: skip
TARGET_FLAGS = tuple(flag for flag in FLAGS if flag.name in _TARGET)
_PATH = click.Path(path_type=Path)
_FORMAT = click.option(
    "--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True,
    help="The form of the report on stdout: text, or json for programs.",
)  # fmt: skip
OTHER_KEY = next(flag for flag in FLAGS if flag.name == "other-key-file")


def options(flags: Iterable[Flag]) -> Callable[[Command], Command]:
    """Return a decorator that adds these flags to a command, in this order."""

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
    """Call the implementation of a command. Raises ModuleNotFoundError if a package is missing."""
    getattr(importlib.import_module(f"contract_tests.command.{module}"), name)(ctx, **given)


@click.command
@options((*FLAGS, WORKERS))
@click.pass_context
def check(ctx: click.Context, /, **given: Any) -> None:
    """Test a service against its documentation, and report the differences.

    First, probes find out how the service does what the documentation leaves open. Then suites test it against the
    document with these answers. On a target that is not this computer, the run only reads, unless --allow-writes. What
    it creates there is first noted in a ledger and deleted at the end, however the run ends. The run never changes a
    handler that it did not create.

    The API key comes from BITPEAK_API_KEY, from --api-key-file, or from a prompt. For a mock on this computer, a key is
    generated.

    Exit codes: 0 no findings, 1 findings, or something may be left at the service, 2 wrong options, 3 the run could not
    start, 4 the target cannot be reached, 5 nothing was executed, 70 internal error; 130 after Ctrl-C, 143 after
    SIGTERM.
    """
    _run("check", "check", ctx, given)


@click.command
@options((*TARGET_FLAGS, OTHER_KEY))
@click.option("--out", metavar="FILE", required=True, type=_PATH, help="Write the overlay to this file.")
@click.option(
    "--profile", type=click.Choice(("quick", "full")), default="full", show_default=True,
    help="How much to ask. quick sends up to 160 requests, and lets one field stand for others of its kind.",
)  # fmt: skip
@_FORMAT
@click.pass_context
def learn(ctx: click.Context, /, **given: Any) -> None:
    """Find out how a service behaves, and write that as an OpenAPI Overlay.

    The run asks every open question. Then it sends each form field, each parameter and the id in many ways, and notes
    what becomes of them, as well as the statuses, headers and bodies of the responses. Afterwards `bitpeak-mock serve
    --overlay FILE` behaves like the service, and `check --overlay FILE` tests the service against what was learned.
    Where nothing could be learned, the assumption stays, and the file says so. With --other-key-file, the run also
    learns what a second account gets for a handler of the first one. On a target that is not this computer, it only
    reads, unless --allow-writes.

    Exit codes: 0 the overlay is written, 1 it is written, but something may be left at the service, 2 wrong options,
    3 the run could not start or write the file, 4 the target cannot be reached, 5 nothing was learned, 70 internal
    error; 130 after Ctrl-C, 143 after SIGTERM.
    """
    _run("guarded", "learn", ctx, given)


@click.command
@options((*TARGET_FLAGS, OTHER_KEY))
@click.option(
    "--mock-url", metavar="URL", default="",
    help="Use this running mock of the same document. Default: start one.",
)  # fmt: skip
@click.option(
    "--against", metavar="URL",
    help="Compare with this service in place of a mock. Differences then get no names.",
)  # fmt: skip
@click.option(
    "--against-key-file", metavar="FILE",
    help="A file with the API key of --against. Default: the same key.",
)  # fmt: skip
@click.option(
    "--recording", metavar="FILE", type=_PATH,
    help="Replay this recording on a mock, without any network, in place of a service.",
)  # fmt: skip
@click.option(
    "--sequences", type=click.IntRange(min=1), metavar="N",
    help=f"Generate N sequences. Default: {SEQUENCES}, or {SPARING_SEQUENCES} on a target that is not this computer.",
)  # fmt: skip
@click.option(
    "--seed", type=click.INT, metavar="N",
    help="Repeat the sequences of a run that printed this seed.",
)  # fmt: skip
@click.option(
    "--accepted", metavar="FILE", type=_PATH,
    help="A file of accepted differences, each with a reason and a last day.",
)  # fmt: skip
@_FORMAT
@click.pass_context
def twin(ctx: click.Context, /, **given: Any) -> None:
    """Send the same sequences of calls to the mock and to a service, and compare every response.

    Ids are compared by the create that made them, times by rule, and other people's handlers by their place in the
    list. The first difference is reduced to as few calls as possible, shown with the curl lines of both sides, and
    named: another answer to an open question, or something that no question covers. Both sides are behind the guard,
    which touches nothing of others and deletes what the run creates. With --other-key-file, the sequences include calls
    of a second account to handlers of the first one.

    Exit codes: 0 no difference, 1 a difference, an expired acceptance, or something may be left at the service, 2 wrong
    options, 3 the run could not start, 4 the target cannot be reached, 5 nothing was compared, 70 internal error;
    130 after Ctrl-C, 143 after SIGTERM.
    """
    _run("comparing", "twin", ctx, given)


@click.command
@options(flag for flag in TARGET_FLAGS if flag.name != "record")
@click.option("--out", metavar="FILE", required=True, help="Write the recording to this file.")
@click.option(
    "--port", metavar="N", type=click.IntRange(0, 65535), default=4055, show_default=True,
    help="The port of the proxy; 0 takes a free one.",
)  # fmt: skip
@click.option("--port-file", metavar="FILE", type=_PATH, help="Write the port to this file once it is open.")
@click.option(
    "--allow-host", metavar="NAME", multiple=True,
    help="Also accept this name in the Host header, beside localhost and the proxy's address. Repeatable.",
)  # fmt: skip
@click.option("--quiet", is_flag=True, help="Print only what is wrong.")
@click.pass_context
def record(ctx: click.Context, /, **given: Any) -> None:
    """Record the calls of your client to a service, and compare each response with the document.

    Point your client at the printed URL, with any key that begins with `mock`; only the guard has the service's key. On
    a target that is not this computer, only reads pass, unless --allow-writes. Handlers created through the proxy bear
    the run's marker and are deleted at the end. Other people's handlers are masked and cannot be changed.

    Exit codes: 0 no response was wrong, 1 some were, or something may be left at the service, 2 wrong options, 3 the
    run could not start, 4 the target cannot be reached, 5 no call came, 70 internal error.
    """
    _run("guarded", "record", ctx, given)


@click.command
@click.argument("recording", type=_PATH)
@click.option("--out", metavar="FILE", type=_PATH, help="Write to this file. Default: stdout.")
@click.pass_context
def har(ctx: click.Context, /, **given: Any) -> None:
    """Write a RECORDING as an HTTP archive (HAR 1.2).

    Exit codes: 0 the archive is written, 2 wrong options, 3 the recording cannot be read or the file not be written.
    """
    _run("guarded", "har", ctx, given)


@click.command
@click.argument("ledger", nargs=-1, type=_PATH)
@click.option(
    "--api-key-file", metavar="FILE",
    help="A file with the run's API key, or a key a line. Default: BITPEAK_API_KEY.",
)  # fmt: skip
@click.option(
    "--allow-plain-http", is_flag=True,
    help="Allow sending the key over http to a target that is not this computer.",
)  # fmt: skip
@click.option(
    "--rate", metavar="N", type=click.IntRange(min=1),
    help="Send at most N requests a minute.",
)  # fmt: skip
@click.option(
    "--ledger-dir", metavar="DIR", type=_PATH, default=LEDGERS, show_default=True,
    help="Look for ledgers in this folder if none is given.",
)  # fmt: skip
@click.option(
    "--forget", is_flag=True,
    help="Give up each given LEDGER: send nothing, and say what stays at the service.",
)  # fmt: skip
@click.pass_context
def sweep(ctx: click.Context, /, **given: Any) -> None:
    """Delete the handlers that a killed run left behind, from its LEDGER.

    It deletes only handlers that are in the ledger and still bear the run's marker. You may stop and repeat it. Without
    LEDGER, it sweeps all unfinished ledgers in --ledger-dir. If a service can no longer be swept, --forget sets its
    ledger aside, so that it does not block further runs.

    Exit codes: 0 nothing is left, or the ledgers were given up, 1 something may be left, 2 wrong options, 3 a ledger or
    a key is not usable, 4 the target cannot be reached.
    """
    _run("sweep", "sweep", ctx, given)
