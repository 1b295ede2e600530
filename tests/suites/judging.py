"""Runs the suites in this process against a URL, without the guard: they must be harmless by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from contract_tests.document import Facts
from contract_tests.oracle.own import Own
from contract_tests.probes.expectations import SentCall, exchange_of
from contract_tests.run.flags import PROFILES, Profile
from contract_tests.run.run import Reach, Run
from contract_tests.target.api import TargetApi, TargetResponse, Trace
from mock_server.document import load

KEY, OTHER_KEY = "mock-contract", "mock-other"
SUITES = ("page", "lifecycle", "paging", "refusals", "clients", "model")
QUICK = PROFILES["quick"]
ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "contract_tests" / "pytest.ini"


@dataclass
class Verdict:
    """What the suites came to; `failed` and `skipped` map a test's name to the reason."""

    run: Run
    passed: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


class Standing:
    """A pytest plugin with the fixtures that the suites ask for, which notes what becomes of each test."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict

    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "writes: creates, changes or deletes a handler.")
        config.addinivalue_line("markers", "spared(why): left out if each request counts.")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if not self.verdict.run.can_write:
            items[:] = [item for item in items if item.get_closest_marker("writes") is None]

    @pytest.fixture(scope="session")
    def held(self) -> Iterator[Own]:
        own = Own(self.verdict.run)
        yield own
        own.clean()

    @pytest.fixture
    def reading(self, held: Own) -> Own:
        held.run.begin()
        return held

    @pytest.fixture
    def own(self, reading: Own) -> Own:
        assert self.verdict.run.can_write, "a test that writes is not marked so"
        return reading

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.nodeid.removeprefix("contract_tests/suites/test_").replace(".py::test_", "::")
        if report.failed:
            self.verdict.failed[name] = report.longreprtext
        elif report.skipped:
            self.verdict.skipped[name] = str(report.longrepr)
        elif report.when == "call":
            self.verdict.passed.append(name)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.verdict.failed[report.nodeid] = report.longreprtext


class Traced(TargetApi):
    """Tells a trace of each call, as the guard does."""

    trace = Trace()

    def call(self, method: str, path: str, **parts: Any) -> TargetResponse:
        answer = super().call(method, path, **parts)
        told = {name: part for name, part in parts.items() if name != "fresh"}
        self.trace.add(exchange_of(self.facts, self.base_url, SentCall(method, path, told, self.key), answer))
        return answer


def judge(
    url: str,
    answers: Iterable[str] = (),
    *,
    overlays: Iterable[str] = (),
    profile: Profile = QUICK,
    suites: Iterable[str] = SUITES,
    can_write: bool = True,
    seed: int | None = None,
    until_failure: bool = False,
) -> Verdict:
    """Run suites against a service of which these answers are known; `until_failure` stops at the first one."""
    answers = tuple(answers)
    facts = Facts(load(overlays=tuple(overlays), answers=answers).data)
    api = Traced(url, KEY, facts)
    run = Run(
        api, facts, Reach(facts), profile, can_write=can_write, seed=seed, other_key=OTHER_KEY,
        answers=dict(text.split("=", 1) for text in answers),
    )  # fmt: skip
    api.trace, verdict = run.trace, Verdict(run)
    files = [str(ROOT / "contract_tests" / "suites" / f"test_{name}.py") for name in suites]
    options = ["-c", str(CONFIG), f"--rootdir={ROOT}", "--noconftest", *(["-x"] if until_failure else [])]
    for plugin in ("terminal", "xdist", "schemathesis", "cacheprovider"):
        options += ["-p", f"no:{plugin}"]
    pytest.main([*options, *files], plugins=[Standing(verdict)])
    api.close()
    return verdict


def complaint(verdict: Verdict) -> str:
    """Return the failures, for a test's message."""
    return "\n\n".join(f"{name}\n{text}" for name, text in verdict.failed.items())
