"""A mutant: one thing that is wrong with a service, or, for a tolerance, merely unusual."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from contract_tests.mutants.exchange import Forward, Got, Sabotage, Sent


class Kind(StrEnum):
    """What is to become of a mutant: all die but tolerances; a document's survivors want a reason."""

    BUG = "bug"
    CRASH = "crash"
    TOLERANCE = "tolerance"
    DOCUMENT = "document"


def faithful() -> Sabotage:
    """Begin a sabotage that changes nothing."""

    def pass_on(sent: Sent, forward: Forward) -> Got:
        return forward(sent)

    return pass_on


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mutant. `begin` makes the sabotage, with a state of its own, for one run.

    `answers` are answers to open questions that the service behind it takes; `rewrite` changes, in place, the
    document that the kit judges by.
    """

    id: str
    kind: Kind
    sentence: str
    begin: Callable[[], Sabotage] = faithful
    answers: tuple[str, ...] = ()
    rewrite: Callable[[dict[str, Any]], None] | None = None
