"""`bitpeak-mock evidence`: how well each thing that the mock does is known."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from mock_server.cli.loading import load_document
from mock_server.cli.options import document_options, options
from mock_server.document import Standing, ledger_of

_PLURALS = {
    "operation": "operations",
    "status": "statuses",
    "refusal": "refusals",
    "question": "open questions",
}
_STANDINGS = ("documented", "believed", "learned", "open")
_HEAD = ("what", "which", "grade", "standing")


@click.command
@options(
    *document_options,
    click.option(
        "--format", "format_", type=click.Choice(["markdown", "json", "summary"]), default="markdown",
        show_default=True, help="A table for people, JSON for programs, or a table of how many of each.",
    ),
)  # fmt: skip
def evidence(document: Path | None, overlay: tuple[str, ...], answer: tuple[str, ...], format_: str) -> None:
    """Print the ledger of evidence: each operation, status, refusal and open question, and how well it is known.

    documented: the documentation page says so. believed: it is reported of the engine, of siblings or of PHP. learned:
    an overlay was learned from a service, with its date and address. open: nothing is known.
    """
    ledger = ledger_of(load_document(document, overlay, answer))
    if format_ == "json":
        click.echo(json.dumps([standing._asdict() for standing in ledger], indent=2, ensure_ascii=False))
    elif format_ == "summary":
        click.echo(summary(ledger))
    else:
        click.echo(markdown(ledger))


def summary(ledger: Sequence[Standing]) -> str:
    """Return a table of how many rows of each kind have which standing."""
    counts = Counter((one.kind, one.standing) for one in ledger)
    kinds = dict.fromkeys(one.kind for one in ledger)
    rows = [(_PLURALS[kind], *(str(counts[kind, each]) for each in _STANDINGS)) for kind in kinds]
    return _table(("", *_STANDINGS), rows)


def markdown(ledger: list[Standing]) -> str:
    """Return the ledger as a table."""
    rows = [(one.kind, f"`{one.name}`", one.grade, _standing(one)) for one in ledger]
    return _table(_HEAD, rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---" for _ in head], *rows))


def _standing(one: Standing) -> str:
    return f"{one.standing}: {one.detail}" if one.detail else one.standing
