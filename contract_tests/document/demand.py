"""What a whole run must have reached, by the effective document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contract_tests.document.facts import DocumentedOperation, DocumentedRefusal, Facts
from mock_server.document import load
from mock_server.document.rows import Row, form_rows, parameter_rows
from mock_server.document.treatments import TREATMENTS

_CHOSEN = "M"  # the grade of our own choices, to which no target can be held
_RATE_LIMITED = 429


def demanded_operations(facts: Facts) -> tuple[DocumentedOperation, ...]:
    """Return the operations that must succeed; another spelling only if the document says that it does the same."""
    alike = facts.document.get("x-service", {}).get("trailing-slash", "same") == "same"
    return tuple(
        operation for operation in facts.operations.values() if alike or not _is_spelling(facts, operation)
    )


def demanded_refusals(facts: Facts) -> dict[str, tuple[DocumentedRefusal, ...]]:
    """Return the refusals to provoke by operation.

    Left out are the rate limit, which a run is to stay below, what the document marks as a choice of its own, a
    refusal of a form that no rule of the form leads to, and another spelling's refusals, which are the operation's.
    A refusal that an overlay names is demanded only if a text leads to it: the suites send texts.
    """
    return {
        operation.id: tuple(_demanded(facts, operation))
        for operation in facts.operations.values()
        if not _is_spelling(facts, operation)
    }


def _is_spelling(facts: Facts, operation: DocumentedOperation) -> bool:
    return "x-spelling-of" in facts.document["paths"][operation.path][operation.method.lower()]


def _demanded(facts: Facts, operation: DocumentedOperation) -> Iterator[DocumentedRefusal]:
    node = facts.document["paths"][operation.path][operation.method.lower()]
    of_forms = facts.operation("create").refusals.keys() - facts.operation("list").refusals.keys()
    own = _of_form(facts, node)
    chosen = {int(status) for status in node["responses"] if _grade(facts, node, status) == _CHOSEN}
    packaged = load().data["components"]["examples"]
    by_text = _by_text(facts, node)
    for refusal in operation.refusals.values():
        if refusal.status == _RATE_LIMITED or refusal.status in chosen:
            continue
        if refusal.name not in packaged and refusal.name not in by_text:
            continue
        if refusal.name not in of_forms or refusal.name in own:
            yield refusal


def _by_text(facts: Facts, node: Mapping[str, Any]) -> set[str]:
    """Return the refusals of an operation to which a row leads that speaks of a text, and not of how it is sent."""
    resolve, rows = facts.schemas.resolve, list[Row]()
    for parameter in map(resolve, node.get("parameters", ())):
        rows += parameter_rows(parameter, resolve(parameter["schema"]))
    for media in resolve(node.get("requestBody", {})).get("content", {}).values():
        form = resolve(media["schema"])
        of_form = form_rows(form, facts.schemas.properties(form), facts.document["x-service"])
        rows += [row for each in of_form.fields.values() for row in each]
    return {row.refusal for row in rows if TREATMENTS[row.treatment].about != "sending"}


def _grade(facts: Facts, node: Mapping[str, Any], status: str) -> str:
    return str(facts.schemas.resolve(node["responses"][status]).get("x-grade", ""))


def _of_form(facts: Facts, node: Mapping[str, Any]) -> set[str]:
    """Return the refusals that a rule of an operation's form leads to, if the form has such a rule."""
    content = facts.schemas.resolve(node.get("requestBody", {})).get("content", {})
    found: set[str] = set()
    for media in content.values():
        form = facts.schemas.resolve(media["schema"])
        rows = form_rows(form, facts.schemas.properties(form), facts.document["x-service"])
        found |= {row.refusal for each in rows.fields.values() for row in each}
    return found - {""}


def refusing(facts: Facts, operation_id: str) -> dict[str, DocumentedRefusal]:
    """Return the refusals that wrong data of an operation can get, by name: those to which its rows lead."""
    operation, resolve = facts.operations[operation_id], facts.schemas.resolve
    node = facts.document["paths"][operation.path][operation.method.lower()]
    names = set[str]()
    for parameter in map(resolve, node.get("parameters", ())):
        names |= {row.refusal for row in parameter_rows(parameter, resolve(parameter["schema"]))}
    for media in resolve(node.get("requestBody", {})).get("content", {}).values():
        form = resolve(media["schema"])
        names |= form_rows(form, facts.schemas.properties(form), facts.document["x-service"]).refusals
    known = {**facts.shared, **operation.refusals}
    return {name: known[name] for name in sorted(names) if name in known}
