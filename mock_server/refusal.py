"""What a step raises when a request does not succeed, and what it notes when one succeeds too easily."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Problem(NamedTuple):
    """One thing that is wrong with a request, and the refusal that says so.

    `item` is what the refusal lists of it, None for nothing. `told` fills placeholders: `field` and `value`, `owner`
    and `type` for a field of another type, and what a row tells. Problems are told by `rank`, then by `order`.
    """

    refusal: str
    item: Any
    told: Mapping[str, str]
    rank: int = 0
    order: int = 0


class Refusal(Exception):
    """The API says no. `name` is a named example of the operation's responses, which gives status and body.

    `told` fills the placeholders of its texts: `detail` says what a strict mock objects to, the others are those of the
    first of the `problems`, of which the refusal lists the items.
    """

    def __init__(self, name: str, detail: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(name)
        self.name = name
        self.problems = problems
        self.told: Mapping[str, str] = {"detail": detail, **(problems[0].told if problems else {})}


def refuse(problems: Sequence[Problem], *, tells_all: bool) -> None:
    """Raise the Refusal of the first problem, if there is one; it tells of that alone, or of all that it answers."""
    if problems:
        ordered = sorted(problems, key=lambda problem: (problem.rank, problem.order))
        name = ordered[0].refusal
        told = [problem for problem in ordered if problem.refusal == name] if tells_all else ordered[:1]
        raise Refusal(name, problems=told)


class Defect(Exception):
    """The mock broke its own document: always a 500, always in the journal."""


class Violation(NamedTuple):
    """What the service swallows in silence and a client should not have sent: one sentence, with the remedy."""

    code: str
    sentence: str
