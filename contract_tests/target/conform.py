"""Answers held against the document: status, media type, and the schema of the body."""

from __future__ import annotations

from typing import Any

import jsonschema_rs

from contract_tests.document.facts import Facts, Operation, Refusal
from contract_tests.target.api import Answer
from mock_server.document import load, plain


class Conformity:
    """Says in sentences what an answer has against the document; an empty list means nothing."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._checks: dict[str, jsonschema_rs.Validator] = {}
        self._known = _titles(load().data)

    def success(self, kind: str, answer: Answer) -> list[str]:
        """Judge an answer to a request of some kind of operation that should have succeeded."""
        operation = self._facts.operation(kind)
        if answer.status != operation.success:
            said = answer.body[:120].decode(errors="replace")
            return [f"{operation.id} answered {answer.status} and should answer {operation.success}: {said}"]
        if not operation.answer:
            return self._empty(operation, answer)
        return self._json(operation, answer)

    def _empty(self, operation: Operation, answer: Answer) -> list[str]:
        """Judge an answer without a body, which may all the same say what it would be, as the document does."""
        if answer.body.strip():
            return [f"{operation.id} has a body: {answer.body[:80]!r}"]
        node = self._facts.document["paths"][operation.path][operation.method.lower()]["responses"]
        wanted = self._facts.schemas.resolve(node[str(operation.success)]).get("x-empty-body")
        found = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if wanted and found not in {"", wanted}:
            return [f"{operation.id} answers nothing, and calls it {found!r}; it should say {wanted!r}"]
        return []

    def refusal(self, answer: Answer, refusal: Refusal) -> list[str]:
        """Judge an answer that should have been a documented refusal.

        A title that the base document does not say stands for whatever a service says there: any text will do. Of a
        refusal that only an answer has brought, nobody knows either whether its status is shown as number or as text.
        """
        if answer.status != refusal.status:
            said = answer.body[:120].decode(errors="replace")
            return [
                f"the answer has the status {answer.status} and should have {refusal.status} ({refusal.name}): {said}"
            ]
        if complaints := _media_type(answer):
            return complaints
        try:
            errors = answer.json()["errors"]
            (error,) = errors
            title, status = error["title"], error["status"]
        except (ValueError, LookupError, TypeError):
            return [f"{refusal.name} is no list of one error with title and status: {answer.body[:120]!r}"]
        known = self._known.get(refusal.name) == refusal.title
        complaints = []
        if not isinstance(title, str) or not title or (known and title != refusal.title):
            complaints.append(f"{refusal.name} says {title!r} and should say {refusal.title!r}")
        shown, wanted = status, refusal.shown_status
        if refusal.name not in self._known and isinstance(status, str):
            wanted = str(wanted)
        if type(shown) is not type(wanted) or shown != wanted:
            complaints.append(
                f"{refusal.name} shows the status {status!r} and should show {refusal.shown_status!r}"
            )
        return complaints

    def _json(self, operation: Operation, answer: Answer) -> list[str]:
        if complaints := _media_type(answer):
            return complaints
        try:
            body = answer.json()
        except ValueError as error:
            return [f"{operation.id}: {error}"]
        if operation.id not in self._checks:
            components = plain(self._facts.document["components"])
            schema = {**plain(dict(operation.answer)), "components": components}
            self._checks[operation.id] = jsonschema_rs.validator_for(schema)
        errors = list(self._checks[operation.id].iter_errors(body))[:3]
        return [f"{operation.id}: {'/'.join(map(str, e.instance_path))}: {e.message}" for e in errors]


def _media_type(answer: Answer) -> list[str]:
    found = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return [] if found == "application/json" else [f"the answer is {found or 'of no type'} and not JSON"]


def _titles(document: Any) -> dict[str, str]:
    """Return the title of each refusal that the base document names."""
    values = {name: node.get("value") for name, node in document["components"]["examples"].items()}
    return {name: value["errors"][0]["title"] for name, value in values.items() if "errors" in value}
