"""The shapes of a report: text for a terminal, one HTML page, JSON, JUnit XML, GitHub's annotations and summary."""

from __future__ import annotations

import html
import re
import secrets
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields, is_dataclass, replace
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import click

from contract_tests.guard.exchange import json_text, printable_lines
from contract_tests.judge.verdicts import Ruling
from contract_tests.report.outcome import OperationSeen, Outcome, ReportLine, RunVerdict, Section

# Characters that XML or HTML cannot hold, or that change how the rest of a line reads. A fuzzed response may have them.
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"
    r"\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)


def _rendered(name: str, outcome: Outcome, *, escapes: bool = True) -> str:
    """Render the report by a template of this folder."""
    import jinja2  # imported late: few runs write files, and the import takes a fifth of the start

    home = files("contract_tests.report")
    environment = jinja2.Environment(
        autoescape=escapes,  # noqa: S701 -- a filter of its own escapes Markdown
        finalize=_finalized,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters |= {"plain": _plain, "whole": _text}
    return environment.from_string(home.joinpath(name).read_text(encoding="utf-8")).render(
        outcome=outcome, host=urlsplit(outcome.target).netloc,
        style=home.joinpath("style.css").read_text(encoding="utf-8"),
    )  # fmt: skip


def as_html(outcome: Outcome) -> str:
    """Return the report as one self-contained page, without scripts, pictures or other requests."""
    return _rendered("page.html.jinja", outcome)


def as_junit(outcome: Outcome) -> str:
    """Return the report as JUnit XML."""
    return _rendered("junit.xml.jinja", outcome)


def as_markdown(outcome: Outcome) -> str:
    """Return the report as Markdown, for GitHub's job summary."""
    return _rendered("summary.md.jinja", outcome, escapes=False)


def readable(text: str) -> str:
    """Return a text without the characters that HTML and XML cannot hold."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _finalized(value: Any) -> Any:
    return readable(value) if type(value) is str else value


_WIDTH = 100
_LONGEST, _MOST_LINES = 1000, 20
_COLORS = {
    RunVerdict.FINE: "green",
    RunVerdict.FINDINGS: "red",
    RunVerdict.NOTHING: "yellow",
    RunVerdict.CUT_SHORT: "yellow",
    RunVerdict.DEFECT: "yellow",
}


def as_text(outcome: Outcome, *, color: bool) -> str:
    """Return the report as lines of text, with or without a terminal's colours."""
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
    """Return a copy with all texts safe for a terminal, which then obeys nothing that a service said."""
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
        yield from _wrapped(f"{number}. {entry.text}{note}", "  ", "     ")
        for line in entry.lines[:_MOST_LINES]:
            yield f"     {_short(line)}".rstrip()
        for step in entry.steps:
            yield click.style(f"     {step.curl}", fg="cyan")
            if step.answer:
                yield click.style(f"     # {_short(step.answer)}", dim=True)
    if not section.entries:
        yield f"  {section.none}"


def _lines(section: Section) -> Iterator[str]:
    for entry in section.entries:
        yield from _wrapped(f"{_short(entry.text)}{f': {entry.note}' if entry.note else ''}", "  ", "    ")
        for line in entry.lines[:_MOST_LINES]:
            yield from _wrapped(f"but: {_short(line)}", "    ", "      ")
    if not section.entries:
        yield f"  {section.none}"


def _wrapped(text: str, first: str, others: str) -> list[str]:
    """Wrap the text, never at a hyphen, so that addresses and options can be copied whole."""
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=others, break_on_hyphens=False)


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


VERSION = 2

_RUN = (
    "profile", "suites", "seed", "read_only", "workers", "started", "seconds", "requests", "budget", "waited",
    "created", "interrupted", "left_behind", "command",
)  # fmt: skip


def as_json(outcome: Outcome) -> str:
    """Return the report as JSON text."""
    data = asdict(outcome)
    report: dict[str, Any] = {
        "version": VERSION,
        "target": outcome.target,
        "verdict": str(outcome.verdict),
        "exit_code": outcome.exit_code,
        "sentence": outcome.sentence,
        "document": {
            "name": outcome.document, "digest": outcome.digest, "overlays": outcome.overlays,
            "answers": outcome.answers, "hold_to": outcome.hold_to,
        },
        "run": {name: data[name] for name in _RUN},
        "contradicts_documentation": [one for one in data["findings"] if one["kind"] != Ruling.ITSELF],
        "contradicts_itself": [one for one in data["findings"] if one["kind"] == Ruling.ITSELF],
        "left_open": [{**asdict(one), "differs": one.differs} for one in outcome.questions],
        "not_modelled": data["extras"],
        "not_reached": data["left_out"],
        **{name: data[name] for name in ("operations", "tests", "defects", "accepted", "expired")},
    }  # fmt: skip
    return json_text(report)


def as_annotations(outcome: Outcome) -> str:
    """Return annotation lines for GitHub Actions, an error for each finding."""
    lines = []
    for section in outcome.sections[:2]:
        lines += [_annotation("error", section.title, _text(entry)) for entry in section.entries]
    lines += [
        _annotation("error", "bitpeak-mock failed", f"{one.test}: {one.error}") for one in outcome.defects
    ]
    lines += [_annotation("warning", "Baseline", sentence) for sentence in outcome.expired]
    lines += [_annotation("warning", "Left behind", sentence) for sentence in outcome.left_behind]
    return "\n".join(
        [*lines, _annotation("notice", "Contract test", f"{outcome.target}: {outcome.sentence}")]
    )


def as_workflow(outcome: Outcome) -> str:
    """Return the report for a workflow's log, which obeys the annotations and nothing that a service said."""
    token = secrets.token_hex(16)
    text = as_text(outcome, color=False)
    return "\n".join([f"::stop-commands::{token}", text, f"::{token}::", as_annotations(outcome)])


def _text(entry: ReportLine) -> str:
    return readable("\n".join([entry.text, *entry.lines, *_steps(entry)]))


def _steps(entry: ReportLine) -> list[str]:
    lines = ((step.curl, f"# {step.answer}") if step.answer else (step.curl,) for step in entry.steps)
    return [readable(line) for several in lines for line in several]


def _annotation(level: str, title: str, text: str) -> str:
    message = printable_lines(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::{level} title={title.replace('%', '%25').replace(',', '%2C').replace(':', '%3A')}::{message}"


def _plain(text: str) -> str:
    """Escape a text for Markdown. Code between backticks stays code."""
    text = " ".join(readable(text).split())
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return html.escape(text, quote=False).replace("|", "\\|").replace("*", "\\*").replace("_", "\\_")
