"""What is wrong with a service, as the suites found it, and the shortest way to see it again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from urllib.parse import urlsplit

from contract_tests.guard.exchange import Exchange
from contract_tests.judge.statements import ANSWERS
from contract_tests.judge.verdicts import Complaint, Deviation, Ruling

Clean = Callable[[str], str]

_LONGEST_TITLE = 300
_LONGEST_DETAILS = 6000
_LONGEST_ANSWER = 600
_MOST_STEPS = 12
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Happened(NamedTuple):
    """The exchanges of a test, oldest first, and the writes of the run before it."""

    exchanges: Sequence[Exchange]
    earlier: Sequence[Exchange] = ()


@dataclass(frozen=True, slots=True)
class ShownCall:
    """One request as a line for a shell, and what was answered: the status and the beginning of the body."""

    curl: str
    answer: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a service does and should not.

    `kind` says what it contradicts: the documentation, or itself. `title` is a sentence, `details` more lines, possibly
    none. `documented` is the statement that it contradicts, `place` where the document says so (a JSON Pointer, empty
    for a duty of any API) and `question` the open question that decides it, if any. `steps` repeat it; `operation` is
    an operationId, possibly empty; `also` are other tests that met the same. `subject` is what it is about, the same
    each time that a run meets it: a baseline knows it by this.
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
    steps: tuple[ShownCall, ...] = ()
    also: tuple[str, ...] = ()


class Origin(NamedTuple):
    """The test that failed."""

    suite: str
    test: str


def findings_of(origin: Origin, error: BaseException, happened: Happened, clean: Clean) -> list[Finding]:
    """Return the findings of one failure, one for each statement that is broken; none if the failure is our own."""
    last = happened.exchanges[-1] if happened.exchanges else None
    found: list[Finding] = []
    for each in _leaves(error):
        if last is not None and last.failed:
            silent = Complaint(ANSWERS, f"the target gave no answer: {last.failed}")
            found += _of_complaints(origin, [silent], happened, clean)
        elif isinstance(each, Deviation):
            seen = Happened(each.exchanges or happened.exchanges, happened.earlier)
            groups: dict[str, list[Complaint]] = {}
            for complaint in each.complaints:
                groups.setdefault(complaint.statement.key, []).append(complaint)
            for group in groups.values():
                found += _of_complaints(origin, group, seen, clean)
    return found


def defects_of(error: BaseException, happened: Happened) -> list[BaseException]:
    """Return what in a failure is a fault of this program: any error but a deviation, and what the guard refused."""
    last = happened.exchanges[-1] if happened.exchanges else None
    if last is not None and last.failed:
        return []
    return [
        each
        for each in _leaves(error)
        if not isinstance(each, Deviation) or (last is not None and last.refused)
    ]


def _of_complaints(
    origin: Origin, complaints: Sequence[Complaint], happened: Happened, clean: Clean
) -> Iterator[Finding]:
    first, last = complaints[0], happened.exchanges[-1] if happened.exchanges else None
    statement, about = first.statement, first.key[1]
    title = _title(clean(first.sentence))
    question = next(iter(statement.questions)) if len(statement.questions) == 1 else ""
    yield Finding(
        origin.suite, origin.test, str(Ruling.ITSELF if statement.is_duty else Ruling.DOCUMENTATION), title,
        details="\n".join(_in_one_line(clean(each.sentence)) for each in complaints[1:])[:_LONGEST_DETAILS],
        documented=statement.says, place=statement.pointer,
        question=question, subject=question or f"{statement.key}: {clean(about)}",
        operation=last.operation if last else "", steps=reproduce(happened, clean, title),
    )  # fmt: skip


def merged(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings with those put together that say the same, in the order of the first ones."""
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


def _in_one_line(sentence: str) -> str:
    return " ".join(sentence.split())


def _title(sentence: str) -> str:
    title = _in_one_line(sentence)
    title = title if len(title) <= _LONGEST_TITLE else f"{title[:_LONGEST_TITLE]}…"
    # A name of the document's keeps its letters.
    return title if "_" in title.partition(" ")[0] else title[:1].upper() + title[1:]


def reproduce(happened: Happened, clean: Clean, about: str = "") -> tuple[ShownCall, ...]:
    """Return the exchange that shows a finding, and before it the writes without which it would have been otherwise.

    It is the last one. If the text of the finding, `about`, names a row that the exchanges know, it is the last one of
    that row. Of an exchange on a row only the writes to that row count, its create included, and those before the test.
    """
    exchanges = [exchange for exchange in happened.exchanges if not exchange.refused]
    if not exchanges:
        return ()
    row = _row_named(about, [*happened.earlier, *exchanges]) or _row(exchanges[-1])
    concerned = [exchange for exchange in exchanges if not row or _concerns(exchange, row)] or exchanges[-1:]
    last = concerned[-1]
    before = [exchange for exchange in concerned[:-1] if exchange.method not in _READS]
    before = [*(each for each in happened.earlier if row and _concerns(each, row)), *before]
    steps = [step_of(exchange, clean) for exchange in [*before, last]]
    steps = [step for step, following in zip(steps, [*steps[1:], None], strict=True) if step != following]
    return tuple(steps[-_MOST_STEPS:])


def step_of(exchange: Exchange, clean: Clean) -> ShownCall:
    """Return an exchange as people repeat it."""
    return ShownCall(clean(exchange.as_curl()), clean(answer_of(exchange)))


def answer_of(exchange: Exchange) -> str:
    """Return what an exchange was answered, in one line."""
    if exchange.failed:
        return f"no answer ({exchange.failed})"
    body = " ".join(exchange.body.split())
    shown = body if len(body) <= _LONGEST_ANSWER else f"{body[:_LONGEST_ANSWER]}…"
    return f"{exchange.status} {shown}".strip()


def _row(exchange: Exchange) -> str:
    """Return the id at the end of a path, empty if none exists."""
    last = urlsplit(exchange.url).path.rstrip("/").rpartition("/")[2]
    return last if last.isascii() and last.isdigit() else ""


def _row_named(about: str, exchanges: Sequence[Exchange]) -> str:
    """Return the first number in a text that is the id of a row which the exchanges are about."""
    numbers = re.findall(r"\d+", about)
    return next((each for each in numbers if any(_concerns(one, each) for one in exchanges)), "")


def _concerns(exchange: Exchange, row: str) -> bool:
    """Tell whether an exchange is about a row: by its path, or as the create that made it."""
    if _row(exchange):
        return _row(exchange) == row
    return exchange.method not in _READS and re.search(rf'"id"\s*:\s*{row}\b', exchange.body) is not None
