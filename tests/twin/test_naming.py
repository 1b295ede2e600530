"""A difference has the name of the lesson without which it is there, and with which it is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from contract_tests.learning.draft import Lesson
from contract_tests.learning.learn import Learnt
from contract_tests.twin.compare import Difference
from contract_tests.twin.lockstep import SequenceOutcome
from contract_tests.twin.naming import names_of
from contract_tests.twin.steps import TwinStep
from mock_server.document import load, plain

ACTION = {"target": "$.info", "update": {}}
LESSONS = tuple(Lesson(f"about-{number}", f"lesson {number}", (), (ACTION,)) for number in range(9))
STEPS = (TwinStep("list"), TwinStep("list", tail="/"))


def outcome(*places: str, steps: int = 2) -> SequenceOutcome:
    return SequenceOutcome(STEPS[:steps], (), (), (), tuple(Difference(place, 1, 2) for place in places))


def learnt() -> Learnt:
    base = load()
    return Learnt(datetime.now(UTC), base, plain(base.data), LESSONS, {}, {}, (), (), (), 1, True)


@pytest.mark.parametrize("cause", [0, 1, 4, 7, 8])
def test_a_place_has_the_name_of_the_lesson_that_takes_it_away(cause: int) -> None:
    asked: list[int] = []

    def relearn(count: int) -> SequenceOutcome:
        asked.append(count)
        return outcome("status") if count <= cause else outcome()

    names = names_of(outcome("status"), learnt(), lambda _: None, relearn)
    assert names["status"].about == f"about-{cause}"
    assert len(asked) == len(set(asked)) <= 6, "by bisection, and nothing twice"


def test_each_place_has_a_name_of_its_own() -> None:
    causes = {"status": 2, "/errors/0/title": 6}

    def relearn(count: int) -> SequenceOutcome:
        return outcome(*(place for place, cause in causes.items() if count <= cause))

    names = names_of(outcome(*causes), learnt(), lambda _: None, relearn)
    assert {place: name.about for place, name in names.items()} == {
        "status": "about-2", "/errors/0/title": "about-6",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (outcome("status"), "no lesson takes it away"),
        (outcome("/data", steps=1), "the sequence did not come so far"),
        (None, "the lessons make no document"),
    ],
)
def test_what_no_lesson_takes_away_has_no_name(after: SequenceOutcome | None, why: str) -> None:
    assert not names_of(outcome("status"), learnt(), lambda _: None, lambda _: after), why


def test_without_lessons_nothing_is_tried() -> None:
    def never(_: int) -> SequenceOutcome:
        raise AssertionError("there is nothing to try")

    assert not names_of(outcome("status"), replace(learnt(), lessons=()), lambda _: None, never)
