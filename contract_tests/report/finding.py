"""What is wrong, as the suites found it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from contract_tests.guard.exchange import Exchange
from contract_tests.report.reproduction import Happened, Step, reproduce

Kind = Literal["departure", "finding", "defect of the kit"]

# Where a suite's own list of calls begins, which the steps say better, or pytest's view of the assertion.
_REST = re.compile(r"\n\s*after:\n|\nassert ")
_NUMBERS = re.compile(r"\d+|\bNone\b")
_LONGEST_TITLE = 300
_LONGEST_DETAILS = 6000


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between the target and the document.

    `title` is a sentence, `details` more lines, possibly none; `documented` what the page or the test expects, and
    `observed` what the target did, empty where the title says it.
    A `departure` is another answer to a question on which the page speaks, `question` its id. A `defect of the kit` is
    a test that failed of itself. `steps` repeat it; `operation` is an operationId, empty where it is none's; `also`
    are other tests that met the same.
    """

    suite: str
    test: str
    kind: Kind
    title: str
    details: str = ""
    documented: str = ""
    observed: str = ""
    question: str = ""
    operation: str = ""
    steps: tuple[Step, ...] = ()
    also: tuple[str, ...] = ()


class Origin(NamedTuple):
    """The test that failed: what it expects, in a sentence, and the open question that it is about, if any."""

    suite: str
    test: str
    documented: str
    question: str = ""


def findings_of(
    origin: Origin, error: BaseException, happened: Happened, clean: Callable[[str], str]
) -> list[Finding]:
    """Return the findings of one failure; one that is a group holds several."""
    last = happened.exchanges[-1] if happened.exchanges else None
    found: dict[str, Finding] = {}
    for each in _leaves(error):
        kind, title, details = _judged(each, last, clean)
        found.setdefault(
            title,
            Finding(
                origin.suite, origin.test, kind, title, details, origin.documented, question=origin.question,
                operation=last.operation if last else "", steps=reproduce(happened, clean, title),
            ),
        )  # fmt: skip
    return list(found.values())


def merged(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings with those put together that say the same but for numbers, in the order of the first ones."""
    groups: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        key = finding.kind, _NUMBERS.sub("#", finding.title)
        first = groups.get(key)
        if first is None:
            groups[key] = finding
        elif (other := f"{finding.suite}: {finding.test}") not in first.also:
            groups[key] = replace(first, also=(*first.also, other))
    return list(groups.values())


def _judged(
    error: BaseException, last: Exchange | None, clean: Callable[[str], str]
) -> tuple[Kind, str, str]:
    """Return the kind, the title and the details of one error."""
    title, details = _texts(error, clean)
    if last is not None and last.refused:
        return (
            "defect of the kit",
            f"The guard did not let a request of this test through: {last.refused}.",
            details,
        )
    if last is not None and last.failed:
        return "finding", f"The target gave no answer: {last.failed}.", details
    if isinstance(error, AssertionError):
        return "finding", title, details
    said = "The test itself failed, or the answer is so unlike the document that it could not be read"
    return "defect of the kit", f"{said}: {title}", details


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error


def _texts(error: BaseException, clean: Callable[[str], str]) -> tuple[str, str]:
    """Return a sentence and the rest; some errors have a title of their own beside their text."""
    text = _REST.split(clean(str(error)), maxsplit=1)[0].strip()
    head = clean(str(getattr(error, "title", "") or ""))
    first, _, rest = text.partition("\n")
    if isinstance(error, AssertionError) and not head:
        title = first or "What was expected is not so."
    elif head:
        title = f"{head}: {first}" if first and first != head else head
    else:
        title = f"{type(error).__name__}: {first}" if first else type(error).__name__
    if len(title) > _LONGEST_TITLE:
        title, rest = f"{title[:_LONGEST_TITLE]}…", text
    if "_" not in title.partition(" ")[0]:  # a name of the document's keeps its letters
        title = title[:1].upper() + title[1:]
    return title, rest.strip()[:_LONGEST_DETAILS]
