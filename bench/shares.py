"""What a part of the mock costs: a call with it beside the same call without it, in turns.

`python -m bench.shares serve PORT` serves the mock without its journal; `python -m bench.shares costs PART ROUNDS`
prints what calls cost without a part.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from statistics import median

from bench.inside import call, fill, new_app, served
from bench.scenario import KEY, POPULATION, SCENARIOS
from bench.target import mock, populate
from bench.timing import Call, costs
from mock_server.api.pipeline import ApiPipeline
from mock_server.app import App
from mock_server.mock import Mock

_MANY = "retrieve, 1,000 in turn"

# Answers of one turn over a socket, turns, and pairs of processes: the machine is now faster, now slower, which turns
# of a tenth of a second share alike, and one process is a little faster than its twin for as long as it lives.
_ANSWERS, _TURNS, _PAIRS = 1000, 20, 5


def _without_journal(_: Mock) -> None:
    """Note no exchange: neither in the journal, nor for the coverage, nor for the log."""
    _replace(ApiPipeline, "_write", lambda *_: None)


def _without_checking(mock: Mock) -> None:
    """Take every answer and every handler for right; malformed JSON is not noticed either."""
    _replace(mock.contract.resource, "check_text", lambda _: None)
    for operation in mock.contract.operations.values():
        _replace(operation.success, "check", lambda _: None)


def _replace(owner: object, name: str, part: Callable[..., None]) -> None:
    # Past those that are frozen. Nobody puts the part back: the process is there for this.
    (type.__setattr__ if isinstance(owner, type) else object.__setattr__)(owner, name, part)


_PARTS: Mapping[str, Callable[[Mock], None]] = {
    "answer checking": _without_checking,
    "journal": _without_journal,
}


def measured(rounds: int) -> dict[str, dict[str, float]]:
    """Return, by part and by call, which share of the CPU time goes into it.

    A call is measured in process, and as it is served: from the bytes of a request to those of its answer. Each time in
    a process of its own, since Python runs slower what was changed under way.
    """
    best: dict[str, dict[str, float]] = {part: {} for part in ("", *_PARTS)}
    for _ in range(_PAIRS):
        for part, known in best.items():
            command = [sys.executable, "-m", "bench.shares", "costs", part, str(rounds // _PAIRS)]
            found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
            known |= {name: min(cost, known.get(name, cost)) for name, cost in found.items()}
    whole = best.pop("")
    return {part: {name: 1 - known[name] / whole[name] for name in whole} for part, known in best.items()}


def _costs(part: str, rounds: int) -> dict[str, float]:
    """Return the CPU seconds that each call takes without a part."""
    app = new_app()
    fill(app.mock, KEY, POPULATION)
    if part:
        _PARTS[part](app.mock)
    calls = {scenario.name: call(app, scenario) for scenario in SCENARIOS} | {_MANY: _in_turn(app)}
    calls |= {f"{scenario.name}, served": served(app, scenario) for scenario in SCENARIOS[:2]}
    return costs(calls, rounds=rounds)


def over_a_socket() -> float:
    """Return which share of a retrieve's CPU time, the system's part included, goes into the journal."""
    return median(_share_of_pair() for _ in range(_PAIRS))


def _share_of_pair() -> float:
    with_all, retrieve = mock(), SCENARIOS[0]
    without = replace(
        with_all, command=lambda port: [sys.executable, "-m", "bench.shares", "serve", str(port)]
    )
    with with_all.started() as first, without.started() as second:
        spent = dict.fromkeys((first, second), 0.0)
        for process in spent:
            populate(with_all, process.port)
        for _ in range(_TURNS):
            for process in spent:
                before = process.cpu_seconds
                with_all.client(process.port, retrieve).drive(16, answers=_ANSWERS)
                spent[process] += process.cpu_seconds - before
        return 1 - spent[second] / spent[first]


def _in_turn(app: App) -> Call:
    """Return a call that asks for another handler each time, so that no answer is one of a moment ago."""
    retrieve = SCENARIOS[0]
    each = [
        call(app, replace(retrieve, path=f"/notification-handlers/{number}"))
        for number in range(1, POPULATION + 1)
    ]
    at = 0

    def ask() -> None:
        nonlocal at
        each[at % len(each)]()
        at += 7

    return ask


def _serve(port: str) -> None:
    """Serve the mock without its journal."""
    from mock_server.cli import main

    _replace(ApiPipeline, "_write", lambda *_: None)
    sys.argv[1:] = ["serve", "--port", port, "--quiet"]
    main()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", port]:
            _serve(port)
        case ["costs", part, rounds]:
            print(json.dumps(_costs(part, int(rounds))))
