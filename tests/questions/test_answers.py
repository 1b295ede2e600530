"""Each answer to each question does what it means, and differs from the other answers."""

from __future__ import annotations

import pytest

from mock_server.document import home, read_questions
from tests.questions import keys, listing, replies, updating, wire, writing
from tests.questions.probe import as_text

QUESTIONS = read_questions(home() / "unspecified.yaml")
AREAS = (writing.PROBES, updating.PROBES, listing.PROBES, replies.PROBES, keys.PROBES, wire.PROBES)
PROBES = {name: probe for area in AREAS for name, probe in area.items()}
ANSWERS = [(name, answer) for name, probe in PROBES.items() for answer in probe.expected]


def test_every_question_has_one_probe_and_every_answer_an_expectation() -> None:
    assert sum(map(len, AREAS)) == len(PROBES)
    assert {name: list(probe.expected) for name, probe in PROBES.items()} == {
        name: list(question.answers) for name, question in QUESTIONS.items()
    }


@pytest.mark.parametrize("name", PROBES)
def test_the_answers_of_a_question_can_be_told_apart(name: str) -> None:
    expected = PROBES[name].expected
    assert len({as_text(observation) for observation in expected.values()}) == len(expected)


@pytest.mark.parametrize(("name", "answer"), ANSWERS)
def test_an_answer_is_observed(name: str, answer: str) -> None:
    probe = PROBES[name]
    assert probe.seen(f"{name}={answer}") == as_text(probe.expected[answer])


@pytest.mark.parametrize("name", PROBES)
def test_the_assumed_answer_is_what_the_base_document_says(name: str) -> None:
    probe = PROBES[name]
    assert probe.seen() == as_text(probe.expected[QUESTIONS[name].assumed])
