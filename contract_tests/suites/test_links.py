"""The links of the document: what an answer shows leads to the row that the request was about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from contract_tests.document import Facts
from contract_tests.judge.statements import IDS, SAME
from contract_tests.judge.verdicts import Complaint, a
from contract_tests.oracle.own import Own
from contract_tests.oracle.showing import Owned

# What links must have led to, as the report calls it.
RULES = ("links: create", "links: retrieve", "links: update", "links: delete")
_BODY = "$response.body#/"


pytestmark = pytest.mark.spared("the suite lifecycle goes the same ways, and knows more of where they lead")


class Link(NamedTuple):
    """A link from the answer of an operation to another one: `steps` lead to the id in the answer."""

    source: str
    target: str
    steps: tuple[str, ...]


def links_of(facts: Facts) -> Iterator[Link]:
    """Yield the links that take an id from the body of a success."""
    for operation in facts.operations.values():
        response = facts.schemas.resolve(facts.node(operation)["responses"][str(operation.success)])
        for node in map(facts.schemas.resolve, response.get("links", {}).values()):
            target = facts.kind_of(node["operationId"])
            for expression in node.get("parameters", {}).values():
                if target and str(expression).startswith(_BODY):
                    yield Link(operation.kind, target, tuple(expression.removeprefix(_BODY).split("/")))


@pytest.mark.writes
@pytest.mark.parametrize("source", ["create", "update"])
def test_links_lead_to_the_row(own: Own, source: str) -> None:
    """A handler is retrieved, updated and deleted by the id that a create and an update answer, and then is gone."""
    for link in dict.fromkeys(link for link in links_of(own.facts) if link.source == source):
        own.run.begin()
        own.leave(own.most - 1)
        owned = own.create(own.samples.form(own.scarce()))
        own.run.reach.rule("links: create")
        if source == "update":
            own.update(owned, {own.facts.form["name"]: own.samples.name()})
        shown = own.api.last.shown(*link.steps)
        if shown != owned.id:
            about = f"the id by which {a(source)} leads to {a(link.target)}"
            own.require([Complaint(IDS, about, repr(shown), str(owned.id))])
        _follow(own, link.target, owned)
        own.run.reach.rule(f"links: {link.target}")


def _follow(own: Own, target: str, owned: Owned) -> None:
    if target == "update":
        own.update(owned, {own.facts.form["name"]: own.samples.name()})
    if target == "delete":
        own.delete(owned)
        own.gone("retrieve", own.api.retrieve(owned.id), owned.id)
    else:
        own.see(owned)


def test_links_lead_from_the_list_to_a_row(reading: Own) -> None:
    """The first row of a list is retrieved by its id."""
    for link in [link for link in links_of(reading.facts) if link.source == "list"][:1]:
        page = reading.listing.seen(1, reading.facts.sizes[-1 if reading.spares else 0])
        if not page.ids:
            pytest.skip("the account has no handler")
        answer = reading.api.retrieve(page.ids[0])
        reading.require(reading.conformity.success(link.target, answer, SAME))
