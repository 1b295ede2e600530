"""What a step raises if a request fails, and what it notes if a request violates the document unnoticed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Problem(NamedTuple):
    """One problem of a request, and the name of its refusal.

    `item` is what the refusal lists of the problem, or None. `told` fills placeholders: `field` and `value`, `owner`
    and `type` for a field of another type, and the words of a row. Problems are told by `rank`, then by `order`.
    """

    refusal: str
    item: Any
    told: Mapping[str, str]
    rank: int = 0
    order: int = 0


class Refusal(Exception):
    """The API refuses a request. `name` is a named example of a response, which gives status and body.

    `told` fills the placeholders of its texts: `detail`, and those of the first of the `problems`. The refusal lists
    the items of all `problems`.
    """

    def __init__(self, name: str, detail: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(name)
        self.name = name
        self.problems = problems
        self.told: Mapping[str, str] = {"detail": detail, **(problems[0].told if problems else {})}


def refuse(problems: Sequence[Problem], *, tells_all: bool) -> None:
    """Raise the Refusal of the first problem, if any. It tells this problem, or all problems with the same refusal."""
    if problems:
        ordered = sorted(problems, key=lambda problem: (problem.rank, problem.order))
        name = ordered[0].refusal
        told = [problem for problem in ordered if problem.refusal == name] if tells_all else ordered[:1]
        raise Refusal(name, problems=told)


class Defect(Exception):
    """The mock broke its own document: always a 500, always in the journal."""


class Violation(NamedTuple):
    """What the service silently accepts, and a client should not send: one sentence with the remedy."""

    code: str
    sentence: str
