"""All that a report says, whatever its shape. Nothing in it holds a key or a row of others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from contract_tests.report.finding import Finding


class Verdict(StrEnum):
    """How the run came out."""

    FINE = "fine"
    FINDINGS = "findings"
    NOTHING = "nothing executed"
    CUT_SHORT = "cut short"


@dataclass(frozen=True, slots=True)
class Trial:
    """One test. `reason` says why it was skipped, empty otherwise."""

    suite: str
    name: str
    outcome: Literal["passed", "failed", "skipped"]
    seconds: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OperationSeen:
    """One operation: what the document declares of it, and what was seen.

    `statuses` and `refusals` count answers; `missing` are documented refusals that a whole run should have provoked.
    """

    id: str
    method: str
    path: str
    requests: int
    declared: tuple[int, ...]
    statuses: Mapping[int, int]
    declared_refusals: tuple[str, ...]
    refusals: Mapping[str, int]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuestionSeen:
    """One open question. `answer` is empty where it stayed unknown, and `why` then says why.

    `means` is the answer in a sentence, `assumed` and `assumed_means` what the document took for granted. `source`
    tells whether the run `found` the answer, was `given` it, or it is `unknown`. `page_speaks`: the documentation
    itself gives the assumed answer, so that another one is a departure.
    """

    id: str
    text: str
    answer: str
    means: str
    assumed: str
    assumed_means: str
    source: Literal["found", "given", "unknown"]
    page_speaks: bool
    why: str = ""

    @property
    def differs(self) -> bool:
        """Whether the answer is known, and another than the assumed one."""
        return bool(self.answer) and self.answer != self.assumed


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that was not tested, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One run. `started` is in ISO 8601 and UTC, `seconds` its length.

    `tool` is this program with its version. `workers` is over how many the run was spread, each with an account of its
    own: counts are theirs together, `seconds` and `waited` those of the longest. `requests` counts all that were sent
    to the target, clean-up included; `budget` is their limit, None where there is none. `waited` is in seconds, for
    the rate; `created` counts creates that were tried. `interrupted` says what ended the run early. `left_behind` names
    rows that could not be deleted, and the remedy; empty where nothing is left.
    """

    tool: str
    target: str
    document: str
    digest: str
    overlays: tuple[str, ...]
    profile: str
    suites: tuple[str, ...]
    seed: int
    read_only: bool
    workers: int
    started: str
    seconds: float
    requests: int
    budget: int | None
    waited: float
    created: int
    verdict: Verdict
    exit_code: int
    interrupted: str
    left_behind: tuple[str, ...]
    operations: tuple[OperationSeen, ...]
    questions: tuple[QuestionSeen, ...]
    findings: tuple[Finding, ...]
    left_out: tuple[LeftOut, ...]
    tests: tuple[Trial, ...]

    @property
    def sentence(self) -> str:
        """The verdict in one line."""
        ran = sum(test.outcome != "skipped" for test in self.tests)
        did = f"{_count(ran, 'test')} with {_count(self.requests, 'request')} in {self.seconds:.1f} s"
        found = _count(len(self.findings), "finding")
        if self.verdict is Verdict.CUT_SHORT:
            return f"cut short ({self.interrupted}) after {did}: {found} so far"
        if self.verdict is Verdict.NOTHING:
            return "nothing was executed, which says nothing about the target"
        if self.verdict is Verdict.FINE:
            return f"no difference found: {did}"
        return f"{found}: {did}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
