"""The questions and the base document name each other, and each answer leaves valid OpenAPI."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from mock_server.app import mock_of
from mock_server.document import load, plain
from tests.questions.probe import app_with
from tests.questions.test_answers import ANSWERS, QUESTIONS


def pointers(node: Any) -> Iterator[str]:
    """Yield each question that an `x-question` names."""
    if isinstance(node, dict):
        named = node.get("x-question", [])
        yield from [named] if isinstance(named, str) else named
        for child in node.values():
            yield from pointers(child)
    elif isinstance(node, list):
        for child in node:
            yield from pointers(child)


def test_every_pointer_names_a_question_and_every_question_is_pointed_at() -> None:
    assert set(pointers(load().data)) == set(QUESTIONS)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_says_where_its_evidence_stands(name: str) -> None:
    question = QUESTIONS[name]
    assert question.evidence == "none" or question.evidence.startswith(("2: ", "3: "))
    assert (question.evidence == "none") <= (question.grade == "M")


# A property more than the page shows contradicts nothing that it says.
ADDITIONS = {"user-id"}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_departure_is_what_the_page_speaks_against(name: str) -> None:
    question = QUESTIONS[name]
    assert (question.grade == "D") == question.evidence.startswith("3: ")
    assert question.departure == (question.grade == "D" and name not in ADDITIONS)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_concerns_operations_that_there_are(name: str) -> None:
    paths = load().data["paths"].values()
    known = {node["operationId"] for item in paths for node in item.values() if "operationId" in node}
    assert set(QUESTIONS[name].operations) <= known


# The assumed answers have no actions: with them the document is the base document, which is checked as it is.
CHANGES = [(name, answer) for name, answer in ANSWERS if QUESTIONS[name].answers[answer].actions]


def test_the_base_document_is_valid() -> None:
    assert not list(OpenAPIV31SpecValidator(plain(load().data)).iter_errors())


@pytest.mark.parametrize(("name", "answer"), CHANGES)
def test_an_answer_leaves_a_valid_document(name: str, answer: str) -> None:
    document = mock_of(app_with(f"{name}={answer}")).contract.document
    assert document.chosen == {name: answer}
    assert not list(OpenAPIV31SpecValidator(plain(document.data)).iter_errors())
