"""Schemathesis as the suites use it: the loosened document, this kit's own configuration, and the cases in groups."""

from __future__ import annotations

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

from contract_tests.document.demand import refusing
from contract_tests.document.facts import Facts
from contract_tests.generated.loosened import WIDE
from contract_tests.target.api import TargetApi

AnyCase = Case[Any]
AnyOperation = APIOperation[Any, Any, Any, Any]

_CONFIGURATION = Path(__file__).with_name("schemathesis.toml")


def generator(
    document: Mapping[str, Any], facts: Facts, api: TargetApi, *, deletes: bool = False
) -> BaseSchema:
    """Return what generates requests of a loosened document and sends them with the API's key.

    `deletes`: a right request may be about a handler that an earlier one deleted.
    """
    schema = schemathesis.openapi.from_dict(
        dict(document), config=_configuration(facts, _gone(facts) if deletes else [])
    )
    schema.config.update(base_url=api.base_url)

    @schema.auth(refresh_interval=None)
    class Credentials:
        """Sends the run's own key; it is not among what is generated, and is left out of what is shown."""

        def get(self, _case: AnyCase, _context: object) -> str:
            """Return the header's value."""
            return f"Bearer {api.key}"

        def set(self, case: AnyCase, data: str, _context: object) -> None:
            """Put it in."""
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
    """Return the cases that need no chance, each kind of them spread over all.

    The kinds are odd forms, wrong cases, the document's examples and whatever else covers the schema.
    """
    cover = _coverage(operation)
    wrong = [case for case in cover if not _is_positive(case)]
    right = [case for case in cover if _is_positive(case)]
    odd = list(_odd(operation, right))
    for row in zip_longest(odd, wrong, _examples(operation), right):
        yield from (case for case in row if case is not None and is_form(case.body))


def any_case(operation: AnyOperation) -> st.SearchStrategy[AnyCase]:
    """Return a strategy for cases of an operation, right ones and wrong ones."""
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    return st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes])


def is_form(body: object) -> bool:
    """Tell whether a generated body is an object or absent.

    Anything else cannot be spelled as a form, and counts as no body, which is allowed on an update.
    """
    return body is NOT_SET or isinstance(body, dict)


def _configuration(facts: Facts, gone: list[str]) -> Config:
    """Return the file's configuration, with the statuses that the document has for each operation."""
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
    """Return the statuses of what only operations on one handler refuse: that it is not there."""
    common = facts.operation("list").refusals
    refusals = facts.operation("retrieve").refusals.values()
    return sorted({str(refusal.status) for refusal in refusals if refusal.name not in common})


def _refusing(facts: Facts, operation_id: str) -> list[str]:
    """Return the statuses of the refusals that an operation's own refuse: those of its form and its parameters."""
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
    """Take right cases, and give them long texts, letters of many scripts, or nothing, as far as that is right."""
    by_media_type: dict[str, list[AnyCase]] = {}
    for case in right:
        if case.media_type is not None and isinstance(case.body, dict):
            by_media_type.setdefault(case.media_type, []).append(case)
    for media_type, cases in by_media_type.items():
        body, known = operation.get_body_for_media_type(media_type), cases[0].body
        forms = list(_odd_forms(body.definition["schema"] if body is not None else {}, known))
        # The last ones cover nothing that earlier ones do not: they are mixtures.
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
    """Tell whether a case is right; one whose id is wrong gets a right one before it is sent."""
    meta = case.meta
    return meta is None or all(
        info.mode.is_positive for place, info in meta.components.items() if place != ParameterLocation.PATH
    )
