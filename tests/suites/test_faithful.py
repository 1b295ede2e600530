"""No faithful service fails a suite, however it answers; and what others have stored stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from contract_tests.document import Facts
from contract_tests.oracle.machine import RULES
from contract_tests.run.flags import PRICES, PROFILES, Profile
from contract_tests.suites import test_paging
from contract_tests.target.api import Withheld
from mock_server.document import load
from tests.second_opinion import Manner, SecondOpinion
from tests.suites.judging import KEY, OTHER_KEY, QUICK, Verdict, complaint, judge
from tests.suites.services import combination, mock, second_opinion, texts

# A standard run in which only the machines are fewer.
THOROUGH = Profile("standard", examples=10, machines=6, steps=20)
EVERY_MANNER = Manner(extra_property=True, shuffle_keys=True, lowercase_headers=True, chunked=True)


def assert_passed(verdict: Verdict) -> None:
    assert not verdict.failed, complaint(verdict)
    assert len(verdict.passed) > 50, "the suites have hardly run"
    assert set(verdict.run.reach.rules) == set(RULES)


def judge_second_opinion(
    answers: Mapping[str, str], profile: Profile = QUICK, manner: Manner | None = None
) -> None:
    service = second_opinion(answers, manner=manner)
    before = {key: service.snapshot(key) for key in (KEY, OTHER_KEY)}
    with service:
        verdict = judge(service.url, texts(answers), profile=profile)
    assert {key: service.snapshot(key) for key in (KEY, OTHER_KEY)} == before
    assert not service.written(KEY) & set(service.accounts[KEY].foreign_ids)
    assert_passed(verdict)


@pytest.mark.parametrize("number", range(12))
def test_the_mock_passes_with_any_answers(number: int) -> None:
    answers = combination(number)
    with mock(answers) as url:
        assert_passed(judge(url, texts(answers)))


@pytest.mark.parametrize("number", range(12))
def test_the_second_opinion_passes_with_any_answers(number: int) -> None:
    judge_second_opinion(combination(number))


@pytest.mark.parametrize("profile", [QUICK, THOROUGH], ids=["quick", "standard"])
def test_the_mock_passes_as_it_is(profile: Profile) -> None:
    with mock() as url:
        assert_passed(judge(url, profile=profile))


@pytest.mark.parametrize("overlay", ["engine-family", "laudits-com-2026-04", "widget-by"])
def test_a_mock_of_another_site_passes_by_its_document(overlay: str) -> None:
    with mock(overlays=(overlay,)) as url:
        assert_passed(judge(url, overlays=(overlay,)))


def test_links_may_lose_the_size_and_lead_beyond_the_last_page() -> None:
    facts = Facts(load().data)
    base = "https://service.invalid/api"
    link = f"{base}/notification-handlers?page=2"
    api = SimpleNamespace(base_url=base, call=lambda *_: SimpleNamespace(status=404))
    page = SimpleNamespace(facts={"link-next": link, "link-last": link, "link-first": link, "total-pages": 2})
    run = SimpleNamespace(can_write=True, profile=PROFILES["quick"])
    reading: Any = SimpleNamespace(
        spares=False, run=run, facts=facts, api=api, live=["row"] * 11, others=list,
        listing=SimpleNamespace(seen=lambda *_: page),
    )  # fmt: skip
    with pytest.raises(Withheld, match="links lose the size"):
        test_paging.test_links_lead_where_they_say(reading)


@pytest.mark.parametrize("rows", [0, 10, 1200])
def test_it_is_no_matter_how_much_an_account_holds(rows: int) -> None:
    with SecondOpinion(keys={KEY: rows, OTHER_KEY: 0}) as service:
        assert_passed(judge(service.url))


@pytest.mark.parametrize("number", [None, 100, 101])
def test_the_second_opinion_passes_a_thorough_run(number: int | None) -> None:
    judge_second_opinion({} if number is None else combination(number), THOROUGH)


def test_how_json_and_http_are_written_is_no_matter() -> None:
    judge_second_opinion({}, manner=EVERY_MANNER)


def test_a_run_that_may_only_read_sends_only_reads() -> None:
    service = second_opinion()
    with service:
        verdict = judge(service.url, can_write=False, profile=PROFILES["standard"])
    assert not verdict.failed, complaint(verdict)
    assert len(verdict.passed) >= 10
    assert {entry.method for entry in service.log} == {"GET"}


def test_suites_stay_below_their_number_of_handlers_and_requests() -> None:
    """The numbers leave others their part of what a run may send to somebody's service."""
    service, suites = second_opinion(), ("page", "lifecycle", "paging", "refusals", "clients")
    most, before = 0, len(service.accounts[KEY].rows)
    watched = service.reply

    def reply(request):  # type: ignore[no-untyped-def]
        nonlocal most
        most = max(most, len(service.accounts[KEY].rows) - before)
        return watched(request)

    service._doorstep.reply = reply
    with service:
        judge(service.url, suites=suites)
    assert most <= 23
    assert len(service.log) <= sum(PRICES[suite]["quick"][0] for suite in suites)
