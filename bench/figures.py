"""What one run of the bench has measured: seconds, bytes, and responses per second."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Under:
    """One target under the load of one scenario. `status` and `size` are those of its response. Lists: by round."""

    status: int
    size: int
    rates: dict[int, list[float]] = field(default_factory=dict)  # by number of connections
    p50: dict[int, list[float]] = field(default_factory=dict)
    p99: dict[int, list[float]] = field(default_factory=dict)
    cpu: list[float] = field(default_factory=list)  # of the server and its children, per response


@dataclass(slots=True)
class Subject:
    """All that was measured of one target. `sizes`: installed bytes, by part."""

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
    """One run. All but the machine, the subjects and what is `left_out`, with the reason, is about the mock alone.

    `calls`: CPU seconds of a call in process, by scenario. `growth`: the same by the number of handlers in the world.
    `shares`: the share of a part in the call of a scenario. `suites`: seconds of a consumer's suite, by round.
    `facts`: further figures by name, with their units.
    """

    machine: dict[str, str]
    subjects: list[Subject] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    calls: dict[str, float] = field(default_factory=dict)
    growth: dict[str, dict[int, float]] = field(default_factory=dict)
    shares: dict[str, dict[str, float]] = field(default_factory=dict)
    suites: dict[str, list[float]] = field(default_factory=dict)
    facts: dict[str, tuple[float, str]] = field(default_factory=dict)


def median(values: Iterable[float]) -> float:
    """Return the median."""
    return statistics.median(values)
