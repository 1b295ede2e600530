"""What one run saw, as plain data, and the outcome made of one part or of the parts of many workers."""

from __future__ import annotations

import os
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from contract_tests.guard.cleaning import CleanUp
from contract_tests.judge.statements import GONE, IDS, JSON, OTHERS, PAGES, RESPONSES, SAME, WRITTEN
from contract_tests.judge.verdicts import Complaint, Deviation, Observation, Ruling, listed, said
from contract_tests.report.accepted import Acceptances, read_accepted
from contract_tests.report.causes import by_cause
from contract_tests.report.outcome import (
    GUARD,
    Defect,
    Extra,
    Finding,
    Happened,
    LeftOut,
    OperationSeen,
    Outcome,
    QuestionSeen,
    RunVerdict,
    ShownCall,
    Trial,
    findings_of,
    merged,
    reproduce,
    step_of,
)
from contract_tests.report.shapes import as_html, as_json, as_junit, as_markdown
from contract_tests.run.flags import SUITES
from contract_tests.run.run import Reach, turned_away
from contract_tests.run.settings import Code, RunSettings, Stop
from contract_tests.session.opening import Opening
from contract_tests.session.results import Results, named, rules_of, suite_of
from contract_tests.target.api import TargetResponse

_PROGRAM = "bitpeak-mock"
_ANY = "*"
_ORDER = {name: place for place, name in enumerate(SUITES)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPart:
    """One run that was cleaned up but not judged yet.

    `worker` is the number of its worker. `items` maps node ids to the suite and name of each chosen test, in order;
    `tests` are those that ran. `unreached` are sentences on what it did not reach; `lost` counts, by operation, samples
    that said nothing. `is_part` means that only some tests were chosen. `interrupted` says what ended it early, or is
    empty; `code` is then the exit code. `left_behind` are sentences. The other fields are those of `Outcome`.
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
    defects: tuple[Defect, ...]
    left_out: tuple[LeftOut, ...]
    operations: tuple[OperationSeen, ...]
    questions: tuple[QuestionSeen, ...]
    extras: tuple[Extra, ...]
    unreached: tuple[str, ...]
    lost: Mapping[str, int]
    is_part: bool
    interrupted: str
    code: int
    left_behind: tuple[str, ...]


def part_of(results: Results, cleaned: CleanUp, interrupted: str, code: int) -> RunPart:
    """Return what a run saw. `interrupted` says what ended it early, or is empty."""
    opening = results.opening
    stats, reach, clean = opening.guard.stats(), opening.run.reach, opening.clean
    extras = {**reach.extras, **reach.headers}
    return RunPart(
        target=opening.guard.target, document=opening.document.data["info"]["title"],
        digest=opening.document.digest, overlays=tuple(path.name for path in opening.known.overlays),
        started=opening.started.isoformat(timespec="seconds"),
        seconds=round((datetime.now(UTC) - opening.started).total_seconds(), 3),
        requests=stats.sent, waited=round(stats.waited, 3), created=stats.created,
        items={item.nodeid: (suite_of(item), item.name) for item in results.items},
        tests=results.tests, findings=(*results.findings, *_server_errors(opening), *_alarms(opening)),
        defects=tuple(results.defects),
        left_out=tuple(results.left_out), operations=tuple(_operations(reach)), questions=tuple(_questions(opening)),
        extras=tuple(Extra(clean(what), step_of(one, clean)) for what, one in extras.items()),
        unreached=tuple(reach.unreached(rules_of(results.items))), lost=dict(reach.lost),
        is_part=results.is_part, interrupted=interrupted, code=int(code),
        left_behind=_left_behind(opening, cleaned),
    )  # fmt: skip


def _left_behind(opening: Opening, cleaned: CleanUp) -> tuple[str, ...]:
    if cleaned.complete:
        return ()
    return (*map(opening.clean, cleaned.sentences), opening.way_to_finish)


# The statement that each alarm of the guard shows to be broken, and the kind of the operation that shows it.
_ALARMS = {
    "list": (PAGES, "list"),
    "ids": (IDS, ""),
    "others": (OTHERS, ""),
    "deleted": (GONE, ""),
    "mark": (WRITTEN, ""),
    "late": (WRITTEN, ""),
    "bytes": (JSON, ""),
    "json": (JSON, "retrieve"),
    "status": (RESPONSES, "retrieve"),
}


# A server may refuse an unknown method by it (RFC 9110, 9.1).
_NOT_IMPLEMENTED = 501


def _server_errors(opening: Opening) -> Iterable[Finding]:
    """Yield a finding for each request of the probes that got a server error, whatever it asked."""
    for number, one in enumerate(opening.seen):
        if one.refused or one.failed or one.status < 500 or one.status == _NOT_IMPLEMENTED:
            continue
        writes = [each for each in opening.seen[:number] if each.is_write]
        what = f"{one.method} {one.url.removeprefix(opening.guard.target)}"
        form = listed({each.name: each.value for each in one.form}) if one.form else ""
        about = f"{what}{form and f' with {form}'} returns {said(TargetResponse.of(one))}, which is a server error"
        sort = " ".join([one.method, one.operation, *(each.name for each in one.form)])
        error = Deviation([Complaint(RESPONSES, about, sort=sort)], [one])
        yield from findings_of("questions", "", error, Happened([one], writes), opening.clean)


def _alarms(opening: Opening) -> Iterable[Finding]:
    """Yield a finding for each alarm of the guard, which then stopped the run's writes."""
    facts = opening.run.facts
    for alarm in opening.guard.alarms:
        unproven = " So the run cannot prove which rows are its own, and wrote no more."
        title = f"{alarm.sentence}{unproven if alarm.about in {'mark', 'json', 'status'} else ''}"
        statement, kind = _ALARMS[alarm.about]
        yield Finding(
            GUARD, "", str(Ruling.ITSELF), title, documented=statement.says, subject=title,
            operation=facts.operation(kind).id if kind else "", part=facts.row["name"] if alarm.about == "mark" else "",
            steps=(ShownCall(opening.guard.curl_of(alarm), ""),),
        )  # fmt: skip


def _questions(opening: Opening) -> Iterable[QuestionSeen]:
    """Yield what the documentation leaves open: open questions, refusals, and other observations."""
    clean, judge = opening.clean, opening.run.judge
    asked = opening.effective.verdicts.values() if opening.effective is not None else ()
    also: dict[str, list[str]] = {}
    instead: dict[str, str] = {}
    gathered = list(_gathered(opening))
    for one in judge.observations.values():
        if one.instead:
            instead.setdefault(one.question, clean(one.instead))
    for sentence, one in gathered:
        also.setdefault(one.question, []).append(sentence)
    for verdict in asked:
        question = verdict.question
        is_known = verdict.source != "unknown" and question.id not in instead
        more = also.get(question.id, ())
        yield QuestionSeen(
            id=question.id, text=question.text, seen=instead.get(question.id) or clean(verdict.seen),
            answer=verdict.answer if is_known else "",
            assumed=question.assumed, assumed_means=question.answers[question.assumed].means,
            source="found" if verdict.is_outside else verdict.source, why=clean(verdict.why),
            also=tuple(dict.fromkeys(more)), steps=tuple(step_of(each, clean) for each in verdict.evidence),
        )  # fmt: skip
    told = [exchange for verdict in asked if verdict.source != "unknown" for exchange in verdict.evidence]
    for name, (about, exchange) in judge.refusals.items():
        if exchange in told:
            continue  # an answer to a question says it
        yield QuestionSeen(
            id=f"refusal {name}", text=f"{clean(about[:1].upper())}{clean(about[1:])}:", answer=name, assumed=name,
            seen=clean(f"refused with {said(TargetResponse.of(exchange))}."), steps=(step_of(exchange, clean),),
        )  # fmt: skip
    for sentence, one in gathered:
        if not one.question:
            steps = reproduce(Happened(one.exchanges), clean, one.sentence)
            yield QuestionSeen(id="", text=f"{sentence[:1].upper()}{sentence[1:]}", seen="", steps=steps)


# An operation in a sentence, and parts of it that differ if the same happens to other fields and rows.
_OPERATION = re.compile(r"\b(?:a list|a retrieve|a create|an update|a delete)\b", re.IGNORECASE)
_VARYING = re.compile(r"`[{\[<].*?`|'[^']*'…?|\(assumed: .*?\)$|( of)? \d+\b|\bdata(\[\])?\.")


def _gathered(opening: Opening) -> Iterable[tuple[str, Observation]]:
    """Yield the observations as sentences: one for those that tell the same of several fields or operations."""
    fields = "|".join(opening.run.facts.own_fields)
    varying = re.compile(rf"\b(?:{fields})\b" if fields else r"(?!)")
    groups: dict[tuple[str, str], list[tuple[str, Observation]]] = {}
    for one in opening.run.judge.observations.values():
        if not one.instead:
            sentence = opening.clean(one.sentence)
            alike = _VARYING.sub("", _OPERATION.sub("#", varying.sub("#", sentence))).strip()
            groups.setdefault((one.question, alike), []).append((sentence, one))
    for (first, one), *others in groups.values():
        of_first = {*varying.findall(first), *map(str.lower, _OPERATION.findall(first))}
        told = " ".join(sentence for sentence, _ in others)
        more = [f"`{name}`" for name in dict.fromkeys(varying.findall(told)) if name not in of_first]
        more += [
            word for word in dict.fromkeys(map(str.lower, _OPERATION.findall(told))) if word not in of_first
        ]
        yield f"{first}. The same holds for {', '.join(more)}" if more else first, one


def _operations(reach: Reach) -> Iterable[OperationSeen]:
    for operation in reach.facts.operations.values():
        statuses = {status: n for (name, status), n in sorted(reach.statuses.items()) if name == operation.id}
        refusals = {refusal: n for (name, refusal), n in reach.refusals.items() if name == operation.id}
        declared = {operation.success, *(refusal.status for refusal in operation.refusals.values())}
        yield OperationSeen(
            id=operation.id, method=operation.method, path=operation.path, requests=sum(statuses.values()),
            declared=tuple(sorted(declared)), statuses=statuses, refusals=refusals,
            missing=() if operation.is_spelling else tuple(n for n in operation.refusals if n not in refusals),
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What a run spread over `workers` adds to their parts: what ended it, and what may be left."""

    workers: int = 1
    defects: tuple[Defect, ...] = ()
    left_behind: tuple[str, ...] = ()
    interrupted: str = ""
    code: int = Code.FINE


def judged(settings: RunSettings, parts: Sequence[RunPart], course: Course | None = None) -> Outcome:
    """Return the outcome of a run, from its one part or from the parts of its workers."""
    first, course = parts[0], course or Course()
    interrupted, code = _interruption(parts, course)
    tests = _tests(parts)
    left_out = [*dict.fromkeys(one for part in parts for one in part.left_out)]
    left_out += _not_done(first.items, tests, interrupted)
    defects = [*(each for part in parts for each in part.defects), *course.defects]
    findings = merged(sorted(_findings(parts), key=lambda one: _ORDER.get(one.suite, len(_ORDER))))
    is_whole = settings.is_whole and not any(part.is_part for part in parts)
    if is_whole and not interrupted and _ran(tests.values()):
        missed = _missed(parts)
        is_cut = (
            any(test.outcome == "skipped" for test in tests.values()) and settings.max_requests is not None
        )
        if missed and not findings and not is_cut and settings.hold_to == "document":
            text = "The run did not reach all that it must, so that it proves less than it seems to."
            defects.append(Defect("reach", text, "\n".join(missed)))
        left_out += [LeftOut("not reached", sentence) for sentence in missed]
    findings, accepted, expired = _apart(findings, settings, drops=is_whole and not interrupted)
    left_behind = (*(each for part in parts for each in part.left_behind), *course.left_behind)
    verdict, code = _verdict(
        tests.values(), interrupted, code, is_fine=not findings and not left_behind, is_sound=not defects
    )
    return Outcome(
        tool=_tool(), command=command_of(settings), target=first.target, document=first.document,
        digest=first.digest, overlays=first.overlays, answers=settings.answers, hold_to=settings.hold_to,
        profile=settings.profile.name, suites=settings.suites, seed=settings.seed,
        read_only=not settings.allow_writes, workers=course.workers, started=min(part.started for part in parts),
        seconds=max(part.seconds for part in parts), requests=sum(part.requests for part in parts),
        budget=settings.max_requests, waited=max(part.waited for part in parts),
        created=sum(part.created for part in parts), verdict=verdict,
        exit_code=code, interrupted=interrupted, left_behind=left_behind,
        operations=tuple(_summed(each) for each in zip(*(part.operations for part in parts), strict=True)),
        questions=_asked(parts), extras=tuple({each.what: each for part in parts for each in part.extras}.values()),
        findings=tuple(by_cause(findings)), accepted=tuple(accepted), expired=expired, left_out=tuple(left_out),
        tests=tuple(tests.values()), defects=tuple(defects),
    )  # fmt: skip


def _apart(
    findings: Sequence[Finding], settings: RunSettings, *, drops: bool
) -> tuple[list[Finding], list[Finding], tuple[str, ...]]:
    """Return the findings that count, those that the baseline accepts, and sentences about the baseline.

    With --update-baseline, the baseline is written and accepts all of them.
    """
    baseline = read_accepted(settings.baseline) if settings.baseline_exists else Acceptances()
    accepted = [one for one in findings if baseline.knows(_ANY, one.subject)]
    if settings.update_baseline and settings.baseline is not None:
        text = baseline.renewed((one.subject for one in findings), drops=drops)
        try:
            settings.baseline.write_text(text, encoding="utf-8")
        except OSError as error:
            why = f"The baseline {settings.baseline} cannot be written: {error.strerror or error}."
            return list(findings), [], (why,)
        return [], list(findings), ()
    said = [
        f"Accepted until {one.until}, and found again: {one.place} ({one.where})." for one in baseline.expired
    ]
    said = [text for text, one in zip(said, baseline.expired, strict=True) if one in baseline.met]
    said += [
        f"Accepted, and not found any more: {one.place} ({one.where})." for one in baseline.unmet if drops
    ]
    return [one for one in findings if one not in accepted], accepted, tuple(said)


def _interruption(parts: Sequence[RunPart], course: Course) -> tuple[str, int]:
    if course.interrupted:
        return course.interrupted, course.code
    return next(((part.interrupted, part.code) for part in parts if part.interrupted), ("", Code.FINE))


def _tests(parts: Sequence[RunPart]) -> dict[str, Trial]:
    """Return the tests by node id, in their order. If one ran more than once, a failure counts."""
    found: dict[str, Trial] = {}
    for part in parts:
        for name, test in part.tests.items():
            if name not in found or test.outcome == "failed":
                found[name] = test
    return {name: found[name] for name in [*parts[0].items, *found] if name in found}


def _not_done(
    items: Mapping[str, tuple[str, str]], tests: Mapping[str, Trial], interrupted: str
) -> list[LeftOut]:
    """Return what did not run, or did not finish, by suite and reason."""
    groups: dict[tuple[str, str], list[str]] = {}
    for test in tests.values():
        if test.outcome == "skipped":
            groups.setdefault((test.suite, test.reason), []).append(test.name)
    reason = f"the run was cut short ({interrupted})" if interrupted else "it did not run"
    for node_id, (suite, name) in items.items():
        if node_id not in tests:
            groups.setdefault((suite, reason), []).append(name)
    return [LeftOut(f"{suite}: {named(names)}", why) for (suite, why), names in groups.items()]


def _findings(parts: Sequence[RunPart]) -> list[Finding]:
    return [*(finding for part in parts for finding in part.findings), *_contradictions(parts)]


def _contradictions(parts: Sequence[RunPart]) -> Iterable[Finding]:
    """Yield a finding for each question for which workers found different answers."""
    by_id: dict[str, dict[int, QuestionSeen]] = {}
    for part in parts:
        for one in part.questions:
            if one.id and one.source != "unknown" and not one.id.startswith("refusal "):
                by_id.setdefault(one.id, {})[part.worker] = one
    for name, seen in by_id.items():
        if len({one.answer or one.seen for one in seen.values()}) > 1:
            text = next(iter(seen.values())).text
            details = "\n".join(
                f"Worker {number} saw: {' '.join(one.seen.split())}" for number, one in seen.items()
            )
            yield Finding("questions", "", str(Ruling.ITSELF), text, details, SAME.says, question=name)


def _asked(parts: Sequence[RunPart]) -> tuple[QuestionSeen, ...]:
    """Merge what the workers saw. The first known answer counts, since one account may not show what another does."""
    found: dict[tuple[str, str], QuestionSeen] = {}
    for part in parts:
        for one in part.questions:
            key = one.id, "" if one.id else one.text
            known = found.get(key)
            if known is None or (known.source == "unknown" and one.source != "unknown"):
                found[key] = one
    return tuple(found.values())


def _missed(parts: Sequence[RunPart]) -> list[str]:
    """Return what a whole run did not reach and should have."""
    missed = [each for each in parts[0].unreached if all(each in part.unreached for part in parts)]
    return missed + turned_away(sum((Counter(part.lost) for part in parts), Counter[str]()))


def _verdict(
    tests: Iterable[Trial], interrupted: str, code: int, *, is_fine: bool, is_sound: bool
) -> tuple[RunVerdict, int]:
    if interrupted:
        return RunVerdict.CUT_SHORT, code
    if not is_sound and is_fine:
        return RunVerdict.DEFECT, Code.DEFECT
    if not _ran(tests):
        return RunVerdict.NOTHING, Code.NOTHING
    return (RunVerdict.FINE, Code.FINE) if is_fine else (RunVerdict.FINDINGS, Code.FINDINGS)


def _ran(tests: Iterable[Trial]) -> bool:
    return any(test.outcome != "skipped" for test in tests)


def _summed(seen: Sequence[OperationSeen]) -> OperationSeen:
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


def command_of(settings: RunSettings) -> str:
    """Return the command that repeats a run."""
    words = ["bitpeak-mock", "check", "--base-url", settings.target, "--profile", settings.profile.name]
    words += ["--seed", str(settings.seed)]
    words += ["--hold-to", settings.hold_to] if settings.hold_to != "page" else []
    words += ["--max-requests", str(settings.max_requests)] if settings.max_requests is not None else []
    words += ["--allow-writes"] if settings.is_live and settings.allow_writes else []
    words += ["--read-only"] if not (settings.is_live or settings.allow_writes) else []
    words += ["--document", settings.document] if settings.document else []
    words += [word for one in settings.overlays for word in ("--overlay", one)]
    words += [word for one in settings.answers for word in ("--answer", one)]
    words += (
        [word for one in settings.suites for word in ("--suite", one)] if settings.suites != SUITES else []
    )
    return shlex.join(words)


def _tool() -> str:
    try:
        return f"{_PROGRAM} {version(_PROGRAM)}"
    except PackageNotFoundError:  # run from a checkout
        return _PROGRAM


# Names the file that GitHub Actions shows as a job's summary.
_SUMMARY = "GITHUB_STEP_SUMMARY"


def check_places(settings: RunSettings) -> None:
    """Raise Stop (CANNOT), before the run, if a report could not be written after it."""
    if settings.baseline_exists:
        read_accepted(settings.baseline)
    reports = {"the report ": (settings.junit, settings.json, settings.html)}
    others = {"the recording ": (settings.record,), "the baseline ": (settings.baseline,)}
    for what, files in (reports | others).items():
        for file in files:
            if file is not None:
                check_folder(file, what)
    if settings.examples is not None and settings.examples.exists() and not settings.examples.is_dir():
        raise Stop(Code.CANNOT, f"examples cannot be kept in {settings.examples}: it is not a folder.")


def check_folder(file: Path, what: str = "") -> None:
    """Raise Stop (CANNOT), before the run, if a file could not be written after it."""
    if file.is_dir() or not file.absolute().parent.is_dir():
        why = "it is a folder" if file.is_dir() else f"the folder {file.parent} does not exist"
        raise Stop(Code.CANNOT, f"{what}{file} cannot be written: {why}")


def write_reports(settings: RunSettings, outcome: Outcome) -> Stop | None:
    """Write the requested reports. Return a Stop (CANNOT) for the first that could not be written, after the others."""
    hindered: Stop | None = None
    for file, render in ((settings.json, as_json), (settings.html, as_html), (settings.junit, as_junit)):
        if file is None:
            continue
        try:
            file.write_text(render(outcome), encoding="utf-8", errors="replace")
        except OSError as error:
            why = f"the report {file} cannot be written: {error.strerror or error}."
            hindered = hindered or Stop(Code.CANNOT, why)
    summary = os.environ.get(_SUMMARY, "")
    if settings.format == "github" and summary:
        with suppress(OSError), Path(summary).open("a", encoding="utf-8", errors="replace") as page:
            page.write(as_markdown(outcome))
    return hindered
