"""The one place that turns a broken expectation into a verdict."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple

from contract_tests.guard.exchange import Exchange
from contract_tests.judge.statements import Statement, Statements

HoldTo = Literal["page", "document"]

_NUMBERS = re.compile(r"\d+|\bNone\b")


class Ruling(StrEnum):
    """What a broken expectation comes to. The first two are findings."""

    DOCUMENTATION = "contradicts the documentation"
    ITSELF = "contradicts itself"
    OPEN = "left open"
    SUSPENDED = "suspended"

    @property
    def is_finding(self) -> bool:
        """Whether the run fails for it."""
        return self in (Ruling.DOCUMENTATION, Ruling.ITSELF)


class Complaint(NamedTuple):
    """An expectation that was not met: `about` is `shown` and should be `wanted`.

    Without `wanted`, `about` is a whole sentence, without a full stop.
    """

    statement: Statement
    about: str
    shown: str = ""
    wanted: str = ""

    @property
    def sentence(self) -> str:
        """The complaint as a finding says it."""
        return f"{self.about} is {self.shown} and should be {self.wanted}" if self.wanted else self.about

    @property
    def observation(self) -> str:
        """The complaint as a report says it if the documentation leaves the matter open."""
        return f"{self.about} is {self.shown} (assumed: {self.wanted})" if self.wanted else self.about

    @property
    def key(self) -> tuple[str, str]:
        """What is the same for complaints that say the same but for numbers."""
        return self.statement.key, _NUMBERS.sub("#", self.about)


@dataclass(frozen=True, slots=True)
class Observation:
    """Something that a service does in a way of its own, where the documentation leaves it open.

    `question` is the open question that it belongs to, empty if no question asks for it.
    """

    question: str
    sentence: str
    place: str
    exchanges: tuple[Exchange, ...]


class Deviation(AssertionError):
    """Expectations that were not met and that fail the run; `exchanges` are those of the test so far."""

    def __init__(
        self, complaints: Sequence[Complaint], exchanges: Sequence[Exchange] = (), calls: Sequence[str] = ()
    ) -> None:
        self.complaints = tuple(complaints)
        self.exchanges = tuple(exchanges)
        lines = [complaint.sentence for complaint in complaints]
        super().__init__(
            "\n".join([*lines, *(["after:"] if calls else []), *(f"  {call}" for call in calls)])
        )


@dataclass
class Judge:
    """Judges a run. `hold_to` says which statements bind: those of the documentation page, or the whole document's.

    `otherwise` are the questions of which the report already says that the service answers them in a way of its own:
    what rests on them is suspended. `observations` are the others, by what they are about. `refusals` are what was
    refused and how, by the name of the refusal.
    """

    statements: Statements
    hold_to: HoldTo = "document"
    trace: Callable[[], Sequence[Exchange]] = tuple
    otherwise: set[str] = field(default_factory=set)
    observations: dict[tuple[str, str], Observation] = field(default_factory=dict)
    refusals: dict[str, tuple[str, Exchange]] = field(default_factory=dict)

    def ruling(self, statement: Statement) -> Ruling:
        """Return what breaking a statement comes to."""
        if statement.is_suspended or statement.questions & self.otherwise:
            return Ruling.SUSPENDED
        if statement.is_duty:
            return Ruling.ITSELF
        return Ruling.DOCUMENTATION if self.binds(statement) else Ruling.OPEN

    def binds(self, statement: Statement) -> bool:
        """Tell whether the run holds the service to a statement of the document."""
        return self.hold_to == "document" or statement.is_accepted or not statement.is_open

    def binding(self, complaints: Iterable[Complaint]) -> list[Complaint]:
        """Return the complaints that fail the run; keep what the others say of the service."""
        found = []
        for complaint in complaints:
            ruling = self.ruling(complaint.statement)
            if ruling.is_finding:
                found.append(complaint)
            elif ruling is Ruling.OPEN and not complaint.statement.is_told:
                self._observe(complaint)
        return found

    def require(self, complaints: Iterable[Complaint], calls: Sequence[str] = ()) -> None:
        """Raise Deviation if a complaint fails the run."""
        if found := self.binding(complaints):
            raise Deviation(found, self.trace(), calls)

    def note_refusal(self, name: str, about: str, exchange: Exchange | None = None) -> None:
        """Remember how a refusal looks, by its name and by what was refused; the last exchange shows it unless told."""
        seen = exchange or next(iter(self.trace()[-1:]), None)
        if seen is not None:
            self.refusals.setdefault(name, (about, seen))

    def _observe(self, complaint: Complaint) -> None:
        if complaint.key in self.observations:
            return
        question = (
            next(iter(complaint.statement.questions)) if len(complaint.statement.questions) == 1 else ""
        )
        self.observations[complaint.key] = Observation(
            question, complaint.observation, complaint.statement.pointer, tuple(self.trace())
        )
