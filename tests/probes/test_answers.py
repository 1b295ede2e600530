"""Every answer is found on both services, alone and among other answers."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from contract_tests.guard.exchange import Reply
from contract_tests.probes import PROBES, Answered, Finding, Prober, Terms, Unknown
from contract_tests.target.api import TargetApi
from tests.mutants.trial import SabotageProxy
from tests.mutants.wire import Trip, data_of, with_data
from tests.probes.services import (
    ASKED,
    KEY,
    QUESTIONS,
    SERVICES,
    calling,
    combination,
    expectations,
    offered,
    probed,
    the_mock,
    wanted,
)
from tests.second_opinion import OPTIONS, SecondOpinion


def found(api: TargetApi, question: str) -> Finding:
    """Ask one question."""
    prober = Prober(api, expectations(), Terms(can_write=True))
    finding, _ = PROBES[question].run(prober)
    prober.close()
    return finding


def test_every_question_has_one_probe() -> None:
    assert sorted(PROBES) == sorted(QUESTIONS)


@pytest.mark.parametrize(("service", "question", "answer"), ASKED)
def test_an_answer_is_found(service: str, question: str, answer: str) -> None:
    with SERVICES[service]({question: answer}) as api:
        assert found(api, question) == wanted(question, {question: answer})


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("number", range(15))
def test_a_combination_is_found(service: str, number: int) -> None:
    answers = offered(service, combination(number))
    with SERVICES[service](answers) as api:
        effective = probed(api)
    seen = {question: verdict.finding for question, verdict in effective.verdicts.items()}
    assert seen == {question: wanted(question, answers) for question in QUESTIONS}
    assert effective.requests <= 95


@pytest.mark.parametrize("answer", OPTIONS["checks-order"])
def test_the_order_of_checks_is_found_where_requests_are_counted(answer: str) -> None:
    with the_mock({"checks-order": answer}, quota=60) as api:
        assert found(api, "checks-order") == Answered(answer)
    with SecondOpinion({"checks-order": answer}, rate=60) as service, calling(service.url, KEY) as api:
        assert found(api, "checks-order") == Answered(answer)


@pytest.mark.parametrize("answer", OPTIONS["empty-list"])
def test_an_empty_account_shows_how_many_pages_it_has(answer: str) -> None:
    with the_mock({"empty-list": answer}) as api:
        api.delete(1)
        assert probed(api).verdicts["empty-list"].finding == Answered(answer)
    with SecondOpinion({"empty-list": answer}, {KEY: 0}) as service, calling(service.url, KEY) as api:
        assert probed(api).verdicts["empty-list"].finding == Answered(answer)


@pytest.mark.parametrize("answer", OPTIONS["retry-after"])
def test_a_refusal_for_too_many_requests_answers_the_question_about_it(answer: str) -> None:
    with SecondOpinion({"retry-after": answer}, rate=20) as service, calling(service.url, KEY) as api:
        assert probed(api).verdicts["retry-after"].finding == Answered(answer)


@pytest.mark.parametrize("question", ["links-opening", "meta-page", "meta-total"])
def test_a_list_that_cannot_be_read_answers_no_question(question: str) -> None:
    def unlist(trip: Trip) -> Reply:
        got = trip.passed()
        data = data_of(got)
        if isinstance(data, dict) and isinstance(data.get("data"), list):
            return with_data(got, {**data, "data": data["data"][0] if data["data"] else {}})
        return got

    with the_mock({}) as api, SabotageProxy(urlsplit(api.base_url).port or 0, unlist) as proxy:
        url = proxy.url + urlsplit(api.base_url).path
        with calling(url, api.key) as broken:
            assert found(broken, question) == Unknown("the rows of the list cannot be read")
