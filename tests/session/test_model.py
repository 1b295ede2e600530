"""The generated calls of a service that does not do the same twice."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis.errors import FlakyFailure, FlakyStrategyDefinition

from contract_tests.judge.verdicts import Deviation
from contract_tests.suites import test_model
from contract_tests.target.api import Withheld

OWN: Any = SimpleNamespace(
    run=SimpleNamespace(profile=SimpleNamespace(machines=1, steps=1)),
    thrifty=False,
    most=2,
    leave=lambda _: None,
)


@pytest.mark.parametrize(
    ("found", "raised", "shown"),
    [
        (None, FlakyStrategyDefinition("not the same"), Withheld),
        (Deviation([]), FlakyStrategyDefinition("not the same"), Deviation),
        (None, FlakyFailure("not the same", [AssertionError("ours")]), FlakyFailure),
    ],
)
def test_what_cannot_be_repeated_is_no_defect_of_the_kit(
    found: Deviation | None, raised: Exception, shown: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(machine: Any, settings: object) -> None:
        machine.found = found
        raise raised

    monkeypatch.setattr(test_model, "run_state_machine_as_test", run)
    monkeypatch.setattr(test_model, "seeded", lambda _, machine: machine)
    monkeypatch.setattr(test_model, "drawing", lambda *_, **__: None)
    with pytest.raises(shown):
        test_model.test_service_and_dictionary_agree(OWN)
