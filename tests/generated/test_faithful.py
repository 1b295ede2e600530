"""Nothing is held against a service that does what the document says, whatever its answers to the open questions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest

from mock_server import Server, Settings, create_app
from tests.generated.suites import KEY, a_run, combination, faults
from tests.second_opinion import Manner, SecondOpinion

TARGETS = ("mock", "second opinion")
FOREIGN = 30


@contextmanager
def served(target: str, number: int) -> Iterator[str]:
    """Serve a target that answers by a combination; where it holds rows of others, they must stay as they are."""
    answers = combination(number)
    if target == "mock":
        with Server(create_app(Settings(answers=chosen(number)))) as server:
            yield f"{server.url}/api"
        return
    chance = Random(number)
    manner = Manner(*(chance.random() < 0.5 for _ in range(4)))
    with SecondOpinion(answers, {KEY: FOREIGN}, manner=manner) as service:
        before = service.snapshot(KEY)
        yield service.url
        assert service.snapshot(KEY) == before


def chosen(number: int) -> tuple[str, ...]:
    return tuple(f"{question}={answer}" for question, answer in combination(number).items())


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("number", range(1, 9))
def test_no_fault_in_any_combination(target: str, number: int) -> None:
    with served(target, number) as url:
        for seed in range(3):
            assert faults(a_run(url, chosen(number), seed=seed)) == []


@pytest.mark.parametrize("target", TARGETS)
def test_no_fault_in_a_longer_run(target: str) -> None:
    with served(target, 0) as url:
        assert faults(a_run(url, profile="standard")) == []
