"""`routes`, `spec` and `questions`: what is in effect, for people and for programs."""

from __future__ import annotations

import difflib
import json
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mock_server.cli.loading import load_contract, load_document, user_errors
from mock_server.cli.options import FILE, document_options, format_option
from mock_server.cli.terminal import Failure, table

if TYPE_CHECKING:
    from mock_server.contract import Contract
    from mock_server.document import Question

_WIDTH = 100


@click.command
@document_options
@format_option
def routes(document: Path | None, overlay: tuple[str, ...], answer: tuple[str, ...], format_: str) -> None:
    """List the operations with the status of their success and the names of their refusals.

    Any request can also get the refusals of the whole service, for example if its body is too large.
    """
    rows = list(_operations(load_contract(document, overlay, answer)))
    if format_ == "json":
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    head = ("METHOD", "PATH", "OPERATION", "SUMMARY", "SUCCESS", "REFUSALS")
    columns = ("method", "path", "operation", "summary", "success")
    click.echo(
        table(head, [(*(str(row[name]) for name in columns), _by_status(row["refusals"])) for row in rows])
    )


def _operations(contract: Contract) -> Iterator[dict[str, Any]]:
    """Yield what is known of each operation. `refusals` maps names to statuses."""
    for operation in contract.operations.values():
        yield {
            "method": operation.method,
            "path": contract.base_path + operation.path,
            "operation": operation.id,
            "summary": operation.summary,
            "success": int(operation.success.status[:3]),
            "refusals": {refusal.name: int(refusal.status[:3]) for refusal in operation.refusals.values()},
        }


def _by_status(refusals: Mapping[str, int]) -> str:
    names: dict[int, list[str]] = {}
    for name, status in refusals.items():
        names.setdefault(status, []).append(name)
    return "; ".join(f"{status} {', '.join(each)}" for status, each in names.items())


@click.command
@document_options
@click.option(
    "--format", "format_", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True,
    help="Format of the document.",
)  # fmt: skip
@click.option("--out", metavar="FILE", type=FILE, help="Write to this file instead of standard output.")
def spec(
    document: Path | None, overlay: tuple[str, ...], answer: tuple[str, ...], format_: str, out: Path | None
) -> None:
    """Print the effective document: the base, changed by overlays and by answers to open questions."""
    from mock_server.document import dump_json, dump_yaml

    effective = load_document(document, overlay, answer)
    text = dump_json(effective.data) if format_ == "json" else dump_yaml(effective.data)
    if out is None:
        # As bytes, since the document is UTF-8 whatever the encoding of the terminal is.
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
        return
    try:
        out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise Failure(f"Cannot write {out}: {error.strerror}") from error


@click.command
@click.argument("question_id", metavar="[ID]", required=False)
@format_option
def questions(question_id: str | None, format_: str) -> None:
    """List what is unknown about the API and what the mock assumes. With ID, show all details of one question.

    The grade says how well the assumed answer is known: D by the documentation page, S by the pages of sibling sites,
    C by a public client of a sibling, P by the behaviour of PHP, B by belief, "none" by nothing.
    """
    from mock_server.document import load

    with user_errors(own=False):
        known = load().questions()
    chosen = known if question_id is None else {question_id: _find(known, question_id)}
    if format_ == "json":
        facts = [question.facts() for question in chosen.values()]
        click.echo(json.dumps(facts, indent=2, ensure_ascii=False))
    elif question_id is None:
        head = ("QUESTION", "ASSUMED", "OTHER ANSWERS", "GRADE")
        rows = [(each.id, each.assumed, ", ".join(_others(each)), each.grade) for each in chosen.values()]
        click.echo(table(head, rows))
    else:
        click.echo("\n".join(_paragraphs(chosen[question_id])))


def _find(known: Mapping[str, Question], name: str) -> Question:
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else "see `bitpeak-mock questions`."
        raise click.UsageError(f"Unknown question {name!r}: {hint}")
    return known[name]


def _others(question: Question) -> list[str]:
    return [answer for answer in question.answers if answer != question.assumed]


def _paragraphs(question: Question) -> Iterator[str]:
    yield from textwrap.wrap(f"{question.id}: {question.text}", _WIDTH)
    yield ""
    for answer in question.answers.values():
        assumed = " (assumed)" if answer.id == question.assumed else ""
        text = f"{answer.id}{assumed}: {answer.means}"
        yield from textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="    ")
    yield ""
    yield f"grade       {question.grade}"
    yield f"evidence    {question.evidence}"
    yield f"operations  {', '.join(question.operations) or 'all'}"
    if question.departure:
        yield "The assumed answer departs from the documentation page."
    yield ""
    yield f"To switch: bitpeak-mock serve --answer {question.id}={_others(question)[0]}"
