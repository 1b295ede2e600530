"""What a run found out, and its shapes: text for a terminal, JSON, JUnit XML, GitHub's, one HTML page."""

from contract_tests.report.machine import VERSION, as_annotations, as_json, as_junit, as_markdown, as_workflow
from contract_tests.report.outcome import (
    Defect,
    Extra,
    LeftOut,
    OperationSeen,
    Outcome,
    QuestionSeen,
    RunVerdict,
    Trial,
)
from contract_tests.report.page import as_html
from contract_tests.report.terminal import as_text

__all__ = [
    "VERSION",
    "Defect",
    "Extra",
    "LeftOut",
    "OperationSeen",
    "Outcome",
    "QuestionSeen",
    "RunVerdict",
    "Trial",
    "as_annotations",
    "as_html",
    "as_json",
    "as_junit",
    "as_markdown",
    "as_text",
    "as_workflow",
]
