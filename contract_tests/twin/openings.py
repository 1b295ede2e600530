"""Sequences that every run sends besides those that it generates: short ones that chance comes upon too late."""

from __future__ import annotations

from contract_tests.document.facts import Facts
from contract_tests.twin.sequences import Sequence
from contract_tests.twin.step import Pairs, TwinStep


def openings(facts: Facts, *, has_other: bool) -> tuple[Sequence, ...]:
    """Return the sequences that come first.

    The very first tell whether a write changes another row as well. In them that is a row of their own, and the run
    goes no further; in any other sequence it would be one of somebody's.
    """
    create, retrieve = TwinStep("create", form=_form(facts)), TwinStep("retrieve", row=0)
    form, look = ((facts.form["name"], "b"),), TwinStep("retrieve", row=1)
    alone = tuple(
        (create, create, write, look)
        for write in (TwinStep("delete", row=0), TwinStep("update", row=0, form=form))
    )
    if not has_other:
        return alone
    return (
        *alone,
        (create, TwinStep("retrieve", row=0, bearer="other")),
        (create, TwinStep("update", row=0, form=form, bearer="other"), retrieve),
        (create, TwinStep("delete", row=0, bearer="other"), retrieve),
    )


def endings(facts: Facts) -> tuple[Sequence, ...]:
    """Return the sequences that come last, since they take a second: what an update does to times."""
    update = TwinStep("update", row=0, form=((facts.form["name"], "b"),), later=True)
    return (
        (
            TwinStep("create", form=_form(facts)),
            TwinStep("retrieve", row=0),
            update,
            TwinStep("retrieve", row=0),
        ),
    )


def _form(facts: Facts) -> Pairs:
    return tuple(next(iter(facts.examples.values())).items())
