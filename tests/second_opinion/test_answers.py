"""Each answer to each question is documented, can be chosen, and can be observed."""

from pathlib import Path

import pytest
import yaml

from tests.second_opinion.answers import OPTIONS
from tests.second_opinion.client import Client
from tests.second_opinion.observed_replies import REPLIES
from tests.second_opinion.observed_writes import WRITES
from tests.second_opinion.service import SecondOpinion

OBSERVATIONS = {**WRITES, **REPLIES}
NEW_YEAR = 1_767_393_000  # 2026-01-02 22:30:00 UTC: already the next day in Moscow
ANSWERS = [(question, answer) for question, answers in OPTIONS.items() for answer in answers]


def test_the_options_are_open_questions() -> None:
    """A question that is not among them is answered as assumed, so that a new one need not be built here."""
    text = (Path(__file__).parents[2] / "openapi" / "unspecified.yaml").read_text(encoding="utf-8")
    questions = yaml.safe_load(text)["questions"]
    assert {name: set(answers) for name, answers in OPTIONS.items()} == {
        name: set(question["answers"]) for name, question in questions.items() if name in OPTIONS
    }
    assert {name: answers[0] for name, answers in OPTIONS.items()} == {
        name: question["assumed"] for name, question in questions.items() if name in OPTIONS
    }


def test_every_answer_has_an_observation_of_its_own() -> None:
    assert {name: set(answers) for name, answers in OPTIONS.items()} == {
        name: set(seen) for name, (_, seen) in OBSERVATIONS.items()
    }
    for question, (_, seen) in OBSERVATIONS.items():
        values = list(seen.values())
        assert all(values.count(value) == 1 for value in values), question


@pytest.mark.parametrize(("question", "answer"), ANSWERS)
def test_an_answer_shows(question: str, answer: str) -> None:
    probe, seen = OBSERVATIONS[question]
    keys = {"real-key-1": 3, "empty-key": 0}
    with SecondOpinion({question: answer}, keys, rate=40, clock=lambda: NEW_YEAR) as service:
        assert probe(Client(service)) == seen[answer]


@pytest.mark.parametrize(
    ("answers", "bugs", "message"),
    [
        ({"create-statue": "ok"}, [], "question 'create-statue'"),
        ({"create-status": "fine"}, [], "no answer 'fine', only created, ok"),
        ({}, ["no-such-bug"], "bug 'no-such-bug'"),
    ],
)
def test_unknown_choices_are_refused(answers: dict[str, str], bugs: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SecondOpinion(answers, bugs=bugs)
