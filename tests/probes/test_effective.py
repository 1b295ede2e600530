"""The effective document follows what was found; departures are named, accepted ones are not."""

from __future__ import annotations

import pytest

from contract_tests.document import Facts
from contract_tests.guard.exchange import KEY_VARIABLE
from contract_tests.judge.statements import Statements
from contract_tests.probes import DocumentArguments, Terms
from contract_tests.probes.effective import Effective, QuestionVerdict, probe_all
from mock_server.document import load
from tests.probes.services import KEY, QUESTIONS, probed, the_mock, the_second_opinion

DEPARTURES = {name: list(q.answers)[1] for name, q in QUESTIONS.items() if q.departure}
WRITES = Terms(can_write=True)


def complaint(verdict: QuestionVerdict) -> str:
    """Return what is wrong with an answer if the page alone binds, empty if nothing is."""
    statements = Statements(Facts(load().data), load().data, QUESTIONS)
    statement = statements.of_question(verdict.question.id)
    found = verdict.complaint(statement)
    return found.sentence if found is not None and not statement.is_open else ""


def departures(effective: Effective) -> list[QuestionVerdict]:
    """Return what the target was seen to do otherwise than the page says."""
    return [one for one in effective.verdicts.values() if one.question.departure and one.is_otherwise]


def with_departures(arguments: DocumentArguments) -> Effective:
    with the_second_opinion(DEPARTURES) as api:
        return probe_all(api, arguments, WRITES)


def test_the_document_has_every_answer_that_was_found() -> None:
    answers = {"create-status": "ok", "delete-status": "no-content", "page-beyond-last": "last-page"}
    with the_mock(answers) as api:
        effective = probed(api)
    assert effective.document.data == load(answers=answers).data
    assert effective.facts.operation("create").success == 200
    assert effective.document.digest == load(answers=answers).digest


def test_a_departure_is_in_the_document_and_is_named() -> None:
    effective = with_departures(DocumentArguments())
    assert {one.question.id: one.answer for one in departures(effective)} == DEPARTURES
    assert dict(effective.document.chosen) == DEPARTURES
    for verdict in departures(effective):
        said = complaint(verdict)
        assert verdict.seen in said
        assert verdict.question.answers[verdict.question.assumed].means in said


def test_a_departure_that_was_given_is_accepted_and_not_asked_for() -> None:
    effective = with_departures(DocumentArguments(answers=DEPARTURES))
    assert not departures(effective)
    assert dict(effective.document.chosen) == DEPARTURES
    verdict = effective.verdicts["meta-total"]
    assert (verdict.source, verdict.evidence, complaint(verdict)) == ("given", (), "")


def test_answers_may_be_given_as_texts() -> None:
    texts = [f"{name}={answer}" for name, answer in DEPARTURES.items()]
    assert not departures(with_departures(DocumentArguments(answers=texts)))


def test_a_departure_that_an_overlay_has_is_accepted() -> None:
    arguments = DocumentArguments(overlays=("engine-family",))
    with the_mock({}, overlays=("engine-family",)) as api:
        effective = probe_all(api, arguments, WRITES)
    assert not [one.question.id for one in effective.verdicts.values() if complaint(one)]
    assert effective.document.data == load(overlays=["engine-family"]).data


def test_what_an_overlay_has_and_the_target_has_not_is_said() -> None:
    with the_mock({}) as api:
        effective = probe_all(api, DocumentArguments(overlays=("engine-family",)), WRITES)
    wrong = {name for name, one in effective.verdicts.items() if complaint(one)}
    assert wrong == DEPARTURES.keys() - {"update-keeps"}


@pytest.mark.parametrize("site", ["4tin-ng", "widget-by", "laudits-com-2026-04"])
def test_a_site_of_other_types_is_probed_by_its_overlay(site: str) -> None:
    with the_mock({}, overlays=(site,)) as api:
        effective = probe_all(api, DocumentArguments(overlays=(site,)), WRITES)
    assert not [one.question.id for one in effective.verdicts.values() if complaint(one)]


def test_an_unknown_keeps_the_assumption() -> None:
    with the_mock({}) as api:
        effective = probed(api, can_write=False)
    assert effective.unknown["create-status"] == "needs --allow-writes"
    assert effective.verdicts["create-status"].answer == "created"
    assert "create-status" not in effective.answers
    assert not complaint(effective.verdicts["create-status"])


def test_titles_of_the_site_and_titles_of_their_own_are_taken_over() -> None:
    answers = {"error-titles": "site-language", "unknown-field": "refused", "other-methods": "not-allowed"}
    with the_second_opinion(answers) as api:
        effective = probed(api)
    assert effective.titles["not_found"] == ("Szukany zasób nie istnieje.",)
    assert effective.facts.refusal("retrieve", "not_found").title == "Szukany zasób nie istnieje."
    assert effective.facts.refusal("update", "invalid_field").title == "Tego pola nie można tu wysłać."


def test_a_documented_title_is_not_taken_over() -> None:
    with the_second_opinion({}) as api:
        assert probed(api).document.data == load().data


def test_evidence_shows_what_was_sent_and_not_the_key() -> None:
    with the_second_opinion({}) as api:
        effective = probe_all(
            api, DocumentArguments(), Terms(can_write=True, shown_url="https://site.example/api")
        )
    exchanges = [exchange for one in effective.verdicts.values() for exchange in one.evidence]
    assert all(exchange.url.startswith("https://site.example/api/") for exchange in exchanges)
    assert not [exchange for exchange in exchanges if KEY in repr(exchange)]
    assert any(KEY_VARIABLE in exchange.as_curl() for exchange in exchanges)
    assert all(
        one.evidence
        for one in effective.verdicts.values()
        if one.source == "found" and one.question.operations
    )
