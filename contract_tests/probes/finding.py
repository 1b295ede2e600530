"""What a probe finds: an answer of the closed list, nothing for sure, or something that is not on the list."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answered:
    """The target answers the question; `answer` is the id in the closed list.

    `said` tells what was seen better than the answer's own sentence, empty if that says it all.
    """

    answer: str
    said: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Unknown:
    """The target did not settle the question; `reason` says why, without a full stop."""

    reason: str


@dataclass(frozen=True, slots=True)
class Outside:
    """The target does what none of the listed answers says; `sentence` says what was seen."""

    sentence: str


Finding = Answered | Unknown | Outside


class Undecided(Exception):
    """What a probe needs cannot be seen. The text is the reason, without a full stop."""


class Unlisted(Exception):
    """A probe met what no listed answer allows. The text is a sentence."""
