"""A generator of tests holds the control against its own document."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python._constants.orchestrator import make_constants_value_source
from schemathesis.schemas import APIOperation
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


OPERATIONS = [operation.ok() for operation in control.get_all_operations()]


@settings(max_examples=20, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
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


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_every_answer_is_documented(operation: APIOperation[Any]) -> None:
    """As `control.parametrize()` does, which makes the cases of all operations when tests are collected: seconds."""
    build_operation_test(
        config=control.config,
        operation=operation,
        test_func=answer_is_documented,
        given_kwargs={},
        feedback=FeedbackSources(constants_value_source=make_constants_value_source(control)),
    )()
