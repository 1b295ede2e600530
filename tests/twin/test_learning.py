"""A service is learned as it is: questions, titles, properties, lengths; the mock becomes it, and nothing is left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests

from contract_tests.learning.learn import Learnt
from mock_server import Settings
from mock_server.app import create_app
from mock_server.document import LEARNED, load, read_object
from mock_server.server import Server
from tests.second_opinion import Manner, SecondOpinion
from tests.twin.running import KEY, learned

# The engine family of the ledger's section 3, and text as it is kept there.
FAMILY = {
    "meta-total": "total-results", "meta-page": "raw-text", "links-opening": "question-mark-ampersand",
    "user-id": "present", "write-answer": "whole-object", "is-enabled-in-replies": "integer",
    "text-cleaning": "cleaned", "is-enabled-text": "integer-cast",
}  # fmt: skip
ODD = {
    "secrets-in-replies": "masked", "unknown-field": "refused", "page-not-valid": "refused", "error-status": "text",
    "page-size-not-allowed": "refused", "error-titles": "site-language", "text-too-long": "refused",
    "unknown-route": "envelope",
}  # fmt: skip

# What a run through the guard cannot ask.
UNASKED = (
    "DELETE of the list: it might delete all rows, and is taken to be refused as other methods are.",
    "unique names: the guard makes all names different, and longer, so it is unknown whether they must differ, and "
    "whether short ones are refused.",
)


# What takes seconds to learn is learned once, not once in each worker of xdist.
ONE_WORKER = pytest.mark.xdist_group("odd")


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> tuple[Learnt, Path]:
    folder = tmp_path_factory.mktemp("odd")
    with SecondOpinion(ODD, {KEY: 30}, manner=Manner(extra_property=True)) as service:
        before = service.snapshot(KEY)
        found = learned(service.url, folder)
        assert service.snapshot(KEY) == before, "rows of others stay, and nothing is left behind"
    return found


def test_the_engine_family_is_learned_without_a_line_by_hand(tmp_path: Path) -> None:
    with SecondOpinion(FAMILY, {KEY: 30}) as service:
        learnt, file = learned(service.url, tmp_path)
    assert {name: learnt.answers[name] for name in FAMILY} == FAMILY
    document = load(overlays=[file])
    family = load(overlays=["engine-family"]).data["components"]["schemas"]
    schemas = document.data["components"]["schemas"]
    assert schemas["ListEnvelope"]["properties"]["meta"] == family["ListEnvelope"]["properties"]["meta"]
    assert {*schemas["NotificationHandler"]["properties"]} == {*family["NotificationHandler"]["properties"]}
    assert not learnt.unsaid
    assert learnt.unasked == UNASKED


@ONE_WORKER
def test_each_answer_that_was_chosen_is_found(odd: tuple[Learnt, Path]) -> None:
    assert {name: odd[0].answers[name] for name in ODD} == ODD


@ONE_WORKER
def test_titles_are_taken_as_sent_each_cause_its_own(odd: tuple[Learnt, Path]) -> None:
    components = load(overlays=[odd[1]]).data["components"]

    def title(name: str) -> str:
        return str(components["examples"][name]["value"]["errors"][0]["title"])

    page, size = (
        next(row["refuse"] for row in components["parameters"][name]["x-rows"] if "refuse" in row)
        for name in ("page", "results_per_page")
    )
    assert title("not_found") == "Szukany zasób nie istnieje."
    assert title(page) == "Nie ma takiej strony."
    assert title(size) == "Nie ma stron tej wielkości."


@ONE_WORKER
def test_an_address_that_nobody_knows_says_nothing_of_what_is_counted(odd: tuple[Learnt, Path]) -> None:
    paths = load(overlays=[odd[1]]).data["paths"]
    refused = [paths[path]["get"]["responses"]["400"] for path in paths if path.rstrip("/").count("/") == 1]
    assert len(refused) == 2, "both spellings of the list refuse a page"
    assert all("X-RateLimit-Limit" in response["headers"] for response in refused)


@ONE_WORKER
def test_properties_beyond_the_document_come_with_their_types(odd: tuple[Learnt, Path]) -> None:
    schemas = load(overlays=[odd[1]]).data["components"]["schemas"]
    assert schemas["NotificationHandler"]["properties"]["revision"] == {"type": "integer", "default": 3}
    assert "revision" in schemas["ListEnvelope"]["properties"]["meta"]["required"]


@ONE_WORKER
def test_masks_and_lengths_are_measured(odd: tuple[Learnt, Path]) -> None:
    schemas = load(overlays=[odd[1]]).data["components"]["schemas"]
    assert schemas["SlackSettings"]["properties"]["slack"]["x-mask"] == {"each": "*"}
    assert "x-mask" not in schemas["TelegramSettings"]["properties"]["telegram_chat_id"]
    assert (schemas["Name"]["maxLength"], schemas["Value"]["maxLength"]) == (128, 512)


@ONE_WORKER
def test_the_file_tells_when_where_and_by_what(odd: tuple[Learnt, Path]) -> None:
    learnt, file = odd
    told = read_object(file)[LEARNED]
    assert told["requests"] == learnt.requests
    assert told["target"].startswith("http://127.0.0.1:")
    assert told["document"] == str(load().digest)
    assert {*told["open"]} == {"plan-limit", "empty-list", "retry-after", "checks-order"}
    proved = {lesson["about"] for lesson in told["lessons"] if lesson["seen"]}
    assert proved >= ODD.keys()
    assert KEY not in file.read_text(encoding="utf-8")
    assert "$BITPEAK_API_KEY" in json.dumps(told)


@ONE_WORKER
def test_what_is_learned_is_chosen_and_cannot_be_contradicted(odd: tuple[Learnt, Path]) -> None:
    document = load(overlays=[odd[1]], answers={"unknown-field": "refused"})
    assert document.chosen["page-not-valid"] == "refused"
    with pytest.raises(ValueError, match="is 'refused' in a learned overlay"):
        load(overlays=[odd[1]], answers={"unknown-field": "ignored"})


def test_reading_alone_teaches_what_reading_can(tmp_path: Path) -> None:
    answers = {"meta-total": "total-results", "create-status": "ok", "page-beyond-last": "last-page"}
    with SecondOpinion(answers, {KEY: 30}) as service:
        learnt, file = learned(service.url, tmp_path, allow_writes=False)
        assert not service.written(KEY)
    assert learnt.answers["meta-total"] == "total-results"
    assert learnt.answers["page-beyond-last"] == "last-page"
    assert learnt.open["create-status"] == "needs --allow-writes"
    assert "get" in load(overlays=[file]).data["paths"]["/notification-handlers/"]


@pytest.mark.parametrize(
    "answers",
    [
        (),
        pytest.param(("checks-order=method-first", "other-methods=not-allowed"), marks=pytest.mark.heavy),
    ],
)
def test_a_mock_of_the_document_is_learned_to_be_as_it_says(answers: tuple[str, ...], tmp_path: Path) -> None:
    server = Server(create_app(Settings(answers=answers)))
    server.start()
    try:
        learnt, _ = learned(f"{server.url}/api", tmp_path, key="mock-of-a-user")
    finally:
        server.stop(grace=0)
    taught = [*dict.fromkeys(lesson.about for lesson in learnt.new)]
    assert taught == [answer.partition("=")[0] for answer in answers][::-1]
    assert not learnt.unsaid
    assert learnt.unasked == UNASKED


def test_an_empty_list_may_have_no_links(tmp_path: Path) -> None:
    words = "$.paths.*.get['x-paging']"
    first = "$.components.schemas.ListEnvelope.properties.links.properties.first"
    actions = [
        {"target": words, "update": {"empty": "no-links"}},
        {"target": f"{first}.type", "remove": True},
        {"target": first, "update": {"type": ["string", "null"]}},
    ]
    house, seed = tmp_path / "house.json", tmp_path / "seed.yaml"
    house.write_text(
        json.dumps({"overlay": "1.1.0", "info": {"title": "T", "version": "1"}, "actions": actions})
    )
    seed.write_text("[]\n")
    with Server(create_app(Settings(overlays=(str(house),), seed=seed))) as server:
        learnt, file = learned(f"{server.url}/api", tmp_path, key="mock-key", brief=True)
    document = load(overlays=[file]).data
    listed = document["paths"]["/notification-handlers/"]["get"]
    assert listed["x-paging"]["empty"] == "no-links"
    with Server(create_app(Settings(overlays=(str(file),), seed=seed))) as server:
        headers = {"Authorization": "Bearer mock-key"}
        links = requests.get(f"{server.url}/api/notification-handlers/", headers=headers, timeout=5).json()[
            "links"
        ]
    assert (links["first"], links["last"]) == (None, None)
    assert not [said for said in learnt.unsaid if "/links/first" in said]
