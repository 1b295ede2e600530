"""The report for a terminal: its five parts, one line an entry, and all that a finding has."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

import click

from contract_tests.guard.exchange import printable_lines
from contract_tests.report.outcome import OperationSeen, Outcome, ReportLine, RunVerdict, Section

_WIDTH = 100
_LONGEST, _MOST_LINES = 240, 20
_COLORS = {
    RunVerdict.FINE: "green",
    RunVerdict.FINDINGS: "red",
    RunVerdict.NOTHING: "yellow",
    RunVerdict.CUT_SHORT: "yellow",
    RunVerdict.DEFECT: "yellow",
}


def as_text(outcome: Outcome, *, color: bool) -> str:
    """Return the report as lines of text, with colours as a terminal understands them or without."""
    outcome = _visible(outcome)
    findings, rest = outcome.sections[:2], outcome.sections[2:]
    lines = [_heading(outcome)]
    for section in findings:
        lines += ["", _bold(section.title), *_findings(section)]
    for section in rest:
        lines += ["", _bold(section.title), *_lines(section)]
    lines += [
        "",
        *_table(("OPERATION", "EXPECTED", "SENT", "SEEN"), list(map(_operation, outcome.operations))),
    ]
    lines += [*_defects(outcome), "", *_ending(outcome)]
    text = "\n".join(lines)
    return text if color else click.unstyle(text)


def _visible(value: Any) -> Any:
    """Return the same with all texts as a terminal shows them: nothing that a service said is obeyed."""
    if type(value) is str:
        return printable_lines(value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _visible(getattr(value, each.name)) for each in fields(value)})
    if isinstance(value, tuple):
        return tuple(map(_visible, value))
    return value


def _heading(outcome: Outcome) -> str:
    what = "reading only" if outcome.read_only else "reading and writing"
    held = " and all that it assumes" if outcome.hold_to == "document" else ""
    return (
        f"{_bold(outcome.target)} against {outcome.document}{held} ({outcome.digest[:12]}), {what}, "
        f"profile {outcome.profile}, seed {outcome.seed}"
        + (f", {outcome.workers} workers" if outcome.workers > 1 else "")
    )


def _findings(section: Section) -> Iterator[str]:
    for number, entry in enumerate(section.entries, start=1):
        note = f" ({entry.note})" if entry.note else ""
        yield from textwrap.wrap(
            f"{number}. {entry.text}{note}", _WIDTH, initial_indent="  ", subsequent_indent="     "
        )
        for line in entry.lines[:_MOST_LINES]:
            yield f"     {_short(line)}".rstrip()
        for step in entry.steps:
            yield click.style(f"     {step.curl}", fg="cyan")
            yield click.style(f"     # {_short(step.answer)}", dim=True)
    if not section.entries:
        yield f"  {section.none}"


def _lines(section: Section) -> Iterator[str]:
    for entry in section.entries:
        yield from textwrap.wrap(_line(entry), _WIDTH, initial_indent="  ", subsequent_indent="    ")
        for line in entry.lines[:_MOST_LINES]:
            yield from textwrap.wrap(
                f"also: {_short(line)}", _WIDTH, initial_indent="    ", subsequent_indent="      "
            )
    if not section.entries:
        yield f"  {section.none}"


def _line(entry: ReportLine) -> str:
    return f"{_short(entry.text)}{f': {entry.note}' if entry.note else ''}"


def _operation(seen: OperationSeen) -> tuple[str, ...]:
    statuses = (f"{status}×{count}" for status, count in sorted(seen.statuses.items()))
    return seen.id, " ".join(map(str, seen.declared)), str(seen.requests), " ".join(statuses)


def _defects(outcome: Outcome) -> Iterator[str]:
    if not outcome.defects:
        return
    yield from ("", _bold("Errors of this program, which say nothing of the service"))
    for defect in outcome.defects:
        yield f"  {defect.test}: {_short(defect.error)}"
        yield from (f"    {line}" for line in defect.traceback.splitlines()[-_MOST_LINES:])
    yield f"  Please report them with these lines: {outcome.tool}, {outcome.command}"


def _short(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _ending(outcome: Outcome) -> list[str]:
    lines = [click.style(sentence, fg="red") for sentence in (*outcome.expired, *outcome.left_behind)]
    return [
        *lines,
        click.style(f"{outcome.target}: {outcome.sentence}", fg=_COLORS[outcome.verdict], bold=True),
    ]


def _bold(text: str) -> str:
    return click.style(text, bold=True)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
