"""Which behaviours of the service were exercised, of all that the document gives it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import NamedTuple

from mock_server.contract import Contract, Operation

# What was seen: the operation's function, the refusal or nothing, and the situation of a success or nothing.
Sighting = tuple[str, str, str]

# The situations that a page can be in; a page of the middle is none.
SECOND, EMPTY, BEYOND = "second", "empty", "beyond"


class Sightings:
    """How often each behaviour was seen. Any thread may add to it."""

    __slots__ = ("_counts", "_lock")

    def __init__(self) -> None:
        self._counts: dict[Sighting, int] = {}
        self._lock = threading.Lock()

    def add(self, sighting: Sighting, times: int = 1) -> None:
        """Count a sighting."""
        # Not a Counter, which takes ten times as long for each: this is done for every request.
        with self._lock:
            self._counts[sighting] = self._counts.get(sighting, 0) + times

    def update(self, others: Sightings) -> None:
        """Count what others have counted."""
        for sighting, times in others.items():
            self.add(sighting, times)

    def items(self) -> list[tuple[Sighting, int]]:
        """Return each sighting with how often it was seen."""
        with self._lock:
            return list(self._counts.items())


class Behaviour(NamedTuple):
    """One thing that the service does: its kind, its name, the operation, and how often it was seen."""

    kind: str
    name: str
    operation: str
    seen: int


def behaviours(contract: Contract, seen: Sightings) -> list[Behaviour]:
    """Return all behaviours of the document, operation by operation, with how often each was seen."""
    found: dict[tuple[str, str, str], int] = {}
    for operation in contract.operations.values():
        for kind, name in _of(operation, contract.resource.types):
            found[kind, name, operation.function] = 0
    for (function, refusal, situation), count in seen.items():
        names = [("refusal", refusal)]
        if not refusal:  # a situation is a type or a page
            names = [("operation", function), ("type", situation), ("page", situation)]
        for kind, name in names:
            if (kind, name, function) in found:
                found[kind, name, function] += count
    return [Behaviour(kind, name, operation, count) for (kind, name, operation), count in found.items()]


def _of(operation: Operation, types: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield kind and name of what an operation does; a limit of the mock's own is no behaviour of the service."""
    yield "operation", operation.function
    if operation.form is not None and operation.path_parameter is None:
        yield from (("type", name) for name in types)
    if operation.paging is not None:
        yield from (("page", name) for name in (SECOND, EMPTY, BEYOND))
    yield from (("refusal", refusal.name) for refusal in operation.refusals.values() if not refusal.own)
