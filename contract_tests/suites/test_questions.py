"""Each open question, asked of the target: an answer of the closed list, or the reason why none was found."""

from __future__ import annotations

import pytest

from contract_tests.judge.verdicts import Deviation
from contract_tests.probes import PROBES
from contract_tests.probes.effective import Effective
from contract_tests.run.run import Run


@pytest.mark.parametrize(
    "question", [pytest.param(name, marks=pytest.mark.question(name)) for name in PROBES]
)
def test_the_answer_is_a_known_one(run: Run, effective: Effective, question: str) -> None:
    """The target answers each open question as the page does, or in one of the ways that are known."""
    verdict = effective.verdicts[question]
    statement = run.judge.statements.of_question(question)
    complaint = verdict.complaint(statement)
    if complaint is not None and run.judge.binds(statement) and not effective.is_learned_otherwise(question):
        # The probes asked before the test began; the finding is shown with what they sent.
        raise Deviation([complaint], verdict.evidence)


def test_questions_were_answered(effective: Effective) -> None:
    """A run in which every question stays unknown has asked nothing."""
    assert effective.answers, "Not one open question got an answer."
