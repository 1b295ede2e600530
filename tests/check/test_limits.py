"""A service that allows 60 requests a minute: a quick run causes no 429, or waits as it is told. Time is simulated."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from contract_tests.command.check import run_check
from contract_tests.guard.upstream import GuardSettings
from contract_tests.run.flags import FLAGS
from contract_tests.run.settings import read_settings
from contract_tests.session import opening
from tests.check.clock import Clock
from tests.check.process import KEY, findings, report
from tests.second_opinion import SecondOpinion

ALLOWED = 60


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(look=0.1)  # as long as an answer takes
    timed = partial(GuardSettings, clock=clock.time, sleep=clock.sleep)
    monkeypatch.setattr(opening, "GuardSettings", timed)
    monkeypatch.setenv("BITPEAK_API_KEY", KEY)
    return clock


def run(service: SecondOpinion, folder: Path, **given: object) -> int:
    told = {
        "base_url": service.url,
        "ledger_dir": str(folder / "ledger"),
        "json": str(folder / "report.json"),
    }
    return run_check(read_settings(dict.fromkeys(flag.key for flag in FLAGS) | told | given))


@pytest.mark.parametrize("answers", [{}, {"rate-limit": "none"}, {"checks-order": "rate-after-existence"}])
def test_a_quick_run_stays_below_the_limit(clock: Clock, tmp_path: Path, answers: dict[str, str]) -> None:
    """By its own rate: it holds if the service says nothing of its limit, too."""
    with SecondOpinion(answers, {KEY: 30}, rate=ALLOWED, clock=clock.time) as service:
        before = service.snapshot(KEY)
        code = run(service, tmp_path, treat_as_live=True, allow_writes=True)
        assert service.snapshot(KEY) == before
        statuses = [entry.status for entry in service.log]
    data = report(tmp_path / "report.json")
    assert code == 0, findings(data)
    assert 429 not in statuses
    assert len(statuses) > 2 * ALLOWED
    assert clock.waits
    assert data["run"]["waited"] > 60


def test_a_run_that_is_not_slowed_waits_where_the_service_says_that_nothing_is_left(
    clock: Clock, tmp_path: Path
) -> None:
    with SecondOpinion({}, {KEY: 30}, rate=ALLOWED, clock=clock.time) as service:
        code = run(service, tmp_path, suite=["page", "lifecycle", "paging", "refusals"])
        statuses = [entry.status for entry in service.log]
    assert code == 0, findings(report(tmp_path / "report.json"))
    assert 429 not in statuses
    assert len(statuses) > 2 * ALLOWED
    assert clock.waits
