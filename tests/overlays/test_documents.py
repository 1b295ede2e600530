"""Each packaged overlay gives a document that is valid OpenAPI and that the mock can serve."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from openapi_spec_validator import validate
from schemathesis.core.result import Ok

from mock_server.contract import Contract, Schemas, compile_contract
from mock_server.document import (
    Answer,
    Document,
    DocumentError,
    duplicate,
    find_overlay,
    load,
    packaged_overlays,
    plain,
    read_object,
    with_actions,
)
from tests.overlays.sites import SITES

EVERY = [*SITES, "engine-family"]
WITHOUT_INTERNAL = {"4tin-ng", "mnurl-com", "biolinks-pl", "widget-by"}


def load_with(overlay: str) -> Document:
    return load(overlays=[overlay])


def walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk(value)


def test_the_packaged_overlays_are_those_that_the_tests_know() -> None:
    assert sorted(EVERY) == list(packaged_overlays())


@pytest.mark.parametrize("overlay", EVERY)
def test_the_effective_document_is_valid_openapi(overlay: str) -> None:
    validate(plain(load_with(overlay).data))


@pytest.mark.parametrize("overlay", EVERY)
def test_schemathesis_loads_it_without_a_warning(overlay: str) -> None:
    schema = schemathesis.openapi.from_dict(plain(load_with(overlay).data))
    operations = list(schema.get_all_operations())
    assert len(operations) == 6
    assert all(isinstance(operation, Ok) for operation in operations)
    assert list(schema.iter_schema_warnings()) == []


@pytest.mark.parametrize("overlay", EVERY)
def test_every_example_is_valid_by_its_schema(overlay: str) -> None:
    document = load_with(overlay)
    schemas, checked = Schemas(document.data), 0
    for node in walk(document.data):
        if "schema" in node and isinstance(node.get("examples"), dict):
            check = schemas.check(node["schema"])
            for example in node["examples"].values():
                assert check(plain(schemas.resolve(example)["value"])) is None
                checked += 1
    assert checked > 20


@pytest.mark.parametrize("overlay", EVERY)
def test_every_type_has_an_example_of_its_creation(overlay: str) -> None:
    contract = compile_contract(load_with(overlay))
    examples = contract.operations["create_notification_handler"].examples
    assert {example["type"] for example in examples.values()} == set(contract.resources["handlers"].types)
    assert all(
        set(example) - {"name", "type"} == _own(contract, example["type"]) for example in examples.values()
    )


def _own(contract: Contract, type_name: str) -> set[str]:
    form = contract.operations["create_notification_handler"].form
    assert form is not None
    return {field.name for field in form.own(type_name)}


@pytest.mark.parametrize("overlay", EVERY)
def test_no_component_is_left_that_nothing_refers_to(overlay: str) -> None:
    data = load_with(overlay).data
    used = {node["$ref"] for node in walk(data) if isinstance(node.get("$ref"), str)}
    kinds = ("schemas", "parameters", "headers", "responses", "examples")
    components = {f"#/components/{kind}/{name}" for kind in kinds for name in data["components"][kind]}
    assert components == used


@pytest.mark.parametrize(("overlay", "site"), SITES.items())
def test_a_sibling_is_named_by_its_host_and_date(overlay: str, site: Any) -> None:
    info = read_object(find_overlay(overlay))["info"]
    data = load_with(overlay).data
    assert site.host in info["title"]
    assert site.date in info["title"]
    assert info["version"] == data["info"]["version"] == site.date
    assert "Grade S" in info["description"]
    assert data["info"]["title"] == f"{site.host} notification handlers"
    assert data["servers"][0]["url"] == f"https://{site.host}/api"
    assert data["components"]["examples"]["page_of_one"]["value"]["links"]["self"] == (
        f"https://{site.host}/api/notification-handlers{site.opening}page=1"
    )


def test_the_later_page_of_a_site_adds_only_its_three_filters_to_the_earlier_one() -> None:
    earlier, later = load_with("laudits-com-2026-03").data, duplicate(load_with("laudits-com-2026-04").data)
    later["info"]["version"] = "2026-03"
    for name in ("datetime_field", "datetime_start", "datetime_end"):
        del later["components"]["parameters"][name]
    for path in ("/notification-handlers/", "/notification-handlers"):
        del later["paths"][path]["get"]["parameters"][-3:]
    assert plain(later) == plain(earlier)


def test_the_engine_family_is_the_answers_that_depart_from_the_page() -> None:
    document = load_with("engine-family")
    departures = [question for question in document.questions().values() if question.grade == "D"]
    answers = {
        question.id: next(name for name in question.answers if name != question.assumed)
        for question in departures
        if question.id != "update-keeps"  # a defect, which the overlay leaves to its own answer
    }
    assert len(answers) == 6
    assert document.digest == load(answers=answers).digest
    assert document.digest != load().digest
    description = read_object(find_overlay("engine-family"))["info"]["description"]
    assert all(f"{name}={answer}" in " ".join(description.split()) for name, answer in answers.items())
    assert "--answer update-keeps=blanked" in description


# The earlier page of laudits.com is the later one with fewer filters, as another test shows.
@pytest.mark.parametrize("overlay", sorted({*EVERY} - {"laudits-com-2026-03"}))
def test_every_answer_goes_with_every_overlay_or_says_that_its_target_is_not_there(overlay: str) -> None:
    document, refused = load_with(overlay), set()
    for question in document.questions().values():
        if overlay == "engine-family" and question.grade == "D":
            continue  # it gives these answers itself
        for answer in question.answers.values():
            refused |= {question.id} if _matches_nothing(document, answer) else set()
    assert refused == ({"settings-of-internal-notification"} if overlay in WITHOUT_INTERNAL else set())


def _matches_nothing(document: Document, answer: Answer) -> bool:
    """Tell whether an answer finds nothing to change. If it finds something, compile the changed document."""
    try:
        data = with_actions(document.data, answer.actions)
    except DocumentError as error:
        return "matches nothing" in error.message
    compile_contract(dataclasses.replace(document, data=data))
    return False
