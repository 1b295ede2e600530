"""`bitpeak-mock twin`: the same sequences of calls into the mock and a service, compared after every call."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import click

from contract_tests.command.guarded import asker, complain, run_guarded
from contract_tests.command.options import TARGET_FLAGS, options
from contract_tests.run.settings import read_settings
from contract_tests.run.stop import Code, Stop
from contract_tests.session.opening import Opening
from contract_tests.twin.accepted import Acceptances, read_accepted
from contract_tests.twin.report import as_json, as_text
from contract_tests.twin.twin import Plan, run_twin

# On somebody's service a sequence takes a quarter of a minute.
_HERE, _LIVE = 100, 12


@click.command
@options(TARGET_FLAGS)
@click.option(
    "--mock-url", metavar="URL", default="", help="A mock that runs already, in place of one that is started."
)
@click.option(
    "--sequences", type=click.IntRange(min=1), metavar="N",
    help=f"How many sequences to compare: {_HERE}, and {_LIVE} on a target that is not this computer.",
)  # fmt: skip
@click.option(
    "--seed", type=click.INT, metavar="N", help="Repeat the sequences of the run that named this seed."
)
@click.option(
    "--accepted", metavar="FILE", type=click.Path(path_type=Path),
    help="Differences that are accepted, each with a reason and a last day.",
)  # fmt: skip
@click.option(
    "--format",
    "format_",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="The report.",
)
@click.pass_context
def twin(  # noqa: PLR0913 - each is one option of the command
    ctx: click.Context, /, mock_url: str, sequences: int | None, seed: int | None, accepted: Path | None,
    format_: str, **given: Any,
) -> None:  # fmt: skip
    """Send the same sequences of calls into the mock and a service, and compare every answer.

    Ids are paired, times compared by rule, rows of others by their place. The first difference is shortened, shown with
    both sides' curl lines, and named: another answer to an open question, or something that no question asks. Both sides
    stand behind the guard: nothing of others is touched, and what is created is deleted.

    Exit codes: 0 no difference, 1 a difference or an expired acceptance, 2 wrong options, 3 the run could not start,
    4 the target cannot be reached, 5 nothing was compared.
    """
    number = secrets.randbelow(2**32) if seed is None else seed
    try:
        known = read_accepted(accepted)
        settings = read_settings(given, asker())
    except Stop as stop:
        ctx.exit(complain(stop))
    plan = Plan(sequences=sequences or (_LIVE if settings.is_live else _HERE), seed=number, mock_url=mock_url)
    ctx.exit(run_guarded(settings, lambda opening: _twin(opening, plan, known, format_)))


def _twin(opening: Opening, plan: Plan, accepted: Acceptances, format_: str) -> int:
    twins = run_twin(opening, plan, accepted, lambda what: click.echo(f"twin: {what}", err=True))
    render = as_json if format_ == "json" else as_text
    click.echo(render(twins, accepted, opening.clean))
    click.echo(f"twin: --seed {plan.seed} repeats these sequences", err=True)
    if not twins.calls:
        return Code.NOTHING
    return Code.FINE if twins.is_alike and not accepted.expired else Code.FINDINGS
