"""The two services that the suites are tried on, and ways in which a faithful one may answer."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count

from mock_server import Server, Settings, create_app
from tests.second_opinion import OPTIONS, Manner, SecondOpinion
from tests.suites.judging import KEY, OTHER_KEY

FOREIGN = 30


def combination(number: int) -> dict[str, str]:
    """Return an answer to every question, drawn by a number."""
    draw = random.Random(number)
    return {question: draw.choice(answers) for question, answers in OPTIONS.items()}


def texts(answers: Mapping[str, str]) -> tuple[str, ...]:
    """Return answers as a command line has them."""
    return tuple(f"{question}={answer}" for question, answer in answers.items())


@contextmanager
def mock(answers: Mapping[str, str] | None = None, overlays: tuple[str, ...] = ()) -> Iterator[str]:
    """Serve the mock; yield its URL."""
    with Server(create_app(Settings(answers=texts(answers or {}), overlays=overlays))) as server:
        yield f"{server.url}/api"


def second_opinion(
    answers: Mapping[str, str] | None = None, bugs: Iterable[str] = (), manner: Manner | None = None
) -> SecondOpinion:
    """Return a service with rows of others, not yet started."""
    keys = {KEY: FOREIGN, OTHER_KEY: 3}
    clock = count(1_767_393_000).__next__
    return SecondOpinion(answers, keys, bugs=bugs, manner=manner, clock=clock)
