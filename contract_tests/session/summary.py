"""Sums a run up: what was seen, what is wrong, what was not tested, and the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from contract_tests.document.demand import demanded_refusals
from contract_tests.guard import CleanUp
from contract_tests.probes import Answered, effective
from contract_tests.report import LeftOut, OperationSeen, Outcome, QuestionSeen, Trial, Verdict
from contract_tests.report.finding import Finding, merged
from contract_tests.run.reach import Reach
from contract_tests.run.stop import Code
from contract_tests.session.opening import Opening

_PROGRAM = "bitpeak-mock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a run came to. `interrupted` says what ended it early, empty otherwise, and `code` is then its exit code."""

    tests: Sequence[Trial]
    findings: Sequence[Finding]
    left_out: Sequence[LeftOut]
    rules: Sequence[str] = ()
    cleaned: CleanUp = field(default_factory=CleanUp)
    interrupted: str = ""
    code: int = Code.FINE


def sum_up(opening: Opening, ended: Ended) -> Outcome:
    """Return the outcome of a run that was cleaned up."""
    settings, stats, reach = opening.settings, opening.guard.stats(), opening.run.reach
    findings, left_out = _with_reach(opening, ended)
    verdict, code = _verdict(ended, findings)
    return Outcome(
        tool=_tool(), target=opening.guard.target, document=opening.document.data["info"]["title"],
        digest=opening.document.digest, overlays=tuple(path.name for path in opening.known.overlays),
        profile=settings.profile.name, suites=settings.suites, seed=settings.seed, read_only=not settings.allow_writes,
        started=opening.started.isoformat(timespec="seconds"),
        seconds=round((datetime.now(UTC) - opening.started).total_seconds(), 3),
        requests=stats.sent, budget=settings.max_requests, waited=round(stats.waited, 3), created=stats.created,
        verdict=verdict, exit_code=code, interrupted=ended.interrupted,
        left_behind=_left_behind(opening, ended.cleaned), operations=tuple(_operations(reach)),
        questions=tuple(_questions(opening)), findings=tuple(findings), left_out=tuple(left_out),
        tests=tuple(ended.tests),
    )  # fmt: skip


def _with_reach(opening: Opening, ended: Ended) -> tuple[list[Finding], list[LeftOut]]:
    """Add what a whole run should have reached.

    A target with faults cannot always be walked through; where nothing else is wrong, the kit has not done its work.
    """
    findings, left_out = merged(ended.findings), list(ended.left_out)
    if not opening.settings.is_whole or ended.interrupted or not _ran(ended.tests):
        return findings, left_out
    missed = opening.run.reach.missed(ended.rules)
    cut = any(test.outcome == "skipped" for test in ended.tests) and opening.settings.max_requests is not None
    if missed and not findings and not cut:
        details = "\n".join(missed)
        title = "The run did not reach all that it must, so that it proves less than it seems to."
        return [Finding("reach", "", "defect of the kit", title, details)], left_out
    return findings, left_out + [LeftOut("not reached", sentence) for sentence in missed]


def _verdict(ended: Ended, findings: Sequence[Finding]) -> tuple[Verdict, int]:
    if ended.interrupted:
        return Verdict.CUT_SHORT, ended.code
    if not _ran(ended.tests):
        return Verdict.NOTHING, Code.NOTHING
    if findings or not ended.cleaned.complete:
        return Verdict.FINDINGS, Code.FINDINGS
    return Verdict.FINE, Code.FINE


def _ran(tests: Iterable[Trial]) -> bool:
    return any(test.outcome != "skipped" for test in tests)


def _left_behind(opening: Opening, cleaned: CleanUp) -> tuple[str, ...]:
    if cleaned.complete:
        return ()
    rows = [f"The handler {row} may be left: {why}" for row, why in cleaned.failed.items() if row]
    if cleaned.open or 0 in cleaned.failed:
        rows.append("A handler whose creation was never answered may be left.")
    return (*rows, f"To finish the clean-up: {_PROGRAM} sweep {opening.guard.ledger_file}")


def _questions(opening: Opening) -> Iterable[QuestionSeen]:
    for verdict in opening.effective.verdicts.values() if opening.effective is not None else ():
        question, is_known = verdict.question, verdict.source != "unknown"
        yield QuestionSeen(
            id=question.id, text=question.text, answer=verdict.answer if is_known else "",
            means=_means(verdict) if is_known else "", assumed=question.assumed,
            assumed_means=question.answers[question.assumed].means, source=verdict.source,
            page_speaks=question.departure, why=opening.clean(verdict.why),
        )  # fmt: skip


def _means(verdict: effective.Verdict) -> str:
    means = verdict.question.answers[verdict.answer].means
    detail = verdict.finding.detail if isinstance(verdict.finding, Answered) else ""
    return f"{means} {detail}".rstrip()


def _operations(reach: Reach) -> Iterable[OperationSeen]:
    demanded = demanded_refusals(reach.facts)
    for operation in reach.facts.operations.values():
        statuses = {status: n for (name, status), n in sorted(reach.statuses.items()) if name == operation.id}
        refusals = {refusal: n for (name, refusal), n in reach.refusals.items() if name == operation.id}
        declared = {operation.success, *(refusal.status for refusal in operation.refusals.values())}
        wanted = demanded.get(operation.id, ())
        yield OperationSeen(
            id=operation.id, method=operation.method, path=operation.path, requests=sum(statuses.values()),
            declared=tuple(sorted(declared)), statuses=statuses, declared_refusals=tuple(operation.refusals),
            refusals=refusals, missing=tuple(one.name for one in wanted if one.name not in refusals),
        )  # fmt: skip


def _tool() -> str:
    try:
        return f"{_PROGRAM} {version(_PROGRAM)}"
    except PackageNotFoundError:  # a checkout that is not installed
        return _PROGRAM
