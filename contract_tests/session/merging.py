"""Judges what one run saw, or what the workers of a spread run saw, and makes one outcome of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version

from contract_tests.report import LeftOut, OperationSeen, Outcome, QuestionSeen, Trial, Verdict
from contract_tests.report.finding import Finding, merged
from contract_tests.run.run import turned_away
from contract_tests.run.settings import SUITES, Code, Settings
from contract_tests.session.part import Part
from contract_tests.session.selection import named

_PROGRAM = "bitpeak-mock"
_ORDER = {name: place for place, name in enumerate(SUITES)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a run went that was spread over `workers`, beside their own words: what ended it, what may be left."""

    workers: int = 1
    findings: tuple[Finding, ...] = ()
    left_behind: tuple[str, ...] = ()
    interrupted: str = ""
    code: int = Code.FINE


def judged(settings: Settings, parts: Sequence[Part], course: Course | None = None) -> Outcome:
    """Return the outcome of a run: of its one part, or of all those that its workers told of."""
    first, course = parts[0], course or Course()
    interrupted, code = _interruption(parts, course)
    tests = _tests(parts)
    left_out = [*dict.fromkeys(one for part in parts for one in part.left_out)]
    left_out += _not_done(first.items, tests, interrupted)
    findings = merged(sorted(_findings(parts, course), key=lambda one: _ORDER.get(one.suite, len(_ORDER))))
    is_whole = settings.is_whole and not any(part.is_part for part in parts)
    if is_whole and not interrupted and _ran(tests.values()):
        findings, more = _with_reach(settings, parts, tests, findings)
        left_out += more
    left_behind = (*(each for part in parts for each in part.left_behind), *course.left_behind)
    verdict, code = _verdict(tests.values(), interrupted, code, is_fine=not findings and not left_behind)
    return Outcome(
        tool=_tool(), target=first.target, document=first.document, digest=first.digest, overlays=first.overlays,
        profile=settings.profile.name, suites=settings.suites, seed=settings.seed, read_only=not settings.allow_writes,
        workers=course.workers, started=min(part.started for part in parts),
        seconds=max(part.seconds for part in parts), requests=sum(part.requests for part in parts),
        budget=settings.max_requests, waited=max(part.waited for part in parts),
        created=sum(part.created for part in parts), verdict=verdict,
        exit_code=code, interrupted=interrupted, left_behind=left_behind,
        operations=tuple(_operation(each) for each in zip(*(part.operations for part in parts), strict=True)),
        questions=tuple(_question(each) for each in zip(*(part.questions for part in _asked(parts)), strict=True)),
        findings=tuple(findings), left_out=tuple(left_out), tests=tuple(tests.values()),
    )  # fmt: skip


def _interruption(parts: Sequence[Part], course: Course) -> tuple[str, int]:
    if course.interrupted:
        return course.interrupted, course.code
    return next(((part.interrupted, part.code) for part in parts if part.interrupted), ("", Code.FINE))


def _tests(parts: Sequence[Part]) -> dict[str, Trial]:
    """Return the tests by node id, in their order; of one that ran more than once, the one that failed."""
    found: dict[str, Trial] = {}
    for part in parts:
        for name, test in part.tests.items():
            if name not in found or test.outcome == "failed":
                found[name] = test
    return {name: found[name] for name in [*parts[0].items, *found] if name in found}


def _not_done(
    items: Mapping[str, tuple[str, str]], tests: Mapping[str, Trial], interrupted: str
) -> list[LeftOut]:
    """Return what did not run, or not to its end, by suite and reason."""
    groups: dict[tuple[str, str], list[str]] = {}
    for test in tests.values():
        if test.outcome == "skipped":
            groups.setdefault((test.suite, test.reason), []).append(test.name)
    reason = f"the run was cut short ({interrupted})" if interrupted else "it did not run"
    for node_id, (suite, name) in items.items():
        if node_id not in tests:
            groups.setdefault((suite, reason), []).append(name)
    return [LeftOut(f"{suite}: {named(names)}", why) for (suite, why), names in groups.items()]


def _findings(parts: Sequence[Part], course: Course) -> list[Finding]:
    found = [finding for part in parts for finding in part.findings]
    return [*found, *_contradictions(parts), *course.findings]


def _contradictions(parts: Sequence[Part]) -> Iterable[Finding]:
    """Yield a finding for each question that one worker saw answered otherwise than another."""
    asked = _asked(parts)
    for seen in zip(*(part.questions for part in asked), strict=True):
        said = {
            part.worker: part.outside.get(one.id, one.means) for part, one in zip(asked, seen, strict=True)
        }
        if len({each for each in said.values() if each}) > 1:
            observed = " ".join(f"Worker {number}: {each}" for number, each in said.items() if each)
            yield Finding(
                "questions", "", "finding", seen[0].text, question=seen[0].id, observed=observed,
                documented="The workers, each with an account of its own, are answered alike.",
            )  # fmt: skip


def _asked(parts: Sequence[Part]) -> list[Part]:
    return [part for part in parts if part.questions]


def _with_reach(
    settings: Settings, parts: Sequence[Part], tests: Mapping[str, Trial], findings: list[Finding]
) -> tuple[list[Finding], list[LeftOut]]:
    """Add what a whole run should have reached.

    A target with faults cannot always be walked through; where nothing else is wrong, the kit has not done its work.
    """
    missed = [each for each in parts[0].unreached if all(each in part.unreached for part in parts)]
    missed += turned_away(sum((Counter(part.lost) for part in parts), Counter[str]()))
    cut = any(test.outcome == "skipped" for test in tests.values()) and settings.max_requests is not None
    if missed and not findings and not cut:
        details = "\n".join(missed)
        title = "The run did not reach all that it must, so that it proves less than it seems to."
        return [Finding("reach", "", "defect of the kit", title, details)], []
    return findings, [LeftOut("not reached", sentence) for sentence in missed]


def _verdict(tests: Iterable[Trial], interrupted: str, code: int, *, is_fine: bool) -> tuple[Verdict, int]:
    if interrupted:
        return Verdict.CUT_SHORT, code
    if not _ran(tests):
        return Verdict.NOTHING, Code.NOTHING
    return (Verdict.FINE, Code.FINE) if is_fine else (Verdict.FINDINGS, Code.FINDINGS)


def _ran(tests: Iterable[Trial]) -> bool:
    return any(test.outcome != "skipped" for test in tests)


def _operation(seen: Sequence[OperationSeen]) -> OperationSeen:
    statuses = sum((Counter(one.statuses) for one in seen), Counter[int]())
    refusals = sum((Counter(one.refusals) for one in seen), Counter[str]())
    return replace(
        seen[0],
        requests=sum(one.requests for one in seen),
        declared=tuple(sorted({status for one in seen for status in one.declared})),
        statuses=dict(sorted(statuses.items())),
        refusals=dict(refusals),
        missing=tuple(name for name in seen[0].missing if all(name in one.missing for one in seen)),
    )


def _question(seen: Sequence[QuestionSeen]) -> QuestionSeen:
    """Return the first known answer: an account may not show what another one does."""
    return next((one for one in seen if one.source != "unknown"), seen[0])


def _tool() -> str:
    try:
        return f"{_PROGRAM} {version(_PROGRAM)}"
    except PackageNotFoundError:  # a checkout that is not installed
        return _PROGRAM
