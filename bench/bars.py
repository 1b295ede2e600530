"""The bars that the mock must meet. They are ratios within one run, since machines differ in speed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from bench.figures import Report, Subject, median

# The most seconds that a person waits, on two idle cores.
_WAITS = {
    "first fixture": 0.35,
    "unused plugin": 0.005,
    "check --profile quick": 8.0,
    "first line of check": 0.5,
    "learn": 6.0,
    "first line of learn": 0.5,
    "--help": 0.25,
    "check --help": 0.25,
    "sweep": 0.25,
}

_OURS, _WSGI, _FLASK = "bitpeak-mock", "trivial WSGI app", "trivial Flask app"

# The least multiple of another tool's responses per second.
_TIMES: dict[str, dict[str, float]] = {
    "Prism": {"retrieve": 8, "list 25": 8, "create": 6},
    "Mockoon": {"retrieve": 15, "list 25": 15, "create": 15},
    "stripe-mock": {"retrieve": 1, "list 25": 1, "create": 0.7},
}


class Bar(NamedTuple):
    """One bar. `most`: the figure must not be higher than the bar; otherwise, not lower."""

    what: str
    figure: float
    bar: float
    most: bool
    unit: str = "×"

    @property
    def met(self) -> bool:
        """Whether the figure is on the right side of the bar."""
        return self.figure <= self.bar if self.most else self.figure >= self.bar


def bars(report: Report) -> Iterator[Bar]:
    """Yield the bars for which there are figures."""
    subjects = {subject.name: subject for subject in report.subjects}
    ours = subjects[_OURS]
    if prism := subjects.get("Prism"):
        yield Bar("cold start, of Prism's", median(ours.starts) / median(prism.starts), 0.25, True)
        yield Bar("install, of Prism's", sum(ours.sizes.values()) / sum(prism.sizes.values()), 0.9, True)
        yield Bar("memory at rest, of Prism's", ours.at_rest / prism.at_rest, 0.55, True)
    if mockoon := subjects.get("Mockoon"):
        yield Bar("cold start, of Mockoon's", median(ours.starts) / median(mockoon.starts), 0.5, True)
    for name, least in _TIMES.items():
        for scenario, times in least.items():
            if peer := subjects.get(name):
                yield _rate(ours, peer, scenario, times)
    yield _rate(ours, subjects[_FLASK], "retrieve", 1.5)
    yield _rate(ours, subjects[_WSGI], "retrieve", 0.3)
    yield _rate(ours, subjects[_WSGI], "list 1000", 0.4)
    yield from _facts(report)
    yield from _suites(report.suites)


def _suites(seconds: Mapping[str, Sequence[float]]) -> Iterator[Bar]:
    """Compare the rounds of suites in pairs."""
    for ours, other, most in (
        ("bitpeak", "pytest-httpserver", 1.0),
        ("bitpeak_in_process", "responses", 1.2),
    ):
        if other in seconds:
            times = median(a / b for a, b in zip(seconds[ours], seconds[other], strict=True))
            yield Bar(f"a suite with {ours}, of one with {other}", times, most, True)


def _rate(ours: Subject, other: Subject, scenario: str, times: float) -> Bar:
    """Compare responses per second at 16 connections in each round: what disturbs a round disturbs both."""
    pairs = zip(ours.under[scenario].rates[16], other.under[scenario].rates[16], strict=True)
    return Bar(f"{scenario}, times {other.name}", median(a / b for a, b in pairs), times, False)


def _facts(report: Report) -> Iterator[Bar]:
    for name, growth in report.growth.items():
        small, large = min(growth), max(growth)
        if small < large:
            what = f"{name} with {large:,} handlers, of the cost with {small:,}"
            yield Bar(what, growth[large] / growth[small], 1.3, True)
    facts = report.facts
    if "creates: p99" in facts:
        yield Bar("p99 of create, of its p50", facts["creates: p99"][0] / facts["creates: p50"][0], 10, True)
    if "new world and its first page" in facts:
        seconds, megabytes = facts["new world and its first page"][0], facts["10,000 worlds"][0] / 1e6
        yield Bar("a new world", seconds * 1000, 1.0, True, " ms")
        yield Bar("10,000 worlds", megabytes, 200, True, " MB")
    if "response checking" in report.shares:
        checking = report.shares["response checking"]["retrieve, served"]
        yield Bar("response checking, of a retrieve served", checking, 0.15, True)
    if "hostile form" in facts:
        what = "a hostile form of 512 KiB, of the cost of 256 KiB"
        yield Bar(what, facts["hostile form"][0], 2.5, True)
    if "journal" in facts:
        yield Bar("journal, of a retrieve over a socket", facts["journal"][0], 0.15, True)
    for name, most in _WAITS.items():
        if name in facts:
            yield Bar(name, facts[name][0], most, True, " s")
