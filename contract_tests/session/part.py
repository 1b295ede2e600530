"""What one run saw, as plain data: what a report is made of, and what a worker tells the process that started it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from contract_tests.report import LeftOut, OperationSeen, QuestionSeen, Trial
from contract_tests.report.finding import Finding
from contract_tests.report.reproduction import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One run that was cleaned up, not judged yet.

    `worker` is the number of the worker whose part it is. `items` are the suite and the name of each test that was to
    run, by node id and in order; of `tests`, those that ran. `outside` says, by question, what the target did where it
    is none of the known answers. `unreached` are sentences on what it did not reach, `lost` counts samples that said
    nothing, by operation. `is_part`: it was told to run some tests only. `interrupted` says what ended it early, empty
    otherwise, and `code` is then the exit code. `left_behind` is told in sentences. The other fields are those of
    `Outcome`.
    """

    worker: int = 1
    target: str
    document: str
    digest: str
    overlays: tuple[str, ...]
    started: str
    seconds: float
    requests: int
    waited: float
    created: int
    items: Mapping[str, tuple[str, str]]
    tests: Mapping[str, Trial]
    findings: tuple[Finding, ...]
    left_out: tuple[LeftOut, ...]
    operations: tuple[OperationSeen, ...]
    questions: tuple[QuestionSeen, ...]
    outside: Mapping[str, str]
    unreached: tuple[str, ...]
    lost: Mapping[str, int]
    is_part: bool
    interrupted: str
    code: int
    left_behind: tuple[str, ...]


def text_of(part: Part) -> str:
    """Return a part as JSON, in ASCII: a text that a service made up may be one that no other encoding can hold."""
    return json.dumps(asdict(part))


def part_from(text: str) -> Part:
    """Return the part that `text_of` made a text of."""
    plain = _tupled(json.loads(text))
    items: dict[str, Any] = {
        "items": {node_id: (suite, name) for node_id, (suite, name) in plain["items"].items()},
        "tests": {name: Trial(**test) for name, test in plain["tests"].items()},
        "findings": tuple(_finding(each) for each in plain["findings"]),
        "left_out": tuple(LeftOut(**each) for each in plain["left_out"]),
        "operations": tuple(_operation(each) for each in plain["operations"]),
        "questions": tuple(QuestionSeen(**each) for each in plain["questions"]),
    }
    return Part(**{**plain, **items})


def _finding(plain: Mapping[str, Any]) -> Finding:
    steps = tuple(Step(**each) for each in plain["steps"])
    return Finding(**{**_tupled(plain), "steps": steps})


def _operation(plain: Mapping[str, Any]) -> OperationSeen:
    statuses = {int(status): count for status, count in plain["statuses"].items()}
    return OperationSeen(**{**_tupled(plain), "statuses": statuses})


def _tupled(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
