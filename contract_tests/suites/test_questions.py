"""Each open question, asked of the target: an answer of the closed list, or the reason why none was found."""

from __future__ import annotations

import pytest

from contract_tests.probes import PROBES, DocumentArguments, Terms
from contract_tests.probes.effective import Effective, effective_of
from contract_tests.run.run import Run


@pytest.fixture(scope="session")
def effective(run: Run) -> Effective:
    """Take what was found when the run was opened; where nobody has asked yet, ask now."""
    found = effective_of(run.api, DocumentArguments(), Terms(can_write=run.can_write))
    run.answers.update(found.answers)
    run.unknown.update(found.unknown)
    return found


@pytest.mark.parametrize(
    "question", [pytest.param(name, marks=pytest.mark.question(name)) for name in PROBES]
)
def test_the_answer_is_a_known_one(run: Run, effective: Effective, question: str) -> None:
    """The target answers each open question as the page does, or in one of the ways that are known."""
    verdict = effective.verdicts[question]
    # The probes asked before the test began; its finding is to be shown with what they sent.
    for exchange in verdict.evidence:
        run.trace.add(exchange)
    verdict.check()


def test_questions_were_answered(effective: Effective) -> None:
    """A run in which every question stays unknown has asked nothing."""
    assert effective.answers, "Not one open question got an answer."
