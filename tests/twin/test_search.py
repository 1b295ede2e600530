"""A sequence is shortened step by step, and each step keeps the row that it is about."""

from __future__ import annotations

from hypothesis import strategies as st

from contract_tests.twin.compare import Difference
from contract_tests.twin.lockstep import SequenceOutcome
from contract_tests.twin.search import Search, without
from contract_tests.twin.steps import Sequence, TwinStep

A, B = TwinStep("create", form=(("name", "a"),)), TwinStep("create", form=(("name", "b"),))


def test_rows_are_renumbered() -> None:
    steps = (A, B, TwinStep("update", row=1), TwinStep("retrieve", row=0), TwinStep("list"))
    assert without(steps, 0) == (B, TwinStep("update", row=0), TwinStep("list"))
    assert without(steps, 1) == (A, TwinStep("retrieve", row=0), TwinStep("list"))
    assert without(steps, 2) == (A, B, TwinStep("retrieve", row=0), TwinStep("list"))


def test_what_the_difference_does_not_need_is_left_out() -> None:
    def run(steps: Sequence) -> SequenceOutcome:
        """Differ where the row that is looked at is called b."""
        rows = [step for step in steps if step.kind == "create"]
        looks = [at for at, step in enumerate(steps) if isinstance(step.row, int) and rows[step.row] == B]
        found = (Difference("/data/name", "b", "B"),) if looks else ()
        return SequenceOutcome(steps[: looks[0] + 1] if looks else steps, (), (), (), found)

    drawn = st.just((A, A, B, TwinStep("list"), TwinStep("retrieve", row=2)))
    outcome = Search(run, drawn, most=5, seed=1).first()
    assert outcome is not None
    assert outcome.steps == (B, TwinStep("retrieve", row=0))


def test_what_is_fixed_comes_around_what_is_generated() -> None:
    ran: list[Sequence] = []

    def run(steps: Sequence) -> SequenceOutcome:
        """Differ nowhere, and tell what was run."""
        ran.append(steps)
        return SequenceOutcome(steps, (), (), (), ())

    names = st.integers(0, 99).map(lambda number: (TwinStep("create", form=(("name", str(number)),)),))
    search = Search(run, names, most=5, seed=1, first=[(A,)], last=[(B,)])
    assert search.first() is None
    assert (ran[0], ran[-1], len(ran)) == ((A,), (B,), 7)


def test_a_pause_that_is_not_needed_is_left_out() -> None:
    def run(steps: Sequence) -> SequenceOutcome:
        return SequenceOutcome(steps, (), (), (), (Difference("status", 200, 500),))

    late = (TwinStep("list", later=True),)
    outcome = Search(run, st.just(late), most=5, seed=1, first=[late]).first()
    assert outcome is not None
    assert outcome.steps == (TwinStep("list"),)
