"""A sequence is shortened step by step, and each step keeps the row that it is about."""

from __future__ import annotations

from hypothesis import strategies as st

from contract_tests.twin.compare import Difference
from contract_tests.twin.lockstep import Outcome
from contract_tests.twin.search import Search, without
from contract_tests.twin.sequences import Sequence
from contract_tests.twin.step import Step

A, B = Step("create", form=(("name", "a"),)), Step("create", form=(("name", "b"),))


def test_rows_are_renumbered() -> None:
    steps = (A, B, Step("update", row=1), Step("retrieve", row=0), Step("list"))
    assert without(steps, 0) == (B, Step("update", row=0), Step("list"))
    assert without(steps, 1) == (A, Step("retrieve", row=0), Step("list"))
    assert without(steps, 2) == (A, B, Step("retrieve", row=0), Step("list"))


def test_what_the_difference_does_not_need_is_left_out() -> None:
    def run(steps: Sequence) -> Outcome:
        """Differ where the row that is looked at is called b."""
        rows = [step for step in steps if step.kind == "create"]
        looks = [at for at, step in enumerate(steps) if isinstance(step.row, int) and rows[step.row] == B]
        found = (Difference("/data/name", "b", "B"),) if looks else ()
        return Outcome(steps[: looks[0] + 1] if looks else steps, (), (), (), found)

    drawn = st.just((A, A, B, Step("list"), Step("retrieve", row=2)))
    outcome = Search(run, drawn, most=5, seed=1).first()
    assert outcome is not None
    assert outcome.steps == (B, Step("retrieve", row=0))
