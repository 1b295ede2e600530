"""The report for programs: JSON, whose shape is `report.schema.json` beside this file (JSON Schema 2020-12).

    {"version": 1, "target": "https://…", "verdict": "findings", "exit_code": 1, "sentence": "…",
     "document": {"name", "digest", "overlays"}, "run": {"profile", "suites", "seed", "read_only", "workers", "started",
     "seconds", "requests", "budget", "waited", "created", "interrupted", "left_behind"},
     "operations": [{"id", "method", "path", "requests", "declared", "statuses", …}],
     "questions": [{"id", "text", "answer", "assumed", "source", "page_speaks", "differs", "why", …}],
     "findings": [{"suite", "test", "kind", "title", "observed", "details", "documented", "question", "operation",
                   "steps": [{"curl", "answer"}], "also"}],
     "left_out": [{"what", "why"}], "tests": [{"suite", "name", "outcome", "seconds", "reason"}]}

`version` grows when a key goes away or changes its meaning; a new key does not change it.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from contract_tests.report.outcome import Outcome

VERSION = 1

_RUN = (
    "profile", "suites", "seed", "read_only", "workers", "started", "seconds", "requests", "budget", "waited",
    "created", "interrupted", "left_behind",
)  # fmt: skip
_LISTS = ("operations", "findings", "left_out", "tests")


def as_json(outcome: Outcome) -> str:
    """Return the report as JSON text."""
    data = asdict(outcome)
    report: dict[str, Any] = {
        "version": VERSION,
        "target": outcome.target,
        "verdict": str(outcome.verdict),
        "exit_code": outcome.exit_code,
        "sentence": outcome.sentence,
        "document": {"name": outcome.document, "digest": outcome.digest, "overlays": outcome.overlays},
        "run": {name: data[name] for name in _RUN},
        "questions": [{**asdict(question), "differs": question.differs} for question in outcome.questions],
        **{name: data[name] for name in _LISTS},
    }
    return json.dumps(report, indent=2, ensure_ascii=False)
