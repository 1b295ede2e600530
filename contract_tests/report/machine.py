"""The report for programs: JSON, and annotations and a summary for CI."""

from __future__ import annotations

import html
import secrets
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree

from contract_tests.guard.exchange import json_text, printable_lines
from contract_tests.judge.verdicts import Ruling
from contract_tests.report.outcome import Outcome, ReportLine, Section
from contract_tests.report.page import readable
from contract_tests.report.terminal import as_text

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
