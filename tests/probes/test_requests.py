"""Probes are thrifty, do no harm, and are led astray by nothing that a service may do."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from contract_tests.guard.exchange import Exchange
from contract_tests.guard.guard import Guard
from contract_tests.guard.upstream import GuardSettings
from contract_tests.probes import PROBES, Answered, DocumentArguments, Outside, Terms, Unknown
from contract_tests.probes.effective import probe_all
from contract_tests.target.api import TargetApi, TargetResponse
from tests.probes.services import (
    KEY,
    QUESTIONS,
    SERVICES,
    calling,
    combination,
    offered,
    probed,
    the_second_opinion,
    wanted,
)
from tests.second_opinion import BUGS, Manner, SecondOpinion

# Bugs that touch the rows of others whatever is asked of the service.
MEDDLING = {"update-touches-another", "delete-takes-newest-too"}

# Bugs that a probe meets, and says so.
SEEN = {
    "name-cut-at-64": "text-too-long",
    "missing-name-status": "required-field-missing",
    "error-without-status": "error-status",
    "type-change-keeps-settings": "update-type-change",
    "is-enabled-inverted": "is-enabled-text",
    "empty-becomes-null": "own-field-unsent",
}


class Listening(TargetApi):
    """Keeps the bodies of the creates that it sends."""

    def __init__(self, api: TargetApi) -> None:
        super().__init__(api.base_url, api.key, api.facts)
        self.creates: list[bytes] = []

    def call(self, method: str, path: str, **parts: Any) -> TargetResponse:
        if (method, path) == ("POST", self.facts.operation("create").path):
            self.creates.append(parts.get("body") or b"")
        return super().call(method, path, **parts)


@pytest.mark.parametrize("spares", [True, False])
def test_creates_are_sent_odd_names_unless_requests_are_spared(spares: bool) -> None:
    with the_second_opinion({}) as api:
        listening = Listening(api)
        probe_all(listening, DocumentArguments(), Terms(can_write=True, spares=spares))
    assert any(b"name[]" in body for body in listening.creates) is not spares


@pytest.mark.parametrize("service", SERVICES)
def test_a_run_that_writes_takes_few_requests(service: str) -> None:
    with SERVICES[service]({}) as api:
        effective = probed(api)
    assert effective.requests <= 84
    assert len(effective.answers) == len(QUESTIONS) - len(effective.unknown)


@pytest.mark.parametrize("service", SERVICES)
def test_a_run_that_reads_takes_a_dozen_requests(service: str) -> None:
    with SERVICES[service]({}) as api:
        effective = probed(api, can_write=False)
    assert effective.requests <= 12
    for question, verdict in effective.verdicts.items():
        if PROBES[question].needs == "writes":
            assert verdict.finding == Unknown("needs --allow-writes")
        else:
            assert verdict.finding == wanted(question, {})


@pytest.mark.parametrize("number", range(5))
def test_a_run_that_reads_finds_what_it_can(number: int) -> None:
    answers = offered("second opinion", combination(number))
    with the_second_opinion(answers) as api:
        effective = probed(api, can_write=False)
    for question, verdict in effective.verdicts.items():
        if PROBES[question].needs == "reads":
            assert verdict.finding == wanted(question, answers), question


def test_a_run_that_reads_sends_nothing_else() -> None:
    with SecondOpinion() as service, calling(service.url, KEY) as api:
        probed(api, can_write=False)
    assert {entry.method for entry in service.log} == {"GET"}


@pytest.mark.parametrize("bug", sorted(BUGS.keys() - MEDDLING))
def test_the_rows_of_others_are_left_alone_whatever_the_service_does(bug: str) -> None:
    with SecondOpinion(bugs=[bug]) as service, calling(service.url, KEY) as api:
        before = service.snapshot(KEY, foreign=True)
        effective = probed(api)
        assert service.snapshot(KEY, foreign=True) == before
        left = len(json.loads(service.snapshot(KEY))) - len(json.loads(before))
    assert left == 0 or bug in {"delete-does-nothing", "wrong-id-answered"}
    assert effective.answers.keys() | effective.unknown.keys() == QUESTIONS.keys()


@pytest.mark.parametrize(("bug", "question"), SEEN.items())
def test_what_is_none_of_the_answers_is_said(bug: str, question: str) -> None:
    with SecondOpinion(bugs=[bug]) as service, calling(service.url, KEY) as api:
        verdict = probed(api).verdicts[question]
    assert isinstance(verdict.finding, Outside)
    assert verdict.finding.sentence.endswith(".")
    assert verdict.is_outside
    assert verdict.seen == verdict.finding.sentence


def test_manners_are_no_answers() -> None:
    manner = Manner(extra_property=True, shuffle_keys=True, lowercase_headers=True, chunked=True)
    with SecondOpinion(manner=manner) as service, calling(service.url, KEY) as api:
        effective = probed(api)
    assert {name: one.finding for name, one in effective.verdicts.items()} == {
        name: wanted(name, {}) for name in QUESTIONS
    }


@pytest.mark.parametrize("number", range(3))
def test_a_guard_in_between_changes_no_answer(number: int, tmp_path: Path) -> None:
    answers = offered("second opinion", combination(number)) if number else {}
    with SecondOpinion(answers) as service:
        settings = GuardSettings(target=service.url, key=KEY, allow_writes=True, ledger_dir=tmp_path)
        with Guard(settings) as guard, calling(guard.url, guard.placeholder_key) as api:
            heard: list[Exchange] = []
            guard.on_exchange(heard.append)
            terms = Terms(can_write=True, hidden=guard.marker_length, shown_url=service.url)
            effective = probe_all(api, DocumentArguments(), terms)
    assert {name: one.finding for name, one in effective.verdicts.items()} == {
        name: wanted(name, answers) for name in QUESTIONS
    }
    assert heard
    assert not [one for one in heard if one.refused]


class Odd(TargetApi):
    """Puts something else in the place of a value in every third answer."""

    draw: random.Random

    def call(self, *args: Any, **parts: Any) -> TargetResponse:
        answer = super().call(*args, **parts)
        try:
            tree = json.loads(answer.body)
        except ValueError:
            return answer
        if self.draw.random() < 0.3:
            tree = self._changed(tree)
        return answer._replace(body=json.dumps(tree).encode())

    def _changed(self, node: Any) -> Any:
        places = (
            list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
        )
        if not places or self.draw.random() < 0.2:
            return self.draw.choice([None, True, 0, -1, "", "x", [], {}, [None], {"a": 1}, 1e9])
        place = self.draw.choice(places)
        node[place] = self._changed(node[place])
        return node


@pytest.mark.parametrize("number", range(12))
def test_no_answer_is_too_odd_for_a_probe(number: int) -> None:
    with SecondOpinion() as service, calling(service.url, KEY) as plain:
        before = service.snapshot(KEY, foreign=True)
        api = Odd(plain.base_url, plain.key, plain.facts)
        api.draw = random.Random(number)
        effective = probed(api)
        api.close()
        assert service.snapshot(KEY, foreign=True) == before
    assert effective.verdicts.keys() == QUESTIONS.keys()
    assert not any(isinstance(one.finding, Answered) and one.why for one in effective.verdicts.values())
