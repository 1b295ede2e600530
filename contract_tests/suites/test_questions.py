"""The answer of the target to each open question, or why it is unknown."""

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
    """The target answers each open question as the document assumes, or in another listed way."""
    verdict = effective.verdicts[question]
    statement = run.judge.statements.of_question(question)
    complaint = verdict.complaint(statement)
    if complaint is not None and run.judge.binds(statement) and not effective.is_learned_otherwise(question):
        # The probes have asked before this test; the finding shows their requests.
        raise Deviation([complaint], verdict.evidence)


def test_questions_were_answered(effective: Effective) -> None:
    """At least one question is answered: otherwise the run has asked nothing."""
    assert effective.answers, "Not one open question got an answer."
