"""Which behaviours of the service were exercised, of all that the document gives it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from mock_server.contract import Contract, Operation
from mock_server.state.journal import Sighting

# The situations that a page can be in; a page of the middle is none.
SECOND, EMPTY, BEYOND = "second", "empty", "beyond"


class Behaviour(NamedTuple):
    """One thing that the service does: its kind, its name, the operation, and how often it was seen."""

    kind: str
    name: str
    operation: str
    seen: int


def behaviours(contract: Contract, seen: Mapping[Sighting, int]) -> list[Behaviour]:
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
