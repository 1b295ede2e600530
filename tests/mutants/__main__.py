"""`python -m tests.mutants`: the kit against each mutant, and a matrix of what it noticed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import click

from contract_tests.run.flags import SUITES
from contract_tests.run.settings import Code
from tests.mutants.catalogue import catalogue
from tests.mutants.matrix import KnownFates, as_json, as_text, explained, verdict
from tests.mutants.trial import Fate, judge
from tests.mutants.wire import Kind, Mutant

_WIDTH = 24


@click.command()
@click.option("--only", multiple=True, metavar="ID", help="Try these mutants. May be repeated.")
@click.option(
    "--kind",
    multiple=True,
    type=click.Choice([kind.value for kind in Kind]),
    help="Try mutants of this kind. May be repeated.",
)
@click.option(
    "--suite", multiple=True, type=click.Choice(SUITES), help="Run this suite only. May be repeated."
)
@click.option(
    "--workers", default=2, show_default=True, type=click.IntRange(1), help="Try so many at a time."
)
@click.option(
    "--state", type=click.Path(dir_okay=False, path_type=Path), help="Keep results here, and continue."
)
@click.option("--again", is_flag=True, help="Try mutants again that the state knows.")
@click.option(
    "--json", type=click.Path(dir_okay=False, path_type=Path), help="Write the matrix to this file, too."
)
@click.option("--list", "listing", is_flag=True, help="Print the mutants and try none.")
def main(  # one for each option
    *,
    only: Sequence[str],
    kind: Sequence[str],
    suite: Sequence[str],
    workers: int,
    state: Path | None,
    again: bool,
    json: Path | None,
    listing: bool,
) -> None:
    """Hold the kit against services that are wrong on purpose.

    Exit codes: 0 the kit notices what it should, 1 something survives without a reason in survivors.yaml or a
    tolerance is reported, 2 wrong options, 5 nothing ran.
    """
    mutants = _chosen(only, kind)
    if listing:
        click.echo("\n".join(f"{mutant.id:34} {mutant.kind:10} {mutant.sentence}" for mutant in mutants))
        return
    known = KnownFates(state, suite)
    fates = {m.id: fate for m in mutants if not again and (fate := known.get(m)) is not None}
    for fate in _try([mutant for mutant in mutants if mutant.id not in fates], known, suite, workers):
        fates[fate.id] = fate
    reasons = explained()
    judged = [(mutant, fates[mutant.id], verdict(mutant, fates[mutant.id], reasons)) for mutant in mutants]
    click.echo(as_text(judged, reasons))
    if json is not None:
        json.write_text(as_json(judged, reasons), encoding="utf-8")
    if not any(fate.ran or fate.is_dead for fate in fates.values()):
        sys.exit(Code.NOTHING)
    sys.exit(Code.FINDINGS if any(word.is_wrong for _, _, word in judged) else Code.FINE)


def _chosen(only: Sequence[str], kinds: Sequence[str]) -> list[Mutant]:
    mutants = catalogue()
    if unknown := set(only) - {mutant.id for mutant in mutants}:
        raise click.UsageError(f"Unknown mutant {', '.join(sorted(unknown))}. `--list` prints all.")
    return [m for m in mutants if (not only or m.id in only) and (not kinds or m.kind in kinds)]


def _try(mutants: Sequence[Mutant], state: KnownFates, suites: Sequence[str], workers: int) -> Iterator[Fate]:
    with ThreadPoolExecutor(workers) as pool:
        waiting = {pool.submit(judge, mutant, suites): mutant for mutant in mutants}
        try:
            for number, done in enumerate(as_completed(waiting), start=1):
                fate = done.result()
                state.put(waiting[done], fate)
                _tell(number, len(waiting), fate)
                yield fate
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    if mutants and sys.stderr.isatty():
        click.echo("\r\x1b[K", err=True, nl=False)


def _tell(number: int, count: int, fate: Fate) -> None:
    words = ", ".join(fate.killed_by) or ", ".join(fate.noticed) or "lives"
    if not sys.stderr.isatty():
        click.echo(f"{number}/{count} {fate.id}: {words}", err=True)
        return
    bar = "█" * (number * _WIDTH // count)
    click.echo(f"\r\x1b[K{bar:░<{_WIDTH}} {number}/{count} {fate.id}", err=True, nl=False)


if __name__ == "__main__":
    main(prog_name="python -m tests.mutants")
