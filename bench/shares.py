"""What a part of the mock costs: calls with it and calls without it, in turns.

`python -m bench.shares serve PORT` serves the mock without its journal. `python -m bench.shares costs PART ROUNDS`
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

# Responses of one turn over a socket, turns, and pairs of processes. Short turns share the changing speed of the
# machine alike. Several pairs are needed, since one process stays a little faster than its twin while it runs.
_RESPONSES, _TURNS, _PAIRS = 1000, 20, 5


def _without_journal(_: Mock) -> None:
    """Write no exchange: not for the journal, the coverage or the log."""
    _replace(ApiPipeline, "_write", lambda *_: None)


def _without_checking(mock: Mock) -> None:
    """Accept every response and every item unchecked."""
    _replace(mock.contract.resources["handlers"], "check_text", lambda _: None)
    for operation in mock.contract.operations.values():
        _replace(operation.success, "check", lambda _: None)


def _replace(owner: object, name: str, part: Callable[..., None]) -> None:
    # This also works for frozen classes. The part is never put back: the process exists for this.
    (type.__setattr__ if isinstance(owner, type) else object.__setattr__)(owner, name, part)


_PARTS: Mapping[str, Callable[[Mock], None]] = {
    "response checking": _without_checking,
    "journal": _without_journal,
}


def measured(rounds: int) -> dict[str, dict[str, float]]:
    """Return the share of CPU time that goes into each part, by part and call.

    A call is measured in process, and as it is served: from the bytes of a request to those of its response. Each part
    is measured in a process of its own, since replacing a function makes Python slower.
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
    """Return the CPU seconds that each call takes without the part."""
    app = new_app()
    fill(app.mock, KEY, POPULATION)
    if part:
        _PARTS[part](app.mock)
    calls = {scenario.name: call(app, scenario) for scenario in SCENARIOS} | {_MANY: _in_turn(app)}
    calls |= {f"{scenario.name}, served": served(app, scenario) for scenario in SCENARIOS[:2]}
    return costs(calls, rounds=rounds)


def over_a_socket() -> float:
    """Return the journal's share of the CPU time of a retrieve, including what the system takes."""
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
                with_all.client(process.port, retrieve).drive(16, responses=_RESPONSES)
                spent[process] += process.cpu_seconds - before
        return 1 - spent[second] / spent[first]


def _in_turn(app: App) -> Call:
    """Return a call that asks for another handler each time, so that responses differ."""
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
