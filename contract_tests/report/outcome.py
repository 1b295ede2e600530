"""What a report says, in any shape, and the shortest steps that repeat a finding."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from contract_tests.guard.exchange import Exchange, curl_of
from contract_tests.judge.statements import RESPONSES
from contract_tests.judge.verdicts import FORMS, Complaint, Deviation, Ruling

Clean = Callable[[str], str]

GUARD = "guard"  # in place of a suite, for what the guard has found

_LONGEST_TITLE = 300
_LONGEST_DETAILS = 6000
_LONGEST_RESPONSE = 600
_MOST_STEPS = 12
_MOST_LIKEWISE = 2
_MOST_ALSO = 3
# How a sentence names a row; its other numbers are pages, sizes and totals.
OF_ROW = re.compile(
    r"\b(?:handler|row|id|when|shows|lacks|(?:retrieve|update|delete) of) (\d+)", re.IGNORECASE
)
# How a sentence names a page of the list.
_OF_PAGE = re.compile(r"\bpage (\d+) of size (\d+)")


class Happened(NamedTuple):
    """The exchanges of a test, oldest first, and the writes of the run before it."""

    exchanges: Sequence[Exchange]
    earlier: Sequence[Exchange] = ()


@dataclass(frozen=True, slots=True)
class ShownCall:
    """One request as a shell line, and its response: the status and the beginning of the body."""

    curl: str
    answer: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a service does and should not.

    `kind` says what it contradicts: the documentation, or itself. `title` is a sentence, and `details` are further
    lines. `documented` is the contradicted statement, `place` its JSON Pointer in the document (empty for a duty of any
    API), and `question` the open question that decides it, if any. `steps` repeat the finding; `operation` is an
    operationId or empty; `also` are other tests that found the same. `subject` is the same in each run that finds this,
    so that a baseline can recognize it. `part` is the property concerned, or empty. `likewise` are other findings of
    the same cause, in sentences.
    """

    suite: str
    test: str
    kind: str
    title: str
    details: str = ""
    documented: str = ""
    place: str = ""
    question: str = ""
    operation: str = ""
    subject: str = ""
    part: str = ""
    steps: tuple[ShownCall, ...] = ()
    also: tuple[str, ...] = ()
    likewise: tuple[str, ...] = ()

    @property
    def is_of_form(self) -> bool:
        """Whether a value has the wrong form, so that other findings about the value follow from it."""
        return bool(self.part) and self.place.rpartition("/")[2] in FORMS


def findings_of(
    suite: str, test: str, error: BaseException, happened: Happened, clean: Clean
) -> list[Finding]:
    """Return the findings of a failure, one for each broken statement; none if this program itself failed."""
    last = happened.exchanges[-1] if happened.exchanges else None
    found: list[Finding] = []
    for each in _leaves(error):
        if last is not None and last.failed:
            silent = Complaint(RESPONSES, f"the target gave no response: {last.failed}")
            found.append(_of_complaints([silent], happened, clean))
        elif isinstance(each, Deviation):
            seen = Happened(each.exchanges or happened.exchanges, happened.earlier)
            groups: dict[str, list[Complaint]] = {}
            for complaint in each.complaints:
                groups.setdefault(complaint.statement.key, []).append(complaint)
            found += [_of_complaints(group, seen, clean) for group in groups.values()]
    return [replace(each, suite=suite, test=test) for each in found]


def defects_of(error: BaseException, happened: Happened) -> list[BaseException]:
    """Return this program's own errors in a failure: any error but a deviation, and calls that the guard refused.

    Each of several deviations has its own last call, since the guard may have stopped the writing after it.
    """
    last = happened.exchanges[-1] if happened.exchanges else None
    if last is not None and last.failed:
        return []
    found = []
    for each in _leaves(error):
        own = each.exchanges[-1] if isinstance(each, Deviation) and each.exchanges else last
        if not isinstance(each, Deviation) or (own is not None and own.refused):
            found.append(each)
    return found


def _of_complaints(complaints: Sequence[Complaint], happened: Happened, clean: Clean) -> Finding:
    """Return the finding made of complaints about one statement. The caller adds the test."""
    first, last = complaints[0], happened.exchanges[-1] if happened.exchanges else None
    statement, about = first.statement, first.key[1]
    title = _title(clean(first.sentence))
    told = Counter(each.key for each in complaints)
    several = {each.key: each for each in reversed(complaints)}  # the first of each kind
    more = [
        _counted(_in_one_line(clean(several[key].sentence)), told[key]) for key in told if key != first.key
    ]
    if told[first.key] > 1:
        more = [f"{told[first.key] - 1} more of the same kind, at once", *more]
    question = next(iter(statement.questions)) if len(statement.questions) == 1 else ""
    return Finding(
        "", "", str(Ruling.ITSELF if statement.is_duty else Ruling.DOCUMENTATION), title,
        details="\n".join(more)[:_LONGEST_DETAILS],
        documented=statement.says, place=statement.pointer,
        question=question, subject=question or f"{statement.key}: {clean(about)}",
        operation=first.operation or (last.operation if last else ""), part=first.part,
        steps=reproduce(happened, clean, title),
    )  # fmt: skip


def merged(findings: Sequence[Finding]) -> list[Finding]:
    """Merge findings that say the same, and keep the order of the first ones."""
    groups: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        key = finding.kind, finding.subject or finding.title
        first = groups.setdefault(key, finding)
        other = f"{finding.suite}: {finding.test}"
        if first is not finding and other not in {*first.also, f"{first.suite}: {first.test}"}:
            groups[key] = replace(first, also=(*first.also, other))
    return list(groups.values())


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error


def _counted(sentence: str, times: int) -> str:
    return f"{sentence} ({times} times)" if times > 1 else sentence


def _in_one_line(sentence: str) -> str:
    return " ".join(sentence.split())


def _title(sentence: str) -> str:
    title = _in_one_line(sentence)
    title = title if len(title) <= _LONGEST_TITLE else f"{title[:_LONGEST_TITLE]}…"
    # Names from the document keep their spelling.
    return title if "_" in title.partition(" ")[0] else title[:1].upper() + title[1:]


def reproduce(happened: Happened, clean: Clean, about: str = "") -> tuple[ShownCall, ...]:
    """Return the exchange that shows a finding, after the writes that led to it.

    It is the last exchange or, if the finding's text `about` names a row of the exchanges, the last one on that row.
    If the text names a page of the list, it is the last exchange that asked for this page.
    For an exchange on a row, only the writes to that row count, including its create and writes before the test.
    """
    exchanges = [exchange for exchange in happened.exchanges if not exchange.refused]
    if not exchanges:
        return ()
    page = _page_named(about, exchanges)
    exchanges = exchanges if page is None else exchanges[: exchanges.index(page) + 1]
    row = _row_named(about, [*happened.earlier, *exchanges]) or _row(exchanges[-1])
    concerned = [exchange for exchange in exchanges if not row or _concerns(exchange, row)] or exchanges[-1:]
    last = concerned[-1]
    before = [exchange for exchange in concerned[:-1] if exchange.is_write]
    before = [*(each for each in happened.earlier if row and _concerns(each, row)), *before]
    steps = [step_of(exchange, clean) for exchange in [*before, last]]
    steps = [step for step, following in zip(steps, [*steps[1:], None], strict=True) if step != following]
    return tuple(steps[-_MOST_STEPS:])


def step_of(exchange: Exchange, clean: Clean) -> ShownCall:
    """Return an exchange as a step that a person can repeat."""
    return ShownCall(curl_of(exchange, clean), clean(answer_of(exchange)))


def answer_of(exchange: Exchange) -> str:
    """Return the response of an exchange in one line."""
    if exchange.failed:
        return f"no response ({exchange.failed})"
    body = " ".join(exchange.body.split())
    shown = body if len(body) <= _LONGEST_RESPONSE else f"{body[:_LONGEST_RESPONSE]}…"
    return f"{exchange.status} {shown}".strip()


def _row(exchange: Exchange) -> str:
    """Return the id at the end of a path, empty if none exists."""
    last = urlsplit(exchange.url).path.rstrip("/").rpartition("/")[2]
    return last if last.isascii() and last.isdigit() else ""


def _page_named(about: str, exchanges: Sequence[Exchange]) -> Exchange | None:
    """Return the last exchange that asked for the page of the list that a text names, if there is one."""
    found = _OF_PAGE.search(about)
    if found is None:
        return None
    page, size = found.groups()
    wanted = ([size, page], [size]) if page == "1" else ([size, page],)
    asked = [sorted(value for _, value in parse_qsl(urlsplit(each.url).query)) for each in exchanges]
    pairs = zip(reversed(exchanges), reversed(asked), strict=True)
    return next((each for each, values in pairs if values in [sorted(one) for one in wanted]), None)


def _row_named(about: str, exchanges: Sequence[Exchange]) -> str:
    """Return the first row that a text names and the exchanges are about, empty if there is none."""
    numbers = OF_ROW.findall(about)
    return next((each for each in numbers if any(_concerns(one, each) for one in exchanges)), "")


def _concerns(exchange: Exchange, row: str) -> bool:
    """Tell whether an exchange is about a row: by its path, or as the create that made it."""
    if _row(exchange):
        return _row(exchange) == row
    return exchange.is_write and re.search(rf'"id"\s*:\s*{row}\b', exchange.body) is not None


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
                tuple(ReportLine(one.what, one.why) for one in missing), "Nothing was left out.",
            ),
        )  # fmt: skip

    def _unseen(self) -> list[LeftOut]:
        """Return the documented refusals that no request provoked, by refusal."""
        by_refusal: dict[str, list[str]] = {}
        for operation in self.operations:
            for name in operation.missing:
                by_refusal.setdefault(name, []).append(f"{operation.method} {operation.path}")
        return [
            LeftOut(f"the refusal `{name}` of {', '.join(where)}", "no request of this run provoked it")
            for name, where in by_refusal.items()
        ]


def _of_finding(finding: Finding) -> ReportLine:
    where = f"expected: {finding.documented}" if finding.documented else ""
    also = f"also met by {_count(len(finding.also), 'other test')}" if finding.also else ""
    likewise = [f"also seen: {sentence}" for sentence in finding.likewise[:_MOST_LIKEWISE]]
    if len(finding.likewise) > _MOST_LIKEWISE:
        likewise.append(f"and {len(finding.likewise) - _MOST_LIKEWISE} more of the same cause")
    lines = (*filter(None, finding.details.splitlines()), *filter(None, (where, *likewise, also)))
    return ReportLine(finding.title, finding.question or finding.operation, lines, finding.steps)


def _of_question(seen: QuestionSeen) -> ReportLine:
    note = "as you said" if seen.source == "given" else ""
    lines, more = seen.also[:_MOST_ALSO], len(seen.also) - _MOST_ALSO
    lines = (*lines, f"{more} more of this kind") if more > 0 else lines
    return ReportLine(f"{seen.text} {seen.seen}".strip(), note, lines, seen.steps)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
