"""The part of the page that matters most: what differs, each with what is documented, what happened, how to see it."""

from __future__ import annotations

from contract_tests.report.finding import Finding
from contract_tests.report.markup import Markup, described, joined, prose, tag
from contract_tests.report.outcome import Outcome

_MOST_LINES = 20


def differences(outcome: Outcome) -> Markup:
    """Return the cards of all findings; those that are the tool's own fault stand apart."""
    theirs = [finding for finding in outcome.findings if finding.kind != "defect of the kit"]
    ours = [finding for finding in outcome.findings if finding.kind == "defect of the kit"]
    parts = [tag("h2", "Differences from the documentation")]
    if theirs:
        parts += [_card(number, finding) for number, finding in enumerate(theirs, start=1)]
    else:
        parts.append(tag("p", "None was found."))
    if ours:
        parts.append(tag("h2", "Tests that failed of themselves"))
        said = (
            "These are faults of the tool, or answers that it could not read; they say little of the service."
        )
        parts.append(tag("p", said))
        parts += [_card(number, finding) for number, finding in enumerate(ours, start=1)]
    return joined(parts)


def _card(number: int, finding: Finding) -> Markup:
    where = " · ".join(part for part in (finding.operation, finding.suite, finding.test) if part)
    return tag(
        "article",
        tag("header", tag("span", f"{number}.", kind="index"), tag("h3", prose(finding.title))),
        described([
            ("The documentation says" if finding.kind == "departure" else "Expected", prose(finding.documented)),
            ("The service did", _did(finding)),
            ("Repeat it", _steps(finding)),
            ("Also seen by", ", ".join(finding.also)),
        ]),
        tag("p", where, kind="where"),
        kind="card",
    )  # fmt: skip


def _did(finding: Finding) -> Markup | str:
    if finding.observed:
        return prose(finding.observed)
    lines = finding.details.splitlines()
    shown = prose("\n".join(lines[:_MOST_LINES]) + ("\n…" if len(lines) > _MOST_LINES else ""))
    return tag("pre", shown) if len(lines) > 1 else shown


def _steps(finding: Finding) -> Markup | str:
    if not finding.steps:
        return ""
    return joined(
        tag("pre", step.curl, "\n", tag("span", f"# {step.answer}", kind="answer")) for step in finding.steps
    )
