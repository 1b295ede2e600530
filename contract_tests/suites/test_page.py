"""The page's own examples, word for word, as readers of the documentation try them first."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from contract_tests.judge.statements import GONE, MULTIPART, SAME
from contract_tests.judge.verdicts import Complaint, said
from contract_tests.oracle.own import Own


def test_the_list_has_the_documented_form_in_both_spellings(reading: Own) -> None:
    lists = list(reading.facts.of_kind("list"))
    first = reading.listing.get()
    reading.require(reading.listing.complaints(first))
    spelling = reading.statements.spellings()
    slash = reading.facts.service["trailing-slash"]
    for operation in lists[1:]:
        response = reading.api.call("GET", operation.path)
        if response.status // 100 == 2:
            reading.require(reading.conformity.success("list", response))
            page = reading.listing.read(response)  # other values, such as the time, may be new each time
            if (page.facts, page.rows) != (first.facts, first.rows):
                reading.require(
                    [Complaint(SAME, f"the list differs at {lists[0].path} and {operation.path}")]
                )
        elif slash == "same":
            reading.turned_away("list", response, spelling)
        else:
            other = reading.facts.service_refusal("unknown-route").status
            allowed = {301, 302, 307, 308} if slash == "redirect" else {other}
            if response.status not in allowed:
                reading.turned_away("list", response, spelling)


def test_a_handler_looks_alike_in_the_list_and_by_itself(reading: Own) -> None:
    if reading.spares and reading.run.can_write:
        pytest.skip("the suites lifecycle and paging see their handlers in both")
    page = reading.listing.seen(1, reading.facts.sizes[-1 if reading.spares else 0])
    if not page.ids:
        pytest.skip("the account had no handler when this was to be tested")
    response = reading.api.retrieve(page.ids[0])
    if response.status in {404, 410}:
        about = f"the list shows {page.ids[0]}, and a retrieve of it returns {said(response)}"
        reading.require([Complaint(GONE, about)])
    reading.require(reading.conformity.success("retrieve", response))
    row = response.shown(*reading.facts.schemas.path_to(reading.facts.operation("retrieve").response, "row"))
    if row != page.rows[0]:
        reading.require([Complaint(SAME, f"handler {page.ids[0]} differs in the list and by itself")])


@pytest.mark.writes
@pytest.mark.spared("the suite lifecycle makes each type by the page's example, a little changed")
def test_the_examples_of_the_page_work(own: Own) -> None:
    creates = list(own.facts.examples.values())
    updates = list(_examples(own, "update").values())
    if own.thrifty:  # the other examples recur, slightly changed, in the life of each type
        creates, updates = creates[:1], updates[:1]
    with own.collecting() as steps:
        for create in creates:
            with steps:
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
    examples = own.facts.node(own.facts.operation(kind))["requestBody"]["content"][MULTIPART]["examples"]
    return {name: own.facts.schemas.resolve(example)["value"] for name, example in examples.items()}
