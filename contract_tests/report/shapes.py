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
from xml.etree import ElementTree

import click

from contract_tests.guard.exchange import json_text, printable_lines
from contract_tests.judge.verdicts import Ruling
from contract_tests.report.outcome import OperationSeen, Outcome, ReportLine, RunVerdict, Section

# Neither XML nor HTML has these, or they change how the rest of a line reads, and a fuzzed answer may have them.
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"
    r"\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
_TONES = {RunVerdict.FINE: "good", RunVerdict.FINDINGS: "bad"}


def as_html(outcome: Outcome) -> str:
    """Return one page that needs nothing else: no script, no picture, no address that is fetched."""
    import jinja2  # late: few runs write HTML, and its import takes a fifth of a start

    home = files("contract_tests.report")
    environment = jinja2.Environment(autoescape=True, finalize=_finalized, undefined=jinja2.StrictUndefined)
    template = environment.from_string(home.joinpath("page.html.jinja").read_text(encoding="utf-8"))
    mode = "Reading only" if outcome.read_only else "Reading and writing"
    return template.render(
        outcome=outcome, host=urlsplit(outcome.target).netloc, tone=_TONES.get(outcome.verdict, "open"),
        style=home.joinpath("style.css").read_text(encoding="utf-8"),
        headline=_headline(outcome), explained=_explained(outcome), about=_about(outcome), manners=_manners(outcome),
        facts=[
            ("Service", outcome.target), ("Tested on", outcome.started.replace("T", " ").replace("+00:00", " UTC")),
            ("Requests sent", str(outcome.requests)), ("Time taken", _span(outcome.seconds)),
            ("Mode", mode), ("Test handlers", _created(outcome)),
        ],
    )  # fmt: skip


def readable(text: str) -> str:
    """Return a text to be shown, without the characters that neither HTML nor XML has."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _finalized(value: Any) -> Any:
    return readable(value) if type(value) is str else value


def _headline(outcome: Outcome) -> str:
    number = len(outcome.findings)
    found = f"{number} thing{'' if number == 1 else 's'} that the service should not do"
    if outcome.verdict is RunVerdict.NOTHING:
        return "Nothing was tested"
    if outcome.verdict is RunVerdict.CUT_SHORT:
        return f"The test was cut short; so far it found {found if number else 'nothing wrong'}"
    if number:
        return f"The test found {found}"
    if outcome.verdict is RunVerdict.FINE:
        return "Nothing that was tested contradicts the documentation"
    return "Nothing wrong was found, but the test itself is not sound"


def _explained(outcome: Outcome) -> str:
    ran = [test for test in outcome.tests if test.outcome != "skipped"]
    passed = sum(test.outcome == "passed" for test in ran)
    sentences = [f"{passed} of {len(ran)} tests passed."]
    found = sum(one.source == "found" for one in outcome.questions)
    if found:
        sentences.append(f"{found} points that the documentation leaves open were settled by observation.")
    if outcome.accepted:
        sentences.append(f"{len(outcome.accepted)} known findings are accepted for now and are not shown.")
    return " ".join([*sentences, *outcome.expired, *outcome.left_behind])


def _created(outcome: Outcome) -> str:
    if outcome.read_only:
        return "none were created"
    kept = "all deleted again" if not outcome.left_behind else "not all could be deleted"
    return f"{outcome.created} created, {kept}"


def _about(outcome: Outcome) -> str:
    keys = "one API key" if outcome.workers == 1 else f"{outcome.workers} API keys"
    varied = f", with the changes of {', '.join(outcome.overlays)}" if outcome.overlays else ""
    told = f", and with the answers {', '.join(outcome.answers)}" if outcome.answers else ""
    open_ones = (
        "It held the service to all of that description, also to what the documentation leaves open."
        if outcome.hold_to == "document"
        else "Where the documentation is silent the tool observed what the service does, and calls none of it wrong."
    )
    return (
        f"bitpeak-mock is an independent, open-source tool. It called the service over HTTP with {keys} and "
        f"compared each answer with “{outcome.document}”, a machine-readable description written from the service's "
        f"public documentation{varied}{told}. {open_ones}"
    )


def _manners(outcome: Outcome) -> str:
    if outcome.read_only:
        return "This run only read: it created, changed and deleted nothing."
    return (
        "The run changed and deleted only handlers that it had created itself. They pointed to addresses that are "
        "reserved for examples (example.com), so nobody was notified. Existing handlers were neither changed nor "
        "recorded."
    )


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


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
                f"but: {_short(line)}", _WIDTH, initial_indent="    ", subsequent_indent="      "
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


_LONGEST = 1000


def as_junit(outcome: Outcome) -> str:
    """Return the report as JUnit XML: a suite for each of its five parts, and one for the tests that passed.

    Each finding is one failed case, whatever number of tests met it.
    """
    root = ElementTree.Element(
        "testsuites", name=f"contract of {outcome.target}", time=f"{outcome.seconds:.3f}"
    )
    for section, word in zip(outcome.sections, ("failure", "failure", "", "", "skipped"), strict=True):
        suite = _suite(root, section.title)
        for entry in section.entries:
            _add_case(suite, entry, word)
    suite = _suite(root, "Tests that passed")
    for test in outcome.tests:
        if test.outcome == "passed":
            ElementTree.SubElement(
                suite, "testcase", classname=test.suite, name=test.name, time=f"{test.seconds:.3f}"
            )
    suite = _suite(root, "Errors of this program")
    for defect in outcome.defects:
        case = ElementTree.SubElement(suite, "testcase", classname="bitpeak-mock", name=readable(defect.test))
        ElementTree.SubElement(case, "error", message=readable(defect.error)).text = readable(
            defect.traceback
        )
    for suite in root:
        for word, tag in (
            ("tests", "testcase"),
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ):
            suite.set(word, str(len(list(suite.iter(tag)))))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def as_annotations(outcome: Outcome) -> str:
    """Return lines that GitHub Actions shows as annotations: an error for each finding."""
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
    """Return the report for the log of a workflow, which obeys the annotations and nothing that a service has said."""
    token = secrets.token_hex(16)
    text = as_text(outcome, color=False)
    return "\n".join([f"::stop-commands::{token}", text, f"::{token}::", as_annotations(outcome)])


def as_markdown(outcome: Outcome) -> str:
    """Return the report as Markdown, for GitHub's job summary."""
    lines = [f"## Contract test of {_plain(outcome.target)}", "", f"**{_plain(outcome.sentence)}**", ""]
    for number, section in enumerate(outcome.sections):
        lines += list(_section(section, is_finding=number < 2))
    lines += [f"- {_plain(one)}" for one in (*outcome.expired, *outcome.left_behind)]
    lines += [
        f"- Error of bitpeak-mock in {_plain(one.test)}: {_plain(one.error)}" for one in outcome.defects
    ]
    return "\n".join([*lines, "", f"`{outcome.command}`", ""])


def _section(section: Section, *, is_finding: bool) -> Iterator[str]:
    yield from (f"### {section.title}", "")
    if not section.entries:
        yield section.none
    elif is_finding:
        for entry in section.entries:
            yield f"- **{_plain(entry.text)}** {_plain(entry.note)}".rstrip()
            yield from (f"  {_plain(line)}<br/>" for line in entry.lines)
            yield from ("", "  ```sh", *(f"  {line}" for line in _steps(entry)), "  ```")
    else:
        yield f"<details><summary>{len(section.entries)}</summary>\n"
        yield from (
            f"- {_plain(entry.text)}{f': {_plain(entry.note)}' if entry.note else ''}"
            for entry in section.entries
        )
        yield "\n</details>"
    yield ""


def _suite(root: ElementTree.Element, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(root, "testsuite", name=name)


def _add_case(suite: ElementTree.Element, entry: ReportLine, word: str) -> None:
    """Add an entry as a case: one that failed, one that was skipped, or one that passed and says what was seen."""
    name = suite.get("name", "")
    case = ElementTree.SubElement(suite, "testcase", classname=name, name=readable(entry.text), time="0")
    if not word:
        ElementTree.SubElement(case, "system-out").text = _text(entry)
        return
    message = readable(entry.note if word == "skipped" else entry.text)
    ElementTree.SubElement(case, word, message=message).text = _text(entry)


def _text(entry: ReportLine) -> str:
    return readable("\n".join([entry.text, *entry.lines, *_steps(entry)]))


def _steps(entry: ReportLine) -> list[str]:
    return [readable(line) for step in entry.steps for line in (step.curl, f"# {step.answer}")]


def _annotation(level: str, title: str, text: str) -> str:
    message = printable_lines(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::{level} title={title.replace('%', '%25').replace(',', '%2C').replace(':', '%3A')}::{message}"


def _plain(text: str) -> str:
    """Return a text as Markdown that shows it and nothing else; what stands between backticks stays code."""
    text = " ".join(readable(text).split())
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return html.escape(text, quote=False).replace("|", "\\|").replace("*", "\\*").replace("_", "\\_")
