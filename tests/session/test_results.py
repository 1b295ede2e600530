"""Each failure of a test is a finding of its own, however soon its error is gone."""

from __future__ import annotations

from typing import cast

from contract_tests.session.opening import Opening
from contract_tests.session.results import Results


def test_an_error_is_new_though_a_former_one_had_its_address() -> None:
    results, addresses = Results(cast("Opening", None)), set()
    for number in range(50):
        error = AssertionError(number)
        addresses.add(id(error))
        assert results._is_new(f"test_{number}", error)
        assert not results._is_new(f"test_{number}", error), "a test fails again in its end"
        del error
    assert len(addresses) < 50, "no address came twice: this has shown nothing"
