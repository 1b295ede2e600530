"""Names a difference: another answer to an open question, or something that no question asks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from contract_tests.document import Facts
from contract_tests.guard.exchange import Exchange
from contract_tests.learning.draft import Lesson
from contract_tests.learning.learn import Learnt
from contract_tests.twin.inputs import TriedRow, reactions, told, tried_rows
from contract_tests.twin.lockstep import SequenceOutcome

# Repeats an outcome's sequence with a mock of these answers more, against what the service answered.
Replay = Callable[[Mapping[str, str]], SequenceOutcome | None]
# The same with a mock of so many of the lessons that change the document, the first ones.
Relearn = Callable[[int], SequenceOutcome | None]


@dataclass(frozen=True, slots=True)
class Name:
    """What a difference is about, and what the service says to it.

    `about` is an open question, a row of the behaviour table such as `create · name · padded`, or a word for what was
    learned of how responses look.
    """

    about: str
    says: str
    kind: Literal["question", "row", "look"] = "look"


# Lessons that are rows of the behaviour table.
_OF_ROWS = frozenset({"rows", "unknown-parameter", "id-not-a-number", "media-types", "unique"})


def telling(outcome: SequenceOutcome, facts: Facts) -> tuple[Exchange | None, list[TriedRow]]:
    """Return the last call that tries a row of the behaviour table, and the rows; None if all calls are usual."""
    for exchange in reversed(outcome.right):
        if rows := tried_rows(exchange, facts):
            return exchange, rows
    return None, []


def by_row(name: Name, outcome: SequenceOutcome, known: Facts, learned: Facts) -> Name:
    """Name a difference by its row, if a row is what was learned: what the service does, and what the document says."""
    exchange, rows = telling(outcome, learned)
    if name.about not in _OF_ROWS or exchange is None:
        return name
    documented, seen = reactions(exchange, known), reactions(exchange, learned)
    for row in rows:
        before, after = (each.get(row.input.partition(" ")[0]) for each in (documented, seen))
        if before is not None and after is not None and told(before) != told(after):
            return Name(str(row), f"{told(after)}, where the document says {told(before)}", "row")
    return Name(str(rows[0]), name.says, "row")


def names_of(outcome: SequenceOutcome, learnt: Learnt, replay: Replay, relearn: Relearn) -> dict[str, Name]:
    """Return, by its place, the name of each difference that one lesson takes away; nothing is sent to the service.

    An answer is tried alone: a mock that gives it must not differ there any more. What no answer takes away, such as a
    title as sent, has the name of the lesson with which a mock that learns one lesson after the other ceases to differ.
    """
    found: dict[str, Name] = {}
    for lesson in _answers(learnt):
        left = {each.place for each in outcome.differences} - found.keys()
        if not left:
            break
        still = _still(outcome, replay({lesson.about: learnt.answers[lesson.about]}))
        found |= {place: _name(lesson, learnt) for place in left - still if still < left | still}
    left = {each.place for each in outcome.differences} - found.keys()
    return found | dict(_beyond(outcome, left, learnt, relearn))


def _still(outcome: SequenceOutcome, tried: SequenceOutcome | None) -> AbstractSet[str]:
    """Return the places at which an outcome tried anew differs: all of them if it did not come so far."""
    if tried is None or len(tried.steps) < len(outcome.steps):
        return {each.place for each in outcome.differences}
    return {each.place for each in tried.differences}


def _answers(learnt: Learnt) -> Iterator[Lesson]:
    """Yield the lessons that are other answers of the closed lists."""
    return (
        lesson
        for lesson in learnt.new
        if lesson.about in learnt.answers and lesson.says.startswith(f"{learnt.answers[lesson.about]}:")
    )


def _beyond(
    outcome: SequenceOutcome, places: AbstractSet[str], learnt: Learnt, relearn: Relearn
) -> Iterator[tuple[str, Name]]:
    """Yield the name of each place that differs before some lesson and no more after it, found by bisection."""
    lessons = learnt.new
    still = functools.cache(lambda count: _still(outcome, relearn(count)))
    for place in sorted(places) if lessons else ():
        before, after = 0, len(lessons)
        if place in still(after) or place not in still(before):
            continue
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (middle, after) if place in still(middle) else (before, middle)
        yield place, _name(lessons[after - 1], learnt)


def _name(lesson: Lesson, learnt: Learnt) -> Name:
    return Name(lesson.about, lesson.says, "question" if lesson.about in learnt.verdicts else "look")
