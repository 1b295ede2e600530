"""One create of the run, from the intent to the confirmed deletion."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class State(Enum):
    """How far a create has come."""

    OPEN = "open"  # sent, and no answer so far
    ANSWERED = "answered"  # answered without an id: no row, if the service is honest
    CLAIMED = "claimed"  # the answer named an id, and no look at that row has shown the marker yet
    LIVE = "live"  # the row was seen to bear the marker
    GONE = "gone"  # a delete was accepted, and nothing has confirmed it yet
    DELETED = "deleted"  # confirmed
    LEFT = "left"  # the id's row is not, or no longer, the run's: it stays


@dataclass(slots=True)
class Entry:
    """A create. `time` is that of the intent, in seconds since 1970.

    `names` are the stored names, other than one with the marker, that the run itself gave the row: a blank one, or
    one out of a body that could not be read as a form.
    """

    number: int
    marker: str
    time: float
    id: int | None = None
    state: State = State.OPEN
    names: set[str] = field(default_factory=set)

    @property
    def exists(self) -> bool:
        """Whether a row of this entry may be there."""
        return self.state in {State.OPEN, State.CLAIMED, State.LIVE}
