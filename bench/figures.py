"""What one run of the bench has measured. Seconds, bytes and answers a second."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Under:
    """One target under one scenario's load. `status` and `size` are its answer's; lists have one figure a round."""

    status: int
    size: int
    rates: dict[int, list[float]] = field(default_factory=dict)  # by number of connections
    p50: dict[int, list[float]] = field(default_factory=dict)
    p99: dict[int, list[float]] = field(default_factory=dict)
    cpu: list[float] = field(default_factory=list)  # of the server and its children, per answer


@dataclass(slots=True)
class Subject:
    """All that was measured of one target. `sizes`: bytes installed, by part."""

    name: str
    version: str
    starts: list[float] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    at_rest: int = 0
    after_load: int = 0
    reads: int = 0  # that came before
    under: dict[str, Under] = field(default_factory=dict)


@dataclass(slots=True)
class Report:
    """One run. The rest is of the mock alone.

    `calls`: CPU seconds of a call in process, by scenario; `growth`: the same by the handlers in its world;
    `shares`: of a part in a scenario's call; `facts`: further figures by name, each with its unit.
    """

    machine: dict[str, str]
    subjects: list[Subject] = field(default_factory=list)
    calls: dict[str, float] = field(default_factory=dict)
    growth: dict[str, dict[int, float]] = field(default_factory=dict)
    shares: dict[str, dict[str, float]] = field(default_factory=dict)
    facts: dict[str, tuple[float, str]] = field(default_factory=dict)


def median(values: Iterable[float]) -> float:
    """Return the median."""
    return statistics.median(values)
