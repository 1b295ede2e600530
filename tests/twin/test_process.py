"""The mock that a twin starts beside the service."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract_tests.twin.sides import Variation, check_mock, running_mock
from mock_server.document import load


def test_modules_of_the_folder_do_not_replace_those_of_the_mock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("queue", "click", "flask"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong one')")
    monkeypatch.chdir(tmp_path)
    with running_mock(Variation()) as url:
        check_mock(url, str(load().digest))
