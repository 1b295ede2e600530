"""All that a report says, whatever its shape. Nothing in it holds a key or a row of others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from contract_tests.judge.verdicts import Ruling
from contract_tests.report.finding import Finding, ShownCall


class RunVerdict(StrEnum):
    """How the run came out."""

    FINE = "fine"
    FINDINGS = "findings"
    NOTHING = "nothing executed"
    CUT_SHORT = "cut short"
    DEFECT = "internal error"


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
    """One operation: what the document expects of it, and what was seen.

    `statuses` and `refusals` count answers; `missing` are the documented refusals that were not seen.
    """

    id: str
    method: str
    path: str
    requests: int
    declared: tuple[int, ...]
    statuses: Mapping[int, int]
    refusals: Mapping[str, int]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuestionSeen:
    """One thing that the documentation leaves open, and how this service does it.

    `text` asks and `seen` answers, in sentences; `seen` is empty if it stayed unknown, and `why` says why. `id` is the
    open question's, empty if no question asks for it; `answer` is then empty, too, as it is if no listed answer says
    what was seen. `assumed` and `assumed_means` are what the document took for granted. `source` tells whether the run
    `found` the answer or was `given` it. `also` are other sentences on the same question, `steps` show the exchange.
    """

    id: str
    text: str
    seen: str
    answer: str = ""
    assumed: str = ""
    assumed_means: str = ""
    source: Literal["found", "given", "unknown"] = "found"
    why: str = ""
    also: tuple[str, ...] = ()
    steps: tuple[ShownCall, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether the service was seen to do something else than was assumed."""
        return self.source != "unknown" and (self.answer != self.assumed or not self.answer)


@dataclass(frozen=True, slots=True)
class Extra:
    """Something that was seen and of which neither the documentation nor any question speaks."""

    what: str
    step: ShownCall


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that was not tested, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Defect:
    """An error of this program: the test in which it came up, and the traceback."""

    test: str
    error: str
    traceback: str


class ReportLine(NamedTuple):
    """One line of a part of a report: `note` qualifies it, `lines` and `steps` say more."""

    text: str
    note: str = ""
    lines: tuple[str, ...] = ()
    steps: tuple[ShownCall, ...] = ()


class Section(NamedTuple):
    """One of the five parts of a report; `none` says it in words if there are no entries."""

    title: str
    entries: tuple[ReportLine, ...]
    none: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One run. `started` is in ISO 8601 and UTC, `seconds` its length.

    `tool` is this program with its version. `command` repeats the run. `workers` is over how many the run was spread,
    each with an account of its own: counts are theirs together, `seconds` and `waited` those of the longest. `requests`
    counts all that were sent to the target, clean-up included; `budget` is their limit, None without one. `waited` is
    in seconds, for the rate; `created` counts creates that were tried. `accepted` are findings that the baseline knows,
    and `expired` says what of it is over. `interrupted` says what ended the run early. `left_behind` names rows that
    could not be deleted, and the remedy; empty if nothing is left.
    """

    tool: str
    command: str
    target: str
    document: str
    digest: str
    overlays: tuple[str, ...]
    answers: tuple[str, ...]
    hold_to: str
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
    verdict: RunVerdict
    exit_code: int
    interrupted: str
    left_behind: tuple[str, ...]
    operations: tuple[OperationSeen, ...]
    findings: tuple[Finding, ...]
    questions: tuple[QuestionSeen, ...]
    extras: tuple[Extra, ...]
    left_out: tuple[LeftOut, ...]
    tests: tuple[Trial, ...]
    defects: tuple[Defect, ...] = ()
    accepted: tuple[Finding, ...] = ()
    expired: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The verdict in one line."""
        ran = sum(test.outcome != "skipped" for test in self.tests)
        did = f"{_count(ran, 'test')} with {_count(self.requests, 'request')} in {self.seconds:.1f} s"
        found = _count(len(self.findings), "finding")
        if self.verdict is RunVerdict.CUT_SHORT:
            return f"cut short ({self.interrupted}) after {did}: {found} so far"
        if self.verdict is RunVerdict.NOTHING:
            return "nothing was executed, which says nothing about the target"
        if self.verdict is RunVerdict.DEFECT:
            return f"this program failed in {_count(len(self.defects), 'test')}: {did}"
        known = f", {len(self.accepted)} more accepted" if self.accepted else ""
        if self.verdict is RunVerdict.FINE:
            return f"no finding{known}: {did}"
        return f"{found}{known}: {did}"

    @property
    def sections(self) -> tuple[Section, ...]:
        """The five parts of the report, in their order."""
        contradicting = [one for one in self.findings if one.kind != Ruling.ITSELF]
        faults = [one for one in self.findings if one.kind == Ruling.ITSELF]
        known = [one for one in self.questions if one.source != "unknown"]
        unknown = [one for one in self.questions if one.source == "unknown"]
        missing = [*self.left_out, *(LeftOut(one.text, one.why) for one in unknown), *self._unseen()]
        return (
            Section(
                "Contradicts the documentation",
                tuple(map(_of_finding, contradicting)), "Nothing that was tested contradicts the documentation.",
            ),
            Section(
                "Contradicts itself",
                tuple(map(_of_finding, faults)), "Nothing that was tested contradicts itself.",
            ),
            Section(
                "What the documentation leaves open, and how this service does it",
                tuple(_of_question(one) for one in known), "Nothing was asked.",
            ),
            Section(
                "Seen, and not modelled",
                tuple(ReportLine(one.what, steps=(one.step,)) for one in self.extras), "Nothing else was seen.",
            ),
            Section(
                "Not reached, and why",
                tuple(ReportLine(one.what, one.why) for one in missing), "Everything that was to be tested was tested.",
            ),
        )  # fmt: skip

    def _unseen(self) -> list[LeftOut]:
        """Return the documented refusals that no request provoked, by refusal."""
        by_refusal: dict[str, list[str]] = {}
        for operation in self.operations:
            for name in operation.missing:
                by_refusal.setdefault(name, []).append(f"{operation.method} {operation.path}")
        return [
            LeftOut(f"the refusal `{name}` of {', '.join(where)}", "no request of this run was answered so")
            for name, where in by_refusal.items()
        ]


def _of_finding(finding: Finding) -> ReportLine:
    where = f"expected: {finding.documented}" if finding.documented else ""
    also = f"also met by {_count(len(finding.also), 'other test')}" if finding.also else ""
    lines = (*filter(None, finding.details.splitlines()), *filter(None, (where, also)))
    return ReportLine(finding.title, finding.question or finding.operation, lines, finding.steps)


def _of_question(seen: QuestionSeen) -> ReportLine:
    note = "as you said" if seen.source == "given" else ""
    return ReportLine(f"{seen.text} {seen.seen}".strip(), note, seen.also, seen.steps)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
