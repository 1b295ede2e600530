"""Schemathesis as the suites use it: a loosened copy of the document, and the cases made from it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis import BaseSchema, Case, Config, GenerationMode
from schemathesis.core import NOT_SET
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok
from schemathesis.generation.drivers import CoverageGenerator
from schemathesis.generation.feedback import NO_FEEDBACK
from schemathesis.generation.hypothesis.examples import generate_one
from schemathesis.generation.overrides import Override
from schemathesis.schemas import APIOperation

from contract_tests.document import DocumentedOperation, DocumentedRefusal, Facts, SchemaPaths, refusing
from contract_tests.target.api import TargetApi
from mock_server.document import plain
from mock_server.document.rows import Rows, form_rows, parameter_rows, react

Node = dict[str, Any]

# Each keyword of JSON Schema that rows can enforce, with the treatment that stands for breaking it.
RULES: Mapping[str, str] = {
    "enum": "not-listed",
    "pattern": "malformed",
    "minLength": "shorter-than",
    "maxLength": "longer-than",
}
# Letters of many scripts, a pair of surrogates in UTF-16, a combining sign and a change of direction.
WIDE = "Zażółć 日本 \U0001f514 e\u0301 \u202eabc\u202c"
# Pages beyond a signed 32-bit word, beyond a JavaScript integer, and near the end of 64 bits.
_FAR = (2**31, 2**53 + 1, 10**18 - 1)
_TEXT: Mapping[str, Any] = {"type": "string"}


def loosened(facts: Facts) -> Node:
    """Return a copy of the effective document without the rules that the service does not enforce."""
    document: Node = plain(facts.document)
    schemas = SchemaPaths(document)
    for item in document["paths"].values():
        for node in (item, *item.values()):
            if isinstance(node, dict) and "parameters" in node:
                node["parameters"] = [_parameter(schemas, parameter) for parameter in node["parameters"]]
            if isinstance(node, dict) and "requestBody" in node:
                _loosen_body(schemas, node, document["x-service"])
    for operation in facts.operations.values():
        _share(schemas, document, operation, refusing(facts, operation.id))
    return document


def _share(
    schemas: SchemaPaths,
    document: Node,
    operation: DocumentedOperation,
    refusals: Mapping[str, DocumentedRefusal],
) -> None:
    """Declare, at an operation, the service-wide responses that its rows lead to."""
    responses = document["paths"][operation.path][operation.method.lower()]["responses"]
    for refusal in refusals.values():
        status = str(refusal.status)
        if refusal.name not in operation.refusals:
            shared = schemas.resolve(document["x-service"]["refusals"][status])
            own = schemas.resolve(responses.get(status, {}))
            responses[status] = {**shared, **own, "content": {**shared["content"], **own.get("content", {})}}


def without_foreign_keys(document: Node) -> Node:
    """Hide the optional fields named `*_id` in a loosened document's forms, and return the document.

    A machine that follows links takes such a property for the id of another resource. As nothing creates one, it would
    never send the form. It does not look at patterns of names.
    """
    for item in document["paths"].values():
        for node in item.values():
            for media in _content(node).values():
                form = media["schema"]
                keys = [name for name in form["properties"] if name.lower().endswith(("_id", "-id"))]
                hidden = {
                    name: form["properties"].pop(name)
                    for name in keys
                    if name not in form.get("required", ())
                }
                form["patternProperties"] = {f"^{re.escape(name)}$": field for name, field in hidden.items()}
    return document


def _content(operation: Any) -> Node:
    body: Node = operation.get("requestBody", {}) if isinstance(operation, dict) else {}
    return dict(body.get("content", {}))


def _parameter(schemas: SchemaPaths, node: Mapping[str, Any]) -> Node:
    found = dict(schemas.resolve(node))
    schema = dict(schemas.resolve(found["schema"]))
    if found["in"] != "query":
        return {**found, "schema": schema}
    if schema.get("type") == "integer" and "enum" not in schema:
        schema["examples"] = [*schema.get("examples", ()), *_FAR]
    if not any(row.refusal for row in parameter_rows(found, schema)):
        samples = [*schema.pop("examples", schema.get("enum", ())), WIDE, ""]
        schema = {"anyOf": [schema, _TEXT], "examples": samples}
    return {**found, "schema": schema}


def _loosen_body(schemas: SchemaPaths, operation: Node, service: Mapping[str, Any]) -> None:
    body = operation["requestBody"] = dict(schemas.resolve(operation["requestBody"]))
    content = body["content"] = {name: dict(media) for name, media in body["content"].items()}
    for media in content.values():
        media["schema"] = _form(schemas, media["schema"], service)
        examples = media.get("examples", {})
        media["examples"] = {name: dict(schemas.resolve(example)) for name, example in examples.items()}


def _form(schemas: SchemaPaths, schema: Mapping[str, Any], service: Mapping[str, Any]) -> Node:
    form, fields = dict(schemas.resolve(schema)), schemas.properties(schema)
    rows = form_rows(form, fields, service)
    form["properties"] = {name: _field(node, rows.fields[name]) for name, node in fields.items()}
    absent = {name: react(rows.fields[name], None, node).outcome for name, node in fields.items()}
    if required := [name for name in form.pop("required", ()) if absent[name] == "refuse"]:
        form["required"] = required
    if any(row.refusal for row in rows.unknown):
        form["additionalProperties"] = False
    return form


def _field(node: Mapping[str, Any], rows: Rows) -> Node:
    refused = {row.treatment for row in rows if row.refusal}
    insisted = {word for word, treatment in RULES.items() if treatment in refused}
    field = {key: value for key, value in node.items() if key not in RULES or key in insisted}
    # A switch casts any text, so refusing values outside an enum concerns the other fields.
    if "enum" in node and ("enum" not in field or "x-cast" in field):
        field.pop("enum", None)
        field["anyOf"] = [{"enum": node["enum"]}, _TEXT]
    return field


AnyCase = Case[Any]
AnyOperation = APIOperation[Any, Any, Any, Any]

_CONFIGURATION = Path(__file__).with_name("schemathesis.toml")


def generator(
    document: Mapping[str, Any], facts: Facts, api: TargetApi, *, deletes: bool = False
) -> BaseSchema:
    """Return the schemathesis schema of a loosened document, which sends requests with the API's key.

    `deletes` means that a valid request may concern a handler that an earlier one deleted.
    """
    schema = schemathesis.openapi.from_dict(
        dict(document), config=_configuration(facts, _gone(facts) if deletes else [])
    )
    schema.config.update(base_url=api.base_url)

    @schema.auth(refresh_interval=None)
    class Credentials:
        """Adds the run's own key, which is neither generated nor shown."""

        def get(self, _case: AnyCase, _context: object) -> str:
            """Return the header's value."""
            return f"Bearer {api.key}"

        def set(self, case: AnyCase, data: str, _context: object) -> None:
            """Add the header to a case."""
            case.headers["Authorization"] = data

    @schema.hook
    def filter_body(_context: object, body: object) -> bool:
        return is_form(body)

    return schema


def operations(schema: BaseSchema) -> dict[str, AnyOperation]:
    """Return the operations by operationId."""
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    return {operation.definition.raw["operationId"]: operation for operation in found}


def explicit_cases(operation: AnyOperation) -> Iterator[AnyCase]:
    """Return the cases that need no random draw, the kinds interleaved.

    The kinds are odd forms, invalid cases, the document's examples, and further cases that cover the schema.
    """
    cover = _coverage(operation)
    wrong = [case for case in cover if not _is_positive(case)]
    right = [case for case in cover if _is_positive(case)]
    odd = list(_odd(operation, right))
    for row in zip_longest(odd, wrong, _examples(operation), right):
        yield from (case for case in row if case is not None and is_form(case.body))


def any_case(operation: AnyOperation) -> st.SearchStrategy[AnyCase]:
    """Return a strategy for valid and invalid cases of an operation."""
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    return st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes])


def is_form(body: object) -> bool:
    """Tell whether a generated body is an object or absent.

    Anything else cannot be written as a form. It would count as no body, which an update allows.
    """
    return body is NOT_SET or isinstance(body, dict)


def _configuration(facts: Facts, gone: list[str]) -> Config:
    """Return the configuration of the file, completed by the documented statuses of each operation."""
    settings = tomllib.loads(_CONFIGURATION.read_text(encoding="utf-8"))
    settings["operations"] = [
        {
            "include-operation-id": operation.id,
            "checks": {
                "positive_data_acceptance": {"expected-statuses": [str(operation.success), *gone]},
                "negative_data_rejection": {"expected-statuses": _refusing(facts, operation.id)},
            },
        }
        for operation in facts.operations.values()
    ]
    return Config.from_dict(settings)


def _gone(facts: Facts) -> list[str]:
    """Return the statuses of the refusals that only operations on one handler have: it does not exist."""
    common = facts.operation("list").refusals
    refusals = facts.operation("retrieve").refusals.values()
    return sorted({str(refusal.status) for refusal in refusals if refusal.name not in common})


def _refusing(facts: Facts, operation_id: str) -> list[str]:
    """Return the statuses of the refusals for wrong data: those of an operation's form and parameters."""
    return sorted({str(refusal.status) for refusal in refusing(facts, operation_id).values()})


def _examples(operation: AnyOperation) -> Iterator[AnyCase]:
    return map(generate_one, operation.get_strategies_from_examples(feedback=NO_FEEDBACK))


def _coverage(operation: AnyOperation) -> list[AnyCase]:
    config = operation.schema.config.generation_for(operation=operation, phase="coverage")
    return list(
        CoverageGenerator(
            operation=operation,
            generation_modes=config.modes,
            generation_config=config,
            auth_storage=None,
            override=Override(),
            feedback=NO_FEEDBACK,
        )
    )


def _odd(operation: AnyOperation, right: list[AnyCase]) -> Iterator[AnyCase]:
    """Give valid cases long texts, letters of many scripts, or empty texts, as long as they stay valid."""
    by_media_type: dict[str, list[AnyCase]] = {}
    for case in right:
        if case.media_type is not None and isinstance(case.body, dict):
            by_media_type.setdefault(case.media_type, []).append(case)
    for media_type, cases in by_media_type.items():
        body, known = operation.get_body_for_media_type(media_type), cases[0].body
        forms = list(_odd_forms(body.definition["schema"] if body is not None else {}, known))
        # The last ones are mixtures, which cover nothing new.
        for case, form in zip(cases[::-1], forms, strict=False):
            case.body = form
            if _is_positive(case):
                right.remove(case)
                yield case


def _odd_forms(schema: Mapping[str, Any], known: Any) -> Iterator[dict[str, Any]]:
    fields, required = schema.get("properties", {}), set(schema.get("required", ()))
    texts = {name: node for name, node in fields.items() if _is_text(node)}
    yield {**known, **{name: "l" * _long(node) for name, node in texts.items()}}
    yield {**known, **dict.fromkeys(texts, WIDE)}
    yield {**known, **dict.fromkeys(fields.keys() - required, "")}
    yield {}


def _is_text(node: Mapping[str, Any]) -> bool:
    return "x-cut" in node or "maxLength" in node or "x-clean" in node


def _long(node: Mapping[str, Any]) -> int:
    return int(node.get("maxLength", 4 * node.get("x-cut", 256)))


def _is_positive(case: AnyCase) -> bool:
    """Tell whether a case is valid. An invalid id does not count: it is replaced before the case is sent."""
    meta = case.meta
    return meta is None or all(
        info.mode.is_positive for place, info in meta.components.items() if place != ParameterLocation.PATH
    )
