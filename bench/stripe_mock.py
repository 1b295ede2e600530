"""stripe-mock, built from a checkout of its source, with a document of our endpoints in the dialect that it reads.

It keeps no state: a list is the page of its fixture, and a create repeats what was sent. Its form is checked, as ours.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.scenario import FORM_TYPE, SCENARIOS
from mock_server.contract import Form
from mock_server.contract.form import Parameter
from mock_server.mock import Mock
from mock_server.settings import Settings

# Names the checkout: `git clone https://github.com/stripe/stripe-mock`.
CHECKOUT = "BITPEAK_STRIPE_MOCK"

# It takes only keys of this form.
KEY = "sk_test_123"

# What the program embeds, for which ours is used, and what a shallow copy of its repository may lack.
_EMBEDDED = ("spec3.json", "fixtures3.json", "spec3.beta.sdk.json", "fixtures3.beta.json")

# The words of a schema that it knows, of those that our forms have.
_KNOWN = ("enum", "maxLength", "pattern")


def build(packages: Path) -> None:
    """Build the program with the Go compiler of this machine. Raises LookupError without a checkout."""
    checkout = os.environ.get(CHECKOUT)
    if not checkout:
        raise LookupError(f"{CHECKOUT} names no checkout of github.com/stripe/stripe-mock")
    source = packages / "source"
    shutil.copytree(checkout, source, ignore=shutil.ignore_patterns(".git"), dirs_exist_ok=True)
    for name in _EMBEDDED:
        file = source / "embedded" / "openapi" / name
        if not file.exists():
            file.write_text("{}")
    # The source needs nothing newer than Go 1.19, which says that a version with a patch number is malformed.
    module = source / "go.mod"
    module.write_text(re.sub(r"^go .*$", "go 1.19", module.read_text(), flags=re.MULTILINE))
    command = ["go", "build", "-mod=vendor", "-o", str(packages / "stripe-mock"), "."]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    shutil.rmtree(source)


def write_document(folder: Path, responses: Mapping[str, tuple[bytes, bytes]]) -> None:
    """Write spec.json and fixtures.json: the scenarios, with the responses that the mock gives."""
    contract = Mock(Settings()).contract
    paths: dict[str, dict[str, Any]] = {}
    fixtures: dict[str, Any] = {}
    for scenario in SCENARIOS:
        path, _, query = scenario.path.partition("?")
        if query or not scenario.with_key:  # the same operations as others
            continue
        route = contract.routes.find(contract.base_path + path, scenario.method)
        if route is None:
            raise LookupError(f"the document has no {scenario.method} {path}")
        operation, name = route.operations[scenario.method], scenario.name.replace(" ", "_")
        fixtures[name] = json.loads(responses[scenario.name][1])
        shown = {key: {"type": _type(value)} for key, value in fixtures[name].items()}
        schema = {"type": "object", "x-resourceId": name, "properties": shown}
        media_type = FORM_TYPE.partition(";")[0]
        paths.setdefault(contract.base_path + operation.path, {})[scenario.method.lower()] = {
            "responses": {"200": {"content": {"application/json": {"schema": schema}}}},
            "parameters": [_parameter(each) for each in operation.query],
            "requestBody": operation.form and {"content": {media_type: {"schema": _form(operation.form)}}},
        }
    spec = {"info": {"version": ""}, "components": {"schemas": {}}, "paths": paths}
    (folder / "spec.json").write_text(json.dumps(spec))
    (folder / "fixtures.json").write_text(json.dumps({"resources": fixtures}))


def _type(value: object) -> str:
    return "array" if isinstance(value, list) else "object"


def _parameter(parameter: Parameter) -> dict[str, Any]:
    kind = "integer" if parameter.is_integer else "string"
    return {"in": "query", "name": parameter.name, "required": False, "schema": {"type": kind}}


def _form(form: Form) -> dict[str, Any]:
    properties = {
        field.name: {
            "type": "string",
            **{word: field.schema[word] for word in _KNOWN if word in field.schema},
        }
        for field in form.fields.values()
    }
    required = [field.name for field in form.fields.values() if field.absent.refusing is not None]
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": required}
