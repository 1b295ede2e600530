"""Whatever is called in whatever order, the service and a dictionary agree."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from contract_tests.generated.engine import first, kept
from contract_tests.oracle.machine import RULES, Machine
from contract_tests.oracle.own import Own

__all__ = ["RULES"]

pytestmark = [
    pytest.mark.writes,
    pytest.mark.spared("it takes more than a hundred requests; the suite lifecycle has the same oracle"),
]


def _machine(own: Own) -> type[Machine]:
    """Return the machine of one session."""
    return type("Life", (Machine,), {"own": own})


def test_each_rule_alone(own: Own) -> None:
    """A walk through all rules: with few machines, chance might leave one out."""
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
        return  # the walk has to do
    profile, phases = own.run.profile, [*first(own.run.examples), Phase.generate, Phase.shrink]
    if own.thrifty:
        phases.remove(Phase.shrink)  # a dozen steps are short enough to read, and shrinking costs requests
    own.leave(own.most // 2)
    machine = _machine(own)
    if own.run.seed is not None:
        machine = seed(own.run.seed)(machine)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=profile.machines,
            stateful_step_count=profile.steps,
            deadline=None,
            derandomize=own.run.seed is None,
            phases=phases,
            **kept(own.run.examples),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        ),
    )
