"""What a run costs is said before it begins, and a budget makes it smaller rather than cut it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from contract_tests.command.commands import check
from contract_tests.run.settings import KEY_NAME, RunSettings, announced, planned, price_of, read_settings
from tests.guard.scripted import Scripted
from tests.hostile.service import KEY, Behaving

THERE = "https://service.invalid/api"


def settings(**given: Any) -> RunSettings:
    return read_settings({"base_url": THERE, **given}, None, {KEY_NAME: "k"})


@pytest.mark.parametrize("profile", ["quick", "standard", "deep"])
@pytest.mark.parametrize("writes", [True, False])
def test_the_price_is_said_with_the_time_at_the_rate(profile: str, writes: bool) -> None:
    given = settings(profile=profile, allow_writes=writes, rate=50)
    assert planned(given) is given
    said = announced(given, given)
    requests, minutes = (
        int(text.replace(",", "")) for text in re.findall(r"[\d,]+(?= requests| minute)", said)
    )
    assert requests == price_of(given)
    assert minutes == max(1, round(requests / 50))


def test_a_budget_plans_the_run() -> None:
    whole = settings(profile="standard", allow_writes=True)
    budgets = [price_of(whole), 2000, 1100, 1000, 800, 300]
    plans = [planned(settings(profile="standard", allow_writes=True, max_requests=most)) for most in budgets]
    examples = [plan.profile.examples for plan in plans]
    assert examples[:4] == sorted(examples[:4], reverse=True)
    assert examples[0] == whole.profile.examples
    assert [plan.profile.spares for plan in plans] == [False] * 4 + [True] * 2
    assert "16 examples in place of 40" in announced(
        settings(profile="standard", allow_writes=True, max_requests=2000), plans[1]
    )


@pytest.mark.parametrize("writes", [True, False])
def test_a_selection_of_suites_is_planned_by_its_own_price(writes: bool) -> None:
    def chosen(*suites: str, most: int | None = None) -> RunSettings:
        return settings(profile="standard", allow_writes=writes, max_requests=most, suite=suites)

    page, schema = (price_of(chosen(suite)) for suite in ("page", "schema"))
    assert page < price_of(chosen("page", "schema")) < min(page + schema, price_of(chosen()))
    given = chosen("page", most=page)
    assert planned(given) is given
    assert planned(chosen("page", most=page - 1)).profile.spares
    plan = planned(chosen("schema", most=schema * 9 // 10))
    assert 0 < plan.profile.examples < chosen("schema").profile.examples
    said = announced(given, given)
    assert said.startswith(f"For the profile standard and the suites page: some {page} requests")


def test_it_is_said_before_the_first_request(tmp_path: Path) -> None:
    with Scripted(Behaving()) as target:
        line = ["--base-url", target.url, "--treat-as-live", "--rate", "6000", "--ledger-dir", str(tmp_path)]
        result = CliRunner().invoke(check, line, env={KEY_NAME: KEY})
        assert 5 < len(target.asked) <= 25
    assert result.stderr.startswith("For the profile quick: some 20 requests, 1 minute at 6000 a minute.\n")


@pytest.mark.heavy
@pytest.mark.parametrize(("most", "suites"), [(2000, ()), (1200, ()), (700, ("schema", "links"))])
def test_a_planned_run_ends_within_its_budget(most: int, suites: tuple[str, ...], tmp_path: Path) -> None:
    chosen = [word for suite in suites for word in ("--suite", suite)]
    with Scripted(Behaving()) as target:
        line = ["--base-url", target.url, "--profile", "standard", "--max-requests", str(most), *chosen]
        result = CliRunner().invoke(check, [*line, "--ledger-dir", str(tmp_path)], env={KEY_NAME: KEY})
        assert most / 4 < len(target.asked) < most * 1.1
    assert "requests that the run may make" not in result.output
