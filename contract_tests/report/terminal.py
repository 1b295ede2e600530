"""The report for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import click

from contract_tests.report.finding import Finding
from contract_tests.report.outcome import OperationSeen, Outcome, QuestionSeen, Verdict

_WIDTH = 100
_LONGEST, _MOST_LINES = 240, 20
_COLORS = {
    Verdict.FINE: "green",
    Verdict.FINDINGS: "red",
    Verdict.NOTHING: "yellow",
    Verdict.CUT_SHORT: "yellow",
}


def as_text(outcome: Outcome, *, color: bool) -> str:
    """Return the report as lines of text, with colours as a terminal understands them or without."""
    lines = [*_heading(outcome), *_operations(outcome), *_questions(outcome), *_left_out(outcome)]
    for number, finding in enumerate(outcome.findings, start=1):
        lines += ["", *_finding(number, finding)]
    lines += ["", *_ending(outcome)]
    text = "\n".join(lines)
    return text if color else click.unstyle(text)


def _heading(outcome: Outcome) -> list[str]:
    what = "reading only" if outcome.read_only else "reading and writing"
    return [
        f"{_bold(outcome.target)} against {outcome.document} ({outcome.digest[:12]}), {what}, "
        f"profile {outcome.profile}, seed {outcome.seed}"
        + (f", {outcome.workers} workers" if outcome.workers > 1 else "")
    ]


def _operations(outcome: Outcome) -> list[str]:
    head = ("OPERATION", "DECLARED", "SENT", "SEEN", "REFUSALS NOT SEEN")
    return ["", *_table(head, [_operation(one) for one in outcome.operations])]


def _operation(seen: OperationSeen) -> tuple[str, ...]:
    return (
        seen.id,
        " ".join(map(str, seen.declared)),
        str(seen.requests),
        " ".join(
            f"{status}×{count}" if status in seen.declared else click.style(f"{status}×{count}", fg="red")
            for status, count in sorted(seen.statuses.items())
        ),
        " ".join(seen.missing),
    )


def _questions(outcome: Outcome) -> list[str]:
    if not outcome.questions:
        return []
    rows = [_question(one) for one in outcome.questions]
    unknown = sum(one.source == "unknown" for one in outcome.questions)
    differing = sum(one.differs for one in outcome.questions)
    counted = f"{len(rows)} open questions: {differing} answered otherwise than assumed, {unknown} unknown"
    return ["", _bold(counted), *_table(("QUESTION", "ANSWER", "ASSUMED", ""), rows)]


def _question(seen: QuestionSeen) -> tuple[str, ...]:
    answer = seen.answer or "unknown"
    note = seen.why if not seen.answer else "given" if seen.source == "given" else ""
    if seen.differs:
        answer = click.style(answer, fg="red" if seen.page_speaks else "cyan")
        note = "; ".join(part for part in (note, "departs from the page" if seen.page_speaks else "") if part)
    return seen.id, answer, "" if answer == seen.assumed else seen.assumed, note


def _left_out(outcome: Outcome) -> list[str]:
    if not outcome.left_out:
        return []
    wrapped = (
        textwrap.wrap(f"{one.what}: {one.why}", _WIDTH, initial_indent="  ", subsequent_indent="    ")
        for one in outcome.left_out
    )
    return ["", _bold("not tested"), *(line for lines in wrapped for line in lines)]


def _finding(number: int, finding: Finding) -> Iterator[str]:
    yield from textwrap.wrap(_bold(f"{number}. {finding.title}"), _WIDTH, subsequent_indent="   ")
    where = f"{finding.suite}: {finding.test}" if finding.test else finding.suite
    yield f"   {finding.kind} · {where}" + (f" · {finding.operation}" if finding.operation else "")
    said = (
        ("documented", finding.documented), ("observed", finding.observed), ("also met by", ", ".join(finding.also)),
    )  # fmt: skip
    for head, text in said:
        if text:
            yield from textwrap.wrap(f"{head}: {text}", _WIDTH, initial_indent="   ", subsequent_indent="   ")
    for line in finding.details.splitlines()[:_MOST_LINES]:
        yield f"   {_short(line)}".rstrip()
    for step in finding.steps:
        yield click.style(f"   {step.curl}", fg="cyan")
        yield click.style(f"   # {_short(step.answer)}", dim=True)


def _short(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _ending(outcome: Outcome) -> list[str]:
    lines = [click.style(sentence, fg="red") for sentence in outcome.left_behind]
    return [
        *lines,
        click.style(f"{outcome.target}: {outcome.sentence}", fg=_COLORS[outcome.verdict], bold=True),
    ]


def _bold(text: str) -> str:
    return click.style(text, bold=True)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    lines = [head, *rows]
    widths = [max(len(click.unstyle(line[column])) for line in lines) for column in range(len(head))]
    for line in lines:
        cells = (
            cell + " " * (width - len(click.unstyle(cell))) for cell, width in zip(line, widths, strict=True)
        )
        yield "  ".join(cells).rstrip()
