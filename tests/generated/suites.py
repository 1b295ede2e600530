"""Runs the suites `schema` and `links` in this process, against any target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from contract_tests.document import Facts
from contract_tests.generated.chains import chaining, follow
from contract_tests.generated.sampler import KINDS, judge_operations, sampling
from contract_tests.run.flags import PROFILES
from contract_tests.run.run import Reach, Run
from contract_tests.target.api import TargetApi
from mock_server.document import home, load, read_questions

QUESTIONS = read_questions(home() / "unspecified.yaml")

KEY = "mock-contract"
SUITES = (*KINDS, "links")


def a_run(url: str, answers: Sequence[str] = (), *, profile: str = "quick", seed: int | None = None) -> Run:
    """Return a run without a guard. Its API is to be closed."""
    facts = Facts(load(answers=answers).data)
    return Run(TargetApi(url, KEY, facts), facts, Reach(facts), PROFILES[profile], can_write=True, seed=seed)


def faults(run: Run, suites: Sequence[str] = SUITES, *, first: bool = False) -> list[str]:
    """Run suites, "links" and those of operations, and return what each has found; `first` stops at one."""
    found: list[str] = []

    def note(test: Callable[[], None]) -> None:
        if first and found:
            return
        try:
            test()
        except AssertionError as fault:
            found.append(str(fault))

    def all_kinds() -> None:
        with sampling(run) as sampler:
            for kind in (kind for kind in KINDS if kind in suites):
                note(lambda kind=kind: judge_operations(kind, sampler))  # type: ignore[misc]

    def links() -> None:
        with chaining(run) as chains:
            follow(chains)

    try:
        note(all_kinds)
        if "links" in suites:
            note(links)
    finally:
        run.api.close()
    return found


def combination(number: int) -> dict[str, str]:
    """Return an answer to every question, drawn by a number; 0 draws the assumed ones."""
    chance = Random(number)
    return {
        name: chance.choice(list(question.answers)) if number else question.assumed
        for name, question in QUESTIONS.items()
    }
