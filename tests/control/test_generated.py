"""A generator of tests holds the control against its own document."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
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


@control.parametrize()
@settings(max_examples=20, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_documented(case: schemathesis.Case[Any]) -> None:
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
