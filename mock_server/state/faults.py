"""What is armed to go wrong in a world."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from mock_server.settings import Latency
from mock_server.state.mutation import Mutation

# Faults that a world holds, spent ones included; the oldest spent one goes first.
MOST = 1000


class TooManyFaults(Exception):
    """A world holds as many armed faults as it may."""


@dataclass(slots=True)
class Fault:
    """One fault, by the words of openapi/control.yaml. `calls` fitted it so far, and `hits` of them it struck."""

    id: int
    operation: str | None = None
    refusal: str | None = None
    status: int | None = None
    wire: str | None = None
    latency: Latency | None = None
    virtual: bool | None = None
    mutation: Mutation | None = None
    times: int | None = 1
    after: int = 0
    probability: float = 1.0
    seed: int = 0
    calls: int = 0
    hits: int = 0

    @property
    def spent(self) -> bool:
        """Whether it has struck as often as it should."""
        return self.times is not None and self.hits >= self.times

    def strikes(self, names: tuple[str, ...]) -> bool:
        """Tell whether a call of an operation, known by these names, goes wrong now."""
        if self.spent or not (self.operation is None or self.operation in names):
            return False
        self.calls += 1
        if self.calls <= self.after or self._is_spared():
            return False
        self.hits += 1
        return True

    def seconds(self, source: Random) -> float:
        """Return how long this call is held back, where that is a matter of chance by `source`."""
        return source.uniform(*self.latency) if self.latency is not None else 0.0

    def _is_spared(self) -> bool:
        """Tell by chance, which depends on nothing but seed and call: a restored fault goes on where it was."""
        if self.probability == 1:
            return False
        chance = Random(f"{self.seed}/{self.calls}").random()  # noqa: S311  # for tests to repeat, not for secrets
        return chance >= self.probability


class Faults:
    """The faults of a world, in the order in which they were armed."""

    def __init__(self) -> None:
        self.all: list[Fault] = []
        self._ids = 0

    def __bool__(self) -> bool:
        return bool(self.all)

    def next_id(self) -> int:
        """Return an id for a new fault."""
        self._ids += 1
        return self._ids

    def arm(self, fault: Fault) -> None:
        """Add a fault. Raises TooManyFaults."""
        if len(self.all) >= MOST:
            spent = next((each for each in self.all if each.spent), None)
            if spent is None:
                raise TooManyFaults(f"a world holds {MOST} armed faults at the most: disarm some.")
            self.all.remove(spent)
        self.all.append(fault)

    def disarm(self, fault_id: int | None = None) -> bool:
        """Remove all faults, or the one with this id; False where there is none with it."""
        before = len(self.all)
        self.all = [] if fault_id is None else [fault for fault in self.all if fault.id != fault_id]
        return fault_id is None or len(self.all) < before

    def strike(self, *names: str) -> Fault | None:
        """Return the fault that a call of an operation meets, if any."""
        return next((fault for fault in self.all if fault.strikes(names)), None)
