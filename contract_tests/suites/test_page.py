"""The page's own examples, verbatim: what a reader of the documentation tries first."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from contract_tests.oracle.own import Own
from contract_tests.target.api import MULTIPART


def test_the_list_has_the_documented_form_in_both_spellings(reading: Own) -> None:
    paths = [
        operation.path for name, operation in reading.facts.operations.items() if name.startswith("list_")
    ]
    answers = [reading.api.call("GET", path) for path in paths]
    reading.require(reading.conformity.success("list", answers[0]))
    reading.require(reading.listing.complaints(reading.listing.read(answers[0])))
    slash = reading.words.service["trailing-slash"]
    if slash == "same":
        for answer in answers:
            reading.require(reading.conformity.success("list", answer))
            assert answer.json() == answers[0].json(), f"{paths} answer differently"
        return
    other = (
        {301, 302, 307, 308}
        if slash == "redirect"
        else {reading.words.service_refusal("unknown-route").status}
    )
    for path, answer in zip(paths[1:], answers[1:], strict=True):
        assert answer.status in {reading.facts.operation("list").success, *other}, (path, answer)


def test_a_handler_looks_alike_in_the_list_and_by_itself(reading: Own) -> None:
    page = reading.listing.seen(1, reading.facts.sizes[-1 if reading.spares else 0])
    if not page.ids:
        pytest.skip("the account has no handler")
    answer = reading.api.retrieve(page.ids[0])
    reading.require(reading.conformity.success("retrieve", answer))
    steps = reading.facts.schemas.path_to(reading.facts.operation("retrieve").answer, "row")
    row = answer.json()
    for step in steps:
        row = row[step]
    assert row == page.rows[0], "the list and the handler itself differ"


@pytest.mark.writes
def test_the_examples_of_the_page_work(own: Own) -> None:
    creates = list(own.facts.examples.values())
    updates = list(_examples(own, "update").values())
    if own.thrifty:  # the others come again, a little changed, in the life of each type
        creates, updates = creates[:1], updates[:1]
    for create in creates:
        own.leave(own.most - 1)
        owned = own.create(create)
        if not own.spares:
            own.see(owned)
        for update in updates:
            if own.expected.is_certain(owned.handler, update):
                own.update(owned, update)
                own.see(owned)
        own.delete(owned)


def _examples(own: Own, kind: str) -> dict[str, Mapping[str, str]]:
    node = own.facts.document["paths"][own.facts.operation(kind).path]["post"]
    examples = node["requestBody"]["content"][MULTIPART]["examples"]
    return {name: own.facts.schemas.resolve(example)["value"] for name, example in examples.items()}
