"""Reads the open questions about the API, whose answers are changes to the document."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from mock_server.document import shape
from mock_server.document.overlay import Action, parse_actions
from mock_server.document.places import DocumentError, Object, Place, place_of
from mock_server.document.source import read_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

GRADES = ("D", "S", "C", "P", "B", "M")
"""The grades of the evidence ledger, and M, a choice of this project, where nothing speaks for the answer."""

_KEBAB = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_QUESTION_KEYS = ("question", "evidence", "grade", "operations", "departure", "assumed", "answers")


class Answer(NamedTuple):
    """One answer to a question: what it means, and the actions that make the document say so."""

    id: str
    means: str
    actions: tuple[Action, ...]


class Question(NamedTuple):
    """An open question; the document already gives its `assumed` answer, which has no actions.

    `evidence` names the row of the evidence ledger, `operations` the operationIds concerned, empty for
    all, and `departure` says that the assumed answer departs from the published page.
    """

    id: str
    text: str
    evidence: str
    grade: str
    operations: tuple[str, ...]
    departure: bool
    assumed: str
    answers: Mapping[str, Answer]
    place: Place


def read_questions(file: Path | str) -> Mapping[str, Question]:
    """Read the questions of a file by id, in its order, or raise DocumentError."""
    data = read_object(file)
    shape.check_keys(data, ("questions",), "a file of questions")
    questions = shape.an_object(data, "questions", "'questions'")
    return MappingProxyType({name: _question(questions, name) for name in questions})


def _question(questions: Object, name: str) -> Question:
    what = f"the question {name!r}"
    place = _check_id(questions, name, "a question")
    data = shape.an_object(questions, name, what)
    shape.check_keys(data, _QUESTION_KEYS, what)
    grade = shape.text(data, "grade", what)
    if grade not in GRADES:
        message = f"{what} has the grade {grade!r}, choose from {', '.join(GRADES)}"
        raise DocumentError(message, place_of(data, "grade"))
    answers = shape.an_object(data, "answers", f"'answers' of {what}")
    question = Question(
        id=name,
        text=shape.text(data, "question", what),
        evidence=shape.text(data, "evidence", what),
        grade=grade,
        operations=_operations(data, what),
        departure=shape.flag(data, "departure", what),
        assumed=shape.text(data, "assumed", what),
        answers=MappingProxyType({answer: _answer(answers, answer, what) for answer in answers}),
        place=place,
    )
    _check_answers(question, data, answers)
    return question


def _check_id(container: Object, name: str, what: str) -> Place:
    place = place_of(container, name)
    if not _KEBAB.match(name):
        raise DocumentError(f"the id {name!r} of {what} is not in kebab-case, write it like-this", place)
    return place


def _operations(data: Object, what: str) -> tuple[str, ...]:
    operations = shape.an_array(data, "operations", what)
    for index, operation in enumerate(operations):
        if not isinstance(operation, str):
            message = f"an operation of {what} must be text, write its operationId"
            raise DocumentError(message, place_of(operations, index))
    return tuple(operations)


def _answer(answers: Object, name: str, question: str) -> Answer:
    what = f"the answer {name!r} to {question}"
    _check_id(answers, name, "an answer")
    data = shape.an_object(answers, name, what)
    shape.check_keys(data, ("means", "actions"), what)
    means = shape.text(data, "means", what)
    if "actions" not in data:
        return Answer(name, means, ())
    return Answer(name, means, parse_actions(shape.an_array(data, "actions", what, least=1)))


def _check_answers(question: Question, data: Object, answers: Object) -> None:
    what = f"the question {question.id!r}"
    if len(answers) < 2:
        raise DocumentError(f"{what} needs at least two answers, add one", place_of(data, "answers"))
    if question.assumed not in question.answers:
        close = shape.nearest(question.assumed, question.answers)
        message = f"{what} assumes {question.assumed!r}{close}, choose from {', '.join(answers)}"
        raise DocumentError(message, place_of(data, "assumed"))
    for answer in question.answers.values():
        place = place_of(answers, answer.id)
        if answer.id == question.assumed and answer.actions:
            message = f"the assumed answer {answer.id!r} has actions, put its change in the base document"
            raise DocumentError(message, place)
        if answer.id != question.assumed and not answer.actions:
            raise DocumentError(f"the answer {answer.id!r} has no actions, say what it changes", place)


def select(questions: Mapping[str, Question], texts: Iterable[str]) -> dict[str, str]:
    """Read `QUESTION=ANSWER` texts to the answer's id by the question's, in the order of the questions.

    Raise DocumentError, with no place, where a question or an answer is unknown or a question is
    answered twice.
    """
    chosen: dict[str, str] = {}
    for text in texts:
        name, equals, answer = (part.strip() for part in text.partition("="))
        if not equals:
            raise DocumentError(f"{text!r} is no answer, write QUESTION=ANSWER")
        _check_choice(questions, name, answer)
        if chosen.setdefault(name, answer) != answer:
            raise DocumentError(f"{name!r} is answered {chosen[name]!r} and {answer!r}, keep one")
    return {name: chosen[name] for name in questions if name in chosen}


def _check_choice(questions: Mapping[str, Question], name: str, answer: str) -> None:
    if name not in questions:
        close = shape.nearest(name, questions)
        hint = close or f", choose from {', '.join(questions)}"  # fifty names would drown the near one
        raise DocumentError(f"there is no question {name!r}{hint}")
    answers = questions[name].answers
    if answer not in answers:
        close = shape.nearest(answer, answers)
        raise DocumentError(f"{name!r} has no answer {answer!r}{close}, choose from {', '.join(answers)}")
