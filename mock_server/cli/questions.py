"""`bitpeak-mock questions`."""

from __future__ import annotations

import difflib
import json
import textwrap
from collections.abc import Iterator, Mapping

import click

from mock_server.cli.loading import foreseen
from mock_server.cli.options import format_option
from mock_server.cli.table import table
from mock_server.document import Question, load

_WIDTH = 100


@click.command
@click.argument("question_id", metavar="[ID]", required=False)
@format_option
def questions(question_id: str | None, format_: str) -> None:
    """List what is not known of the API, and what the mock assumes; with ID, all there is to say of one question.

    The grade tells how well the assumed answer is known: D on the documentation page, S on sibling sites' pages,
    C in a sibling's public client, P by the PHP language, B believed, none where nothing is known.
    """
    with foreseen(own=False):
        known = load().questions()
    chosen = known if question_id is None else {question_id: _one(known, question_id)}
    if format_ == "json":
        click.echo(
            json.dumps([question.facts() for question in chosen.values()], indent=2, ensure_ascii=False)
        )
    elif question_id is None:
        head = ("QUESTION", "ASSUMED", "OTHER ANSWERS", "GRADE")
        click.echo(table(head, [_row(question) for question in chosen.values()]))
    else:
        click.echo("\n".join(_paragraphs(chosen[question_id])))


def _one(known: Mapping[str, Question], name: str) -> Question:
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else "see `bitpeak-mock questions`."
        raise click.UsageError(f"there is no question {name!r}, {hint}")
    return known[name]


def _others(question: Question) -> list[str]:
    return [answer for answer in question.answers if answer != question.assumed]


def _row(question: Question) -> tuple[str, ...]:
    return question.id, question.assumed, ", ".join(_others(question)), question.grade


def _paragraphs(question: Question) -> Iterator[str]:
    yield from textwrap.wrap(f"{question.id}: {question.text}", _WIDTH)
    yield ""
    for answer in question.answers.values():
        assumed = " (assumed)" if answer.id == question.assumed else ""
        yield from textwrap.wrap(
            f"{answer.id}{assumed}: {answer.means}", _WIDTH, initial_indent="  ", subsequent_indent="    "
        )
    yield ""
    yield f"grade       {question.grade}"
    yield f"evidence    {question.evidence}"
    yield f"operations  {', '.join(question.operations) or 'all'}"
    if question.departure:
        yield "The assumed answer departs from the documentation page."
    yield ""
    yield f"To switch: bitpeak-mock serve --answer {question.id}={_others(question)[0]}"
