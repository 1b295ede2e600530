"""The CPU time of a call, measured on a machine that also does other things."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

Call = Callable[[], object]
Name = TypeVar("Name", str, int)


def costs(calls: Mapping[Name, Call], *, rounds: int = 40, batch: float = 0.004) -> dict[Name, float]:
    """Return the CPU seconds that each call takes: the best mean of many short batches, taken in turns.

    A short batch may run undisturbed. On a busy machine, a long one never does.
    """
    counts = {name: _count(call, batch) for name, call in calls.items()}
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            best[name] = min(best[name], _seconds(call, counts[name]) / counts[name])
    return best


def _count(call: Call, batch: float) -> int:
    count = 1
    while _seconds(call, count) < batch:
        count *= 2
    return count


def _seconds(call: Call, count: int) -> float:
    numbers = range(count)
    began = time.process_time()
    for _ in numbers:
        call()
    return time.process_time() - began
