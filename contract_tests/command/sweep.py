"""`bitpeak-mock sweep`: deletes what a killed run left, by its ledger."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from contract_tests.guard import CleanUp, GuardRefusal, Ledger, TargetFailed
from contract_tests.guard import sweep as sweep_ledger
from contract_tests.guard.ledger import is_swept, key_check, ledgers_in
from contract_tests.guard.target import is_loopback, read_target
from contract_tests.run.settings import KEY_NAME, LEDGERS, LIVE_RATE, Ask, read_keys
from contract_tests.run.stop import Code, Stop

_PROGRAM = "bitpeak-mock"


@click.command
@click.argument("ledger", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--api-key-file",
    metavar="FILE",
    help="A file with the run's API key, or one a line; else BITPEAK_API_KEY counts.",
)
@click.option(
    "--allow-plain-http", is_flag=True, help="Send the key over http to a target that is not this computer."
)
@click.option(
    "--rate", metavar="N", type=click.IntRange(min=1), help="Send no more requests a minute than this."
)
@click.option(
    "--ledger-dir",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=LEDGERS,
    show_default=True,
    help="Where ledgers are looked for if none is named.",
)
@click.pass_context
def sweep(  # noqa: PLR0913, PLR0917 - each is one option of the command
    ctx: click.Context,
    ledger: tuple[Path, ...],
    api_key_file: str | None,
    allow_plain_http: bool,
    rate: int | None,
    ledger_dir: Path,
) -> None:
    """Delete what a run of `check` left behind that was killed, as its LEDGER says.

    Only handlers that the ledger knows and that still bear the run's marker are deleted. It may be stopped and
    repeated. Without LEDGER all that are unfinished in --ledger-dir are swept.

    Exit codes: 0 nothing is left, 1 something may be left, 2 wrong options, 3 a ledger or a key is not usable, 4 the
    target cannot be reached.
    """
    files = ledger or tuple(ledgers_in(ledger_dir))
    if not files:
        click.echo(f"nothing to sweep in {ledger_dir}")
        return
    ask: Ask | None = _ask if sys.stdin.isatty() else None
    try:
        codes = [_sweep(file, lambda: read_keys(api_key_file, ask), allow_plain_http, rate) for file in files]
    except Stop as stop:
        click.echo(f"{_PROGRAM}: {stop.sentence}", err=True)
        ctx.exit(stop.code)
    ctx.exit(max(codes))


def _sweep(file: Path, keys: Callable[[], tuple[str, ...]], allow_plain_http: bool, rate: int | None) -> Code:
    """Sweep one ledger. Raises Stop (CANNOT, UNREACHABLE, USAGE)."""
    try:
        if is_swept(file):
            click.echo(f"{file}: swept already")
            return Code.FINE
        ledger = Ledger.read(file)
        target = ledger.target
        host = read_target(target, "", allow_plain_http=True).host
        pace = rate or (None if is_loopback(host) else LIVE_RATE)
        done = sweep_ledger(file, _key_of(ledger, keys()), allow_plain_http=allow_plain_http, rate=pace)
    except TargetFailed as failure:
        raise Stop(Code.UNREACHABLE, failure.sentence) from failure
    except (GuardRefusal, ValueError) as error:
        raise Stop(Code.CANNOT, str(error)) from error
    except OSError as error:
        raise Stop(Code.CANNOT, f"{file} cannot be used: {error.strerror or error}.") from error
    return _tell(file, target, done)


def _key_of(ledger: Ledger, keys: tuple[str, ...]) -> str:
    """Return the key that a run had, of several; where it is none of them, the sweep says so."""
    fitting = (key for key in keys if key_check(key, ledger.marker.run) == ledger.key_check)
    return next(fitting, keys[0])


def _tell(file: Path, target: str, done: CleanUp) -> Code:
    click.echo(f"{file}: {len(done.deleted)} deleted on {target}, {len(done.left)} no longer the run's")
    for row, why in done.failed.items():
        click.echo(f"{_PROGRAM}: {f'handler {row}' if row else 'the list'}: {why}", err=True)
    for marker in done.open:
        click.echo(
            f"{_PROGRAM}: the create {marker} was never answered and is too young to be given up: sweep again in a "
            "minute.",
            err=True,
        )
    return Code.FINE if done.complete else Code.FINDINGS


def _ask() -> str:
    key: str = click.prompt(f"API key ({KEY_NAME} is not set)", hide_input=True, err=True)
    return key
