"""Random calls in random order: the service must behave like a dictionary of handlers."""

from __future__ import annotations

import pytest
from hypothesis import Phase, Verbosity
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from contract_tests.generated.drawing import drawing, seeded
from contract_tests.oracle.machine import RULES, Machine
from contract_tests.oracle.own import Own
from contract_tests.target.api import Withheld

__all__ = ["RULES"]

pytestmark = [
    pytest.mark.writes,
    pytest.mark.spared("it takes more than a hundred requests; the suite lifecycle has the same oracle"),
]


def _machine(own: Own) -> type[Machine]:
    """Return the machine of one session."""
    return type("Life", (Machine,), {"own": own})


def test_each_rule_alone(own: Own) -> None:
    """Run each rule once: a few random machines might leave one out."""
    own.leave(own.most // 2)
    machine = _machine(own)()
    machine.begin()
    try:
        machine.fire("create", number=0, name="First", mask=1)
        machine.fire("update_partially", which=0, name="Second", mask=1)
        machine.fire("create", number=3, name="Other", mask=255)
        machine.fire("enable_or_disable", which=0, enabled=False)
        machine.fire("change_type", which=1, number=1, mask=1)
        machine.fire("page_through")
        machine.fire("retrieve", which=0)
        machine.fire("create_wrongly", number=0)
        machine.fire("delete", which=0)
        machine.fire("ask_for_a_dead_id", which=0, verb=1)
        machine.fire("ask_for_nobody", number=0)
        machine.fire("list_at_a_size", number=0)
    finally:
        machine.teardown()


def test_service_and_dictionary_agree(own: Own) -> None:
    if own.run.profile.machines == 0:
        return  # the walk must suffice
    # Without shrinking if requests are saved: a dozen steps are short enough to read.
    phases = (Phase.generate,) if own.thrifty else (Phase.generate, Phase.shrink)
    profile = own.run.profile
    own.leave(own.most // 2)
    machine = seeded(own.run, _machine(own))
    drawn = drawing(own.run, profile.machines, *phases, steps=profile.steps, verbosity=Verbosity.normal)
    try:
        run_state_machine_as_test(machine, settings=drawn)
    except Flaky as flaky:
        if isinstance(flaky, BaseExceptionGroup):  # of what failed
            raise
        # The target decides what is possible, so earlier calls cannot be repeated.
        if machine.found is None:
            raise Withheld("the service did not do the same when the same calls were repeated") from None
        raise machine.found from None
