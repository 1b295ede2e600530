"""A generator of tests holds the control against its own document."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python._constants.orchestrator import make_constants_value_source
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from mock_server import create_app
from mock_server.document import home, plain, read_object

DOCUMENT = plain(read_object(home() / "control.yaml"))
DOCUMENT["servers"] = [{"url": "http://localhost/_mock"}]
APP = create_app()

control = schemathesis.openapi.from_dict(DOCUMENT)
control.app = APP


OPERATIONS = {
    (each.ok() if isinstance(each, Ok) else each.err()).label: each for each in control.get_all_operations()
}


@settings(max_examples=8, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def answer_is_documented(case: schemathesis.Case[Any]) -> None:
    if "x-world" in case.operation.definition.raw:
        case.query = {**(case.query or {}), "key": "mock-generated"}
        case.query.pop("wait", None)  # nothing will come
    response = case.call()
    case.validate_response(
        response,
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ],
    )


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_is_documented(name: str) -> None:
    """As `control.parametrize()` does, which makes the cases of all operations when tests are collected: seconds."""
    operation = OPERATIONS[name]
    assert isinstance(operation, Ok)
    build_operation_test(
        config=control.config,
        operation=operation.ok(),
        test_func=answer_is_documented,
        given_kwargs={},
        feedback=FeedbackSources(constants_value_source=make_constants_value_source(control)),
    )()
