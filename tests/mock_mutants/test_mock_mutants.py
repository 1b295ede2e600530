"""`make contract` is not vacuous: it finds each small fault of the mock's own code."""

from __future__ import annotations

from pathlib import Path

import pytest

import mock_server
from tests.mock_mutants.changes import CHANGES, Change
from tests.mock_mutants.trial import judge

HOME = Path(mock_server.__file__).parent


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_the_change_fits_the_code(change: Change) -> None:
    file = HOME / f"{change.module.replace('.', '/')}.py"
    compile(change.apply(file.read_text(encoding="utf-8")), file, "exec", dont_inherit=True)


def test_there_are_enough() -> None:
    assert len(CHANGES) >= 60
    assert len({change[1:] for change in CHANGES}) == len(CHANGES)


@pytest.mark.heavy
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_the_contract_tests_find_it(change: Change) -> None:
    fate = judge(change)
    assert fate.code == 1, fate
    assert fate.findings


@pytest.mark.heavy
def test_the_mock_without_a_change_has_no_finding() -> None:
    assert judge(None).code == 0
