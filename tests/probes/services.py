"""The two services, each serving while it is open, and what is expected of the probes on them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cache

from contract_tests.probes import Answered, DocumentArguments, Expectations, Finding, Terms, Unknown
from contract_tests.probes.effective import Effective, probe_all
from contract_tests.target.api import TargetApi
from mock_server import Rules, Settings
from mock_server.app import create_app
from mock_server.document import load
from mock_server.server import Server
from tests.second_opinion import OPTIONS, SecondOpinion

QUESTIONS = load().questions()
ANSWERS = [(name, answer) for name, question in QUESTIONS.items() for answer in question.answers]
KEY = "real-key-1"

Service = Callable[[Mapping[str, str]], AbstractContextManager[TargetApi]]

# Questions that stay unknown on both services as they are served here, and why; other tests ask them otherwise.
UNSETTLED = {
    "plan-limit": "it takes as many creates as the plan allows",
    "retry-after": "a run never exceeds a rate limit on purpose",
    "empty-list": "the account is not empty",
}
# Answers that stay unknown there, since nothing is counted.
UNCOUNTED = {
    ("checks-order", "key-first"): "the answers do not show that requests are counted",
    ("checks-order", "rate-after-existence"): "the answers do not show that requests are counted",
}
# Questions that make no sense if updates blank the type.
BLANKED = {
    "update-same-type": "an update blanks the type",
    "update-type-change": "an update blanks the type",
}


@cache
def expectations() -> Expectations:
    """Return those of the base document."""
    return Expectations(DocumentArguments())


@contextmanager
def calling(url: str, key: str) -> Iterator[TargetApi]:
    """Yield an API to call."""
    api = TargetApi(url, key, expectations().facts)
    try:
        yield api
    finally:
        api.close()


@contextmanager
def the_mock(
    answers: Mapping[str, str], *, overlays: tuple[str, ...] = (), quota: int | None = None
) -> Iterator[TargetApi]:
    """Serve the mock with these answers."""
    texts = tuple(f"{name}={answer}" for name, answer in answers.items())
    settings = Settings(overlays=overlays, answers=texts, rules=Rules(quota=quota))
    with Server(create_app(settings)) as server, calling(f"{server.url}/api", "mock-probes") as api:
        yield api


@contextmanager
def the_second_opinion(answers: Mapping[str, str]) -> Iterator[TargetApi]:
    """Serve the second opinion with these answers; its account holds thirty rows of a user's."""
    with SecondOpinion(answers) as service, calling(service.url, KEY) as api:
        yield api


SERVICES: Mapping[str, Service] = {"mock": the_mock, "second opinion": the_second_opinion}


def offered(service: str, answers: Mapping[str, str]) -> dict[str, str]:
    """Return the answers that a service can give: the second opinion has not every question."""
    return {name: answer for name, answer in answers.items() if service == "mock" or name in OPTIONS}


# Each service with each answer that it can give.
ASKED = [
    (service, name, answer)
    for service in SERVICES
    for name, answer in ANSWERS
    if offered(service, {name: answer})
]


def probed(api: TargetApi, *, can_write: bool = True) -> Effective:
    """Ask everything."""
    return probe_all(api, DocumentArguments(), Terms(can_write))


def combination(number: int) -> dict[str, str]:
    """Return an answer to every question, drawn by a number."""
    draw = random.Random(number)
    return {name: draw.choice(list(question.answers)) for name, question in QUESTIONS.items()}


def wanted(question: str, answers: Mapping[str, str]) -> Finding:
    """Return what a probe must find on a service that answers so."""
    answer = answers.get(question, QUESTIONS[question].assumed)
    if question in UNSETTLED:
        return Unknown(UNSETTLED[question])
    if (question, answer) in UNCOUNTED:
        return Unknown(UNCOUNTED[question, answer])
    if question in BLANKED and answers.get("update-keeps") == "blanked":
        return Unknown(BLANKED[question])
    return Answered(answer)
