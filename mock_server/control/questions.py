"""The open questions, and a world that answers them otherwise than the mock does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mock_server.control.request import Request, unusable
from mock_server.document import DocumentError
from mock_server.refusal import Defect


def list_questions(request: Request) -> dict[str, Any]:
    """List all questions, with the answers in force."""
    contract = request.subject.variations.base if request.account is None else request.account.contract
    document = contract.document
    answers = document.answers
    return {
        "questions": [
            {**question.facts(), "answer": answers[question.id]} for question in document.questions().values()
        ]
    }


def answer_questions(request: Request) -> dict[str, Any]:
    """Answer some questions; the others keep their answers."""
    set_answers(request, {**request.world.contract.document.chosen, **request.body})
    return list_questions(request)


def answers_of(request: Request) -> dict[str, str]:
    """Return what the world answers otherwise than the mock does."""
    base = request.subject.variations.base.document.answers
    return {
        name: answer
        for name, answer in request.world.contract.document.answers.items()
        if base[name] != answer
    }


def set_answers(request: Request, answers: Mapping[str, str]) -> None:
    """Give the world these answers, and the mock's own to all other questions. Raises Refusal."""
    try:
        contract = request.subject.variations.answering(answers)
    except DocumentError as error:
        raise unusable(f"answers: {error}") from None
    world = request.world
    try:
        world.obey(contract)
    except Defect as error:
        raise unusable(f"answers: the world's handlers do not fit them: {error}.") from None
    request.subject.worlds.vary(request.key or "", world)
