"""Few tests wait for a clock to tick: most services under test here have clocks that never stand still."""

from __future__ import annotations

import pytest

from contract_tests.suites import test_lifecycle


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_lifecycle, "_TICK", 0.0)
