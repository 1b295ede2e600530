"""What a run found out, and its shapes: text for a terminal, JSON, one HTML page."""

from contract_tests.report.machine import VERSION, as_json
from contract_tests.report.outcome import (
    LeftOut,
    OperationSeen,
    Outcome,
    QuestionSeen,
    Trial,
    Verdict,
)
from contract_tests.report.page import as_html
from contract_tests.report.terminal import as_text

__all__ = [
    "VERSION",
    "LeftOut",
    "OperationSeen",
    "Outcome",
    "QuestionSeen",
    "Trial",
    "Verdict",
    "as_html",
    "as_json",
    "as_text",
]
