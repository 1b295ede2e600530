"""The report for programs: JSON, whose shape is `report.schema.json` beside this file (JSON Schema 2020-12).

    {"version": 2, "target": "https://…", "verdict": "findings", "exit_code": 1, "sentence": "…",
     "document": {"name", "digest", "overlays", "answers", "hold_to"}, "run": {"profile", "suites", …},
     "contradicts_documentation": [{"title", "documented", "question", "steps": [{"curl", "answer"}], …}],
     "contradicts_itself": [the same],
     "left_open": [{"id", "text", "seen", "answer", "assumed", "differs", "steps", …}],
     "not_modelled": [{"what", "step"}], "not_reached": [{"what", "why"}],
     "operations": [{"id", "method", "path", "requests", "declared", "statuses", …}],
     "tests": [{"suite", "name", "outcome", "seconds", "reason"}], "defects": [{"test", "error", "traceback"}]}

`version` grows when a key goes away or changes its meaning; a new key does not change it.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from contract_tests.guard.exchange import json_text
from contract_tests.judge.verdicts import Ruling
from contract_tests.report.outcome import Outcome

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
