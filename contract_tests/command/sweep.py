"""`sweep`. It needs neither pytest nor a document, so that it starts at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from contract_tests.command.console import PROGRAM, asker, complain, say
from contract_tests.guard.cleaning import CleanUp
from contract_tests.guard.cleaning import sweep as sweep_ledger
from contract_tests.guard.exchange import GuardRefusal, TargetFailed, Unswept, printable
from contract_tests.guard.ledger import CreateState, Ledger, is_swept, key_check, ledgers_in
from contract_tests.guard.upstream import is_loopback, read_target
from contract_tests.run.flags import LIVE_RATE
from contract_tests.run.settings import Code, Stop, read_keys


def sweep(  # noqa: PLR0913, PLR0917 - each is one option of the command
    ctx: click.Context,
    ledger: tuple[Path, ...],
    api_key_file: str | None,
    allow_plain_http: bool,
    rate: int | None,
    ledger_dir: Path,
    forget: bool,
) -> None:
    """Run the command, as `contract_tests.command.commands` declares it."""
    if forget:
        if not ledger:
            raise click.UsageError("--forget gives up only what is named: name a LEDGER.")
        ctx.exit(max(_tried(_forget, file) for file in ledger))
    files = ledger or tuple(ledgers_in(ledger_dir))
    if not files:
        click.echo(f"nothing to sweep in {ledger_dir}")
        return

    def one(file: Path) -> int:
        return _sweep(file, lambda: read_keys(api_key_file, asker()), allow_plain_http, rate)

    ctx.exit(max(_tried(one, file) for file in files))


def _tried(work: Callable[[Path], int], file: Path) -> int:
    """Sweep one ledger. An error does not stop the sweep of the others."""
    try:
        if is_swept(file):
            click.echo(f"{file}: swept already")
            return Code.FINE
        return work(file)
    except Stop as stop:
        return complain(stop)
    except TargetFailed as failure:
        return complain(Stop(Code.UNREACHABLE, f"{file}: {failure.sentence}"))
    except (GuardRefusal, Unswept, ValueError) as error:
        return complain(Stop(Code.CANNOT, str(error)))
    except OSError as error:
        return complain(Stop(Code.CANNOT, f"{file} cannot be used: {error.strerror or error}."))


def _sweep(file: Path, keys: Callable[[], tuple[str, ...]], allow_plain_http: bool, rate: int | None) -> Code:
    ledger = Ledger.read(file)
    target = ledger.target
    host = read_target(target, "", allow_plain_http=True).host
    pace = rate or (None if is_loopback(host) else LIVE_RATE)
    key = _key_of(ledger, keys())
    done = sweep_ledger(file, key, allow_plain_http=allow_plain_http, rate=pace, tell=say)
    return _say_swept(file, target, done)


def _forget(file: Path) -> Code:
    """Give up a ledger, and say which of its rows may be left."""
    ledger = Ledger.read(file)
    ledger.hold()
    entries = ledger.entries.values()
    there = [entry for entry in entries if entry.exists or entry.state is CreateState.GONE]
    rows = [f"handler {entry.id}" for entry in there if entry.id is not None]
    rows += ["a handler whose creation got no response" for entry in there if entry.id is None]
    click.echo(f"{file}: given up, and kept as {ledger.forget()}")
    if rows:
        where = f"{ledger.target}, with {ledger.marker.run} in its name"
        click.echo("\n".join(printable(f"what may be left on {where}: {row}") for row in rows))
    return Code.FINE


def _key_of(ledger: Ledger, keys: tuple[str, ...]) -> str:
    """Return the run's key among several, or else the first one, which the sweep then refuses."""
    fitting = (key for key in keys if key_check(key, ledger.marker.run, ledger.target) == ledger.key_check)
    return next(fitting, keys[0])


def _say_swept(file: Path, target: str, done: CleanUp) -> Code:
    click.echo(printable(f"{file}: {len(done.deleted)} deleted on {target}"))
    for sentence in done.sentences:
        say(f"{PROGRAM}: {sentence}")
    if not done.complete:
        click.echo(
            f"{PROGRAM}: sweep again in a minute, or give it up: bitpeak-mock sweep --forget {file}", err=True
        )
    return Code.FINE if done.complete else Code.FINDINGS
