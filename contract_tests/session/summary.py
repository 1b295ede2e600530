"""Puts together what a run that was cleaned up saw, for its report or for the process that started it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from contract_tests.document.demand import demanded_refusals
from contract_tests.guard import CleanUp
from contract_tests.probes import Answered, Outside, effective
from contract_tests.report import LeftOut, OperationSeen, QuestionSeen
from contract_tests.run.run import Reach
from contract_tests.run.settings import Code
from contract_tests.session.opening import Opening
from contract_tests.session.part import Part
from contract_tests.session.results import Results
from contract_tests.session.selection import rules_of, suite_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended. `results` is None where no test could begin, `left_out` what was not chosen to run.

    `is_part`: pytest was told to run some tests only, by -k or otherwise.
    """

    results: Results | None
    items: Sequence[pytest.Item]
    left_out: Sequence[LeftOut]
    cleaned: CleanUp = field(default_factory=CleanUp)
    interrupted: str = ""
    code: int = Code.FINE
    is_part: bool = False


def part_of(opening: Opening, ended: Ended) -> Part:
    """Return what a run saw."""
    stats, reach, results = opening.guard.stats(), opening.run.reach, ended.results
    return Part(
        target=opening.guard.target, document=opening.document.data["info"]["title"],
        digest=opening.document.digest, overlays=tuple(path.name for path in opening.known.overlays),
        started=opening.started.isoformat(timespec="seconds"),
        seconds=round((datetime.now(UTC) - opening.started).total_seconds(), 3),
        requests=stats.sent, waited=round(stats.waited, 3), created=stats.created,
        items={item.nodeid: (suite_of(item), item.name) for item in ended.items},
        tests=results.tests if results is not None else {},
        findings=tuple(results.findings) if results is not None else (),
        left_out=tuple(ended.left_out), operations=tuple(_operations(reach)), questions=tuple(_questions(opening)),
        outside=_outside(opening), unreached=tuple(reach.unreached(rules_of(ended.items))), lost=dict(reach.lost),
        is_part=ended.is_part, interrupted=ended.interrupted, code=int(ended.code),
        left_behind=_left_behind(opening, ended.cleaned),
    )  # fmt: skip


def _left_behind(opening: Opening, cleaned: CleanUp) -> tuple[str, ...]:
    if cleaned.complete:
        return ()
    rows = [f"The handler {row} may be left: {why}" for row, why in cleaned.failed.items() if row]
    if cleaned.open or 0 in cleaned.failed:
        rows.append("A handler whose creation was never answered may be left.")
    return (*rows, f"To finish the clean-up: bitpeak-mock sweep {opening.guard.ledger_file}")


def _questions(opening: Opening) -> Iterable[QuestionSeen]:
    for verdict in opening.effective.verdicts.values() if opening.effective is not None else ():
        question, is_known = verdict.question, verdict.source != "unknown"
        yield QuestionSeen(
            id=question.id, text=question.text, answer=verdict.answer if is_known else "",
            means=_means(verdict) if is_known else "", assumed=question.assumed,
            assumed_means=question.answers[question.assumed].means, source=verdict.source,
            page_speaks=question.departure, why=opening.clean(verdict.why),
        )  # fmt: skip


def _outside(opening: Opening) -> dict[str, str]:
    verdicts = opening.effective.verdicts if opening.effective is not None else {}
    return {
        name: opening.clean(verdict.finding.sentence)
        for name, verdict in verdicts.items()
        if isinstance(verdict.finding, Outside)
    }


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
