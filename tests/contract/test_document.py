"""Common tools accept the documents, and each example in them is valid by its schema."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from openapi_spec_validator import validate
from schemathesis.core.result import Ok

from mock_server.contract import Contract, Schemas, compile_contract
from mock_server.document import Object, home, load, plain, read_object

DOCUMENTS = [home() / "notification-handlers.yaml", home() / "control.yaml"]


@pytest.fixture(scope="module")
def contract() -> Contract:
    return compile_contract(load())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_the_document_is_valid_openapi(document: Path) -> None:
    validate(plain(read_object(document)))


def test_a_generator_of_tests_loads_it_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schema = schemathesis.openapi.from_dict(plain(load().data))
        labels = [
            operation.ok().label for operation in schema.get_all_operations() if isinstance(operation, Ok)
        ]
    assert labels == [
        "GET /notification-handlers/",
        "GET /notification-handlers",
        "POST /notification-handlers",
        "GET /notification-handlers/{notification_handler_id}",
        "POST /notification-handlers/{notification_handler_id}",
        "DELETE /notification-handlers/{notification_handler_id}",
    ]


def media_of(node: Any, path: str = "#") -> Iterator[tuple[str, Object]]:
    """Yield each media type object in the document, with its path."""
    if isinstance(node, dict):
        if "schema" in node and "examples" in node and isinstance(node, Object):
            yield path, node
        for key, item in node.items():
            yield from media_of(item, f"{path}/{key}")
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from media_of(item, f"{path}/{index}")


def test_every_example_is_true_to_its_schema() -> None:
    data = load().data
    schemas = Schemas(data)
    checked = 0
    for path, media in media_of(data):
        if not isinstance(media["examples"], dict):
            continue
        check = schemas.check(media["schema"])
        for name, example in media["examples"].items():
            assert check(plain(schemas.resolve(example)["value"])) is None, f"{path}: {name}"
            checked += 1
    assert checked > 40


def test_every_type_has_an_example_with_all_its_fields(contract: Contract) -> None:
    create = contract.operations["create_notification_handler"]
    assert create.form is not None
    by_type = {example["type"]: example for example in create.examples.values()}
    for type_name in contract.resources["handlers"].types:
        own = {field.name for field in create.form.own(type_name)}
        assert own <= by_type[type_name].keys(), type_name


def test_every_refusal_says_the_status_that_it_has(contract: Contract) -> None:
    for operation in contract.operations.values():
        for refusal in operation.refusals.values():
            said = refusal.write(refusal.value).replace('"status":"', '"status":')
            assert f'"status":{refusal.status[:3]}' in said


def test_every_refusal_is_graded(contract: Contract) -> None:
    data = contract.document.data
    responses = {**data["components"]["responses"], **data["x-service"]["refusals"]}
    refusing = {
        name: node for name, node in responses.items() if "examples" in str(node) and "Error" in str(node)
    }
    assert refusing
    assert not [name for name, node in refusing.items() if "x-grade" not in node and "$ref" not in node]
