"""An error of this program is told as what it is, with a way to report it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from contract_tests.command.check import run_check
from contract_tests.command.commands import learn
from contract_tests.probes import PROBES, effective
from contract_tests.probes.prober import Probe, Prober
from contract_tests.probes.reading import Finding
from contract_tests.run.flags import FLAGS
from contract_tests.run.settings import read_settings
from tests.second_opinion import SecondOpinion

KEY = "mock-key-of-a-user"


def test_a_crash_in_a_probe_ends_with_70_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def crash(_: Prober) -> Finding:
        raise ZeroDivisionError("it was ours")

    question = list(PROBES)[-1]
    monkeypatch.setattr(effective, "PROBES", {**PROBES, question: Probe("reads", crash)})
    with SecondOpinion(keys={KEY: 3}) as service:
        before = service.snapshot(KEY)
        told = {"base_url": service.url, "ledger_dir": str(tmp_path)}
        values = dict.fromkeys(flag.key for flag in FLAGS) | told
        code = run_check(read_settings(values, environment={"BITPEAK_API_KEY": KEY}))
        assert service.snapshot(KEY) == before
    said = capsys.readouterr().out
    assert code == 70
    assert "ZeroDivisionError: it was ours" in said
    assert "Please report" in said


def test_a_crash_of_learn_ends_with_70_and_shows_no_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise ZeroDivisionError(f"it was ours, with {KEY}\x1b[2J")

    monkeypatch.setattr("contract_tests.command.guarded.learn_behind", crash)
    with SecondOpinion(keys={KEY: 3}) as service:
        line = [
            "--base-url",
            service.url,
            "--out",
            str(tmp_path / "out"),
            "--ledger-dir",
            str(tmp_path / "l"),
        ]
        result = CliRunner().invoke(learn, line, env={"BITPEAK_API_KEY": KEY})
    assert result.exit_code == 70
    assert "ZeroDivisionError: it was ours, with [key]\\x1b[2J" in result.stderr
    assert result.stderr.endswith("Please report it with the lines above.\n")
    assert KEY not in result.output
