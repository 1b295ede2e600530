"""`bitpeak-mock doctor`: whether a mock's proof is there, fresh and about this document."""

from __future__ import annotations

import json
from pathlib import Path

import click

from mock_server.cli.failure import ExitCode
from mock_server.cli.loading import load_document
from mock_server.cli.options import document_options, format_option, options
from mock_server.document import Document, stamp_facts, stamp_of, stamp_text
from mock_server.duration import read_duration

_DAY = 86_400


def _age(_: click.Context, __: click.Parameter, text: str) -> float:
    try:
        return read_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command
@options(
    *document_options,
    click.option(
        "--max-age", metavar="TIME", callback=_age, default="30d", show_default=True,
        help="How old the proof may be: 12h, 30d.",
    ),
    click.option("--max-open", metavar="N", type=click.IntRange(min=0), help="How many questions may stay open."),
    format_option,
)  # fmt: skip
@click.pass_context
def doctor(  # noqa: PLR0913, PLR0917 - each is one option of the command
    ctx: click.Context,
    document: Path | None,
    overlay: tuple[str, ...],
    answer: tuple[str, ...],
    max_age: float,
    max_open: int | None,
    format_: str,
) -> None:
    """Say whether the mock that these options make was proved to be like a service, and how long ago.

    The proof is an overlay that `bitpeak-mock learn` wrote. For a build: it fails where the proof is missing, old,
    about another document, or leaves too much open.

    Exit codes: 0 the proof holds, 1 it does not, 2 wrong options, 3 the document cannot be read.
    """
    effective = load_document(document, overlay, answer)
    complaints = _complaints(effective, max_age, max_open)
    if format_ == "json":
        facts = {"verified": stamp_facts(effective), "complaints": complaints}
        click.echo(json.dumps(facts, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join([stamp_text(effective), *complaints]))
    ctx.exit(ExitCode.NO if complaints else ExitCode.OK)


def _complaints(document: Document, max_age: float, max_open: int | None) -> list[str]:
    stamp = stamp_of(document)
    if stamp is None:
        return [
            "No overlay of it was learned from a service: run `bitpeak-mock learn --base-url URL --out FILE`."
        ]
    complaints = []
    age = stamp.age().total_seconds()
    if age > max_age:
        days = f"{age / _DAY:.0f}" if age >= _DAY else f"{age / _DAY:.1f}"
        complaints.append(f"It was learned {days} days ago, {stamp.learned.file}: learn it anew.")
    if not stamp.is_current:
        complaints.append(
            f"It was learned against another base document, {stamp.learned.file}: learn it anew."
        )
    if max_open is not None and stamp.open > max_open:
        complaints.append(
            f"{stamp.open} questions stay open, and {max_open} may: {', '.join(stamp.learned.open)}."
        )
    return complaints
