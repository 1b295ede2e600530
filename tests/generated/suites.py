"""Runs the suites `schema` and `links` in this process, against any target."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from contract_tests.run.flags import PROFILES
from mock_server.document import home, read_questions
from tests.suites.judging import KEY, Verdict, judge

__all__ = ["KEY", "combination", "faults", "judged"]

QUESTIONS = read_questions(home() / "unspecified.yaml")


def judged(
    url: str, answers: Sequence[str] = (), *, profile: str = "quick", seed: int = 1, first: bool = False
) -> Verdict:
    """Run both suites without a guard; `first` stops at one fault."""
    suites = ("schema", "links")
    return judge(url, answers, suites=suites, profile=PROFILES[profile], seed=seed, until_failure=first)


def faults(
    url: str, answers: Sequence[str] = (), *, profile: str = "quick", seed: int = 1, first: bool = False
) -> list[str]:
    """Return what each test of both suites has found."""
    failed = judged(url, answers, profile=profile, seed=seed, first=first).failed.values()
    return [text.partition("Deviation: ")[2] or text for text in failed]


def combination(number: int) -> dict[str, str]:
    """Return an answer to every question, drawn by a number; 0 draws the assumed ones."""
    chance = Random(number)
    return {
        name: chance.choice(list(question.answers)) if number else question.assumed
        for name, question in QUESTIONS.items()
    }
