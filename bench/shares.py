"""What a part of the mock costs: a call with it beside the same call without it, in turns.

`python -m bench.shares PORT` serves the mock without its journal.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from bench.inside import call, fill, served
from bench.scenario import KEY, POPULATION, SCENARIOS
from bench.target import mock, populate
from bench.timing import Call, costs
from mock_server.app import Mock, create_app, mock_of
from mock_server.recorder import Recorder

_MANY = "retrieve, 1,000 in turn"

# Answers of one turn over a socket, and turns: the system counts CPU time in hundredths of a second.
_ANSWERS, _TURNS = 5000, 7


@contextmanager
def _without_journal(_: Mock) -> Iterator[None]:
    """Note no exchange: neither in the journal, nor for the coverage, nor for the log."""
    with patch.object(Recorder, "note", lambda *_: None):
        yield


@contextmanager
def _without_checking(mock: Mock) -> Iterator[None]:
    """Take every answer and every handler for right; what is no JSON is not noticed either."""
    places: list[tuple[object, str]] = [(mock.contract.resource, "check_text")]
    places += [(operation.success, "check") for operation in mock.contract.operations.values()]
    checks = [getattr(each, name) for each, name in places]
    for each, name in places:
        object.__setattr__(each, name, lambda _: None)
    try:
        yield
    finally:
        for (each, name), former in zip(places, checks, strict=True):
            object.__setattr__(each, name, former)


_PARTS: Mapping[str, Callable[[Mock], Any]] = {
    "answer checking": _without_checking,
    "journal": _without_journal,
}


def measured(rounds: int) -> dict[str, dict[str, float]]:
    """Return, by part and by call, which share of the CPU time goes into it.

    A call is measured in process, and as it is served: from the bytes of a request to those of its answer.
    """
    app = create_app()
    inside = mock_of(app)
    fill(inside, KEY, POPULATION)
    calls = {scenario.name: call(inside, scenario) for scenario in SCENARIOS} | {_MANY: _in_turn(inside)}
    calls |= {f"{scenario.name}, served": served(app, scenario) for scenario in SCENARIOS[:2]}
    batches = 4
    shares: dict[str, dict[str, float]] = {}
    for part, without in _PARTS.items():
        best: dict[bool, dict[str, float]] = {True: {}, False: {}}
        for _ in range(batches):
            for present, context in ((True, nullcontext()), (False, without(inside))):
                with context:
                    found = costs(calls, rounds=rounds // batches)
                best[present] = {
                    name: min(cost, best[present].get(name, cost)) for name, cost in found.items()
                }
        shares[part] = {name: 1 - best[False][name] / best[True][name] for name in calls}
    return shares


def over_a_socket() -> float:
    """Return which share of a retrieve's CPU time, the system's part included, goes into the journal."""
    with_all, scenario = mock(), SCENARIOS[0]
    without = replace(with_all, command=lambda port: [sys.executable, "-m", "bench.shares", str(port)])
    costs: dict[str, list[float]] = {"with": [], "without": []}
    with with_all.started() as first, without.started() as second:
        for process in (first, second):
            populate(with_all, process.port)
        for _ in range(_TURNS):
            for name, process in (("with", first), ("without", second)):
                began = process.cpu_seconds
                with_all.client(process.port, scenario).drive(16, answers=_ANSWERS)
                costs[name].append((process.cpu_seconds - began) / _ANSWERS)
    # The best turns: what disturbs one is not the journal.
    return 1 - min(costs["without"]) / min(costs["with"])


def _in_turn(mock: Mock) -> Call:
    """Return a call that asks for another handler each time, so that no answer is one of a moment ago."""
    retrieve = SCENARIOS[0]
    each = [
        call(mock, replace(retrieve, path=f"/notification-handlers/{number}"))
        for number in range(1, POPULATION + 1)
    ]
    at = 0

    def ask() -> None:
        nonlocal at
        each[at % len(each)]()
        at += 7

    return ask


if __name__ == "__main__":
    from mock_server.cli import main

    port = sys.argv[1]
    sys.argv[1:] = ["serve", "--port", port, "--quiet"]
    with patch.object(Recorder, "note", lambda *_: None):
        main()
