"""Generated requests, right ones and wrong ones: what the document says of them holds.

Of an odd text nobody says how it is shown, so that a row is taken as it is shown at first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st

from contract_tests.generated.drawing import drawing, seeded
from contract_tests.generated.inputs import FAR, Inputs, OddForm
from contract_tests.judge.statements import MULTIPART
from contract_tests.judge.verdicts import listed
from contract_tests.oracle.own import Own
from contract_tests.target.api import JSON, URLENCODED, Withheld, Written
from mock_server.document.rows import parameter_rows, react

SPARED = pytest.mark.spared("the probes and the suite lifecycle send what each of them is about")


@pytest.mark.writes
@SPARED
@pytest.mark.parametrize("kind", ["create", "update"])
def test_generated_forms(own: Own, kind: str) -> None:
    """Forms that the document allows are accepted, others are refused, and each answer is a documented one."""
    inputs = Inputs(own.facts, own.samples)

    def send(odd: OddForm) -> None:
        _write(own, kind, odd.type_name, inputs.made(kind, odd), odd.media)

    _judge(own, inputs.odd_forms(kind), inputs.any_form(kind), send)


def _write(own: Own, kind: str, type_name: str, sent: dict[str, str], media: str) -> None:
    """Create a handler, or update one of the type, and take it as it is shown."""
    if kind == "update":
        owned = own.take(type_name)
        if own.expected.is_certain(owned.handler, sent):
            own.update(owned, sent, media, as_shown=True)
        return
    own.leave(own.most - 1)
    if refusal := own.expected.create(sent, media).refusal:
        own.refuse(refusal, sent, media)
    else:
        own.create(sent, media, as_shown=True)


@pytest.mark.writes
@SPARED
def test_bodies_without_a_form_are_no_form(own: Own) -> None:
    """A body in another media type, or without its boundary, has no field."""
    for media in ("text/plain", MULTIPART):
        refusal = own.facts.unread_refusal(media) or own.expected.create({}).refusal
        if refusal is not None and media in {MULTIPART, "text/plain"} - {JSON, URLENCODED}:
            own.refuse(refusal, {}, Written(media, b"name=A&type=B"))


@SPARED
def test_generated_queries(reading: Own) -> None:
    """Parameters that the document allows are obeyed, others are refused or replaced, as it says."""
    inputs = Inputs(reading.facts, reading.samples)
    paths = [operation.path for operation in reading.facts.of_kind("list")]
    if reading.facts.service["trailing-slash"] != "same":
        paths = paths[:1]

    def ask(query: dict[str, str]) -> None:
        _list(reading, paths[len(query) % len(paths)], query)

    _judge(reading, inputs.odd_queries(), inputs.any_query(), ask)


def _list(reading: Own, path: str, query: dict[str, str]) -> None:
    """Ask for a list, and expect the page or the refusal that the rows of its parameters say."""
    facts, statements, rests_on = reading.facts, reading.statements, None
    answer, about = reading.api.call("GET", path, query=query), f"a list with {listed(query)}"
    for role, parameter in facts.parameters.items():
        if (text := query.get(parameter["name"])) is None:
            continue
        schema, rests_on = facts.schemas.resolve(parameter["schema"]), statements.parameter(role)
        rows = parameter_rows(parameter, schema)
        reaction = react(rows, text, schema)
        # If wrong numbers are refused, the document does not say whether one of so many digits is wrong.
        is_far = any(row.refusal for row in rows) and text.lstrip("+-").isdigit() and abs(int(text)) >= FAR[0]
        if reaction.outcome == "otherwise" or is_far:
            return
        if reaction.outcome == "refuse" and reaction.row is not None:
            reading.refused("list", answer, reaction.row.refusal, rests_on, about)
            return
    beyond, refusals = facts.paging.get("beyond", ""), {**facts.shared, **facts.operation("list").refusals}
    if answer.status // 100 == 4 and facts.page_parameter in query and beyond in refusals:
        says = statements.paging("beyond", "A page beyond the last shows what the document says.")
        reading.refused("list", answer, beyond, says, about)
        return
    reading.require(reading.conformity.success("list", answer, rests_on))


def _judge(
    own: Own, cases: Sequence[Any], strategy: st.SearchStrategy[Any], send: Callable[[Any], None]
) -> None:
    """Send cases that need no chance, then some of the strategy's. Skips the test if the guard lets none pass."""
    run = own.run
    examples = run.profile.examples
    by_chance = examples // 4 if own.thrifty else examples
    passed: list[Any] = []

    def send_one(case: Any) -> None:
        run.begin()
        try:
            send(case)
        except Withheld:  # by the guard, or since the plan allows no more
            return
        passed.append(case)

    for case in cases[: examples - by_chance] if own.thrifty else cases[:examples]:
        send_one(case)
    # Making a failing case simpler takes many requests, which only a longer run can afford.
    phases = (Phase.generate,) if own.thrifty else (Phase.generate, Phase.shrink)
    judge = given(strategy)(send_one)
    # Examples are kept by the test's source, which is the same for all that is sent here.
    judge.hypothesis.inner_test._hypothesis_internal_add_digest = repr(strategy).encode()  # type: ignore[attr-defined]
    seeded(run, drawing(run, by_chance, *phases)(judge))()
    if not passed:
        pytest.skip("the guard kept back all cases")
