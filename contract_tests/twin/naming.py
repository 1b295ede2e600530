"""Names a difference: another answer to an open question, or something that no question asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from contract_tests.learning.draft import Lesson
from contract_tests.learning.learn import Learnt
from contract_tests.twin.compare import Difference
from contract_tests.twin.lockstep import Outcome

# Repeats an outcome's sequence with a mock of these answers more, against what the service answered.
Replay = Callable[[Mapping[str, str]], Outcome | None]


@dataclass(frozen=True, slots=True)
class Name:
    """What a difference is: the question, or the word for what was learned, and what the service says to it."""

    about: str
    says: str


def names_of(outcome: Outcome, learnt: Learnt, replay: Replay) -> dict[str, Name]:
    """Return, by its place, the name of each difference that one lesson takes away.

    An answer is tried alone: a mock that gives it must not differ there any more. What no answer takes away, such as a
    title as sent, is named after the lesson about the answer that was refused or shown there.
    """
    found: dict[str, Name] = {}
    for lesson in _answers(learnt):
        left = {each.place for each in outcome.differences} - found.keys()
        if not left:
            break
        tried = replay({lesson.about: learnt.answers[lesson.about]})
        if tried is None or len(tried.steps) < len(outcome.steps):
            continue
        still = {each.place for each in tried.differences}
        found |= {place: Name(lesson.about, lesson.says) for place in left - still if still < left | still}
    for each in outcome.differences:
        if each.place not in found and (beyond := _beyond(outcome, each, learnt)) is not None:
            found[each.place] = Name(beyond.about, beyond.says)
    return found


def _answers(learnt: Learnt) -> Iterator[Lesson]:
    """Yield the lessons that are other answers of the closed lists."""
    return (
        lesson
        for lesson in learnt.new
        if lesson.about in learnt.answers and lesson.says.startswith(f"{learnt.answers[lesson.about]}:")
    )


def _beyond(outcome: Outcome, difference: Difference, learnt: Learnt) -> Lesson | None:
    """Return the lesson beyond the lists that says what the service shows at a place."""
    shown = str(difference.right)
    asked = outcome.right[-1]
    said = [
        lesson
        for lesson in learnt.new
        if shown in lesson.says or difference.place.rpartition("/")[2] in lesson.says
    ]
    same = [
        lesson
        for lesson in said or learnt.new
        if any((seen.operation, seen.status) == (asked.operation, asked.status) for seen in lesson.seen)
    ]
    return next(iter(said if said and not same else same), None)
