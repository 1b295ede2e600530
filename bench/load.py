"""Targets under load, in turns, so that a noisy minute of the machine affects all of them alike."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import peers
from bench.client import LoadError
from bench.figures import Subject, Under
from bench.process import DidNotStartError, StartedServer
from bench.progress import say
from bench.scenario import SCENARIOS, Scenario
from bench.target import BenchTarget, installed_mock, limits, populate

CONNECTIONS = (1, 16)


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure. `seconds`: of one turn of one target; `reads`: before the memory is measured again.

    Many short turns say more than a few long ones, since the speed of a shared machine varies.
    """

    starts: int = 7
    rounds: int = 12
    seconds: float = 0.5
    reads: int = 50_000
    patience: float = (
        180.0  # seconds for those reads; a slower target does fewer, and the report says how many
    )


QUICK = Effort(starts=3, rounds=2, seconds=0.4, reads=10_000, patience=15.0)


def measure(effort: Effort, left_out: dict[str, str], *, with_peers: bool) -> list[Subject]:
    """Measure the mock, its limits and, on request, the peers. `left_out` gets those that do not start, and why."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        say("installing the mock")
        first = installed_mock(folder / "installed")
        started: list[tuple[BenchTarget, StartedServer, Subject]] = []
        process = stack.enter_context(first.started())
        started.append((first, process, _subject(first, process)))
        populate(first, process.port)
        responses = {scenario.name: first.client(process.port, scenario).once() for scenario in SCENARIOS}
        for target in (
            *limits(responses, folder),
            *(peers.targets(first, responses, left_out) if with_peers else ()),
        ):
            try:
                process = stack.enter_context(target.started())
            except DidNotStartError as error:
                say(f"{target.name} is left out: {error}")
                left_out[target.name] = str(error)
                continue
            started.append((target, process, _subject(target, process)))
            if target.stateful:
                populate(target, process.port)
        for number in range(effort.rounds):
            _round(started, effort, number)
        for target, process, subject in started:
            say(f"memory of {target.name} after {effort.reads:,} reads")
            client = target.client(process.port, SCENARIOS[0])
            load = client.drive(16, responses=effort.reads, seconds=effort.patience)
            subject.after_load, subject.reads = process.resident_bytes, load.responses
        _measure_starts([(target, subject) for target, _, subject in started], effort.starts)
    return [subject for _, _, subject in started]


def _subject(target: BenchTarget, process: StartedServer) -> Subject:
    subject = Subject(target.name, target.version, [process.start_seconds], dict(target.sizes))
    subject.at_rest = process.resident_bytes
    return subject


def _round(
    started: Sequence[tuple[BenchTarget, StartedServer, Subject]], effort: Effort, number: int
) -> None:
    for scenario in SCENARIOS:
        say(f"round {number + 1} of {effort.rounds}: {scenario.name}")
        for target, process, subject in started:
            try:
                _turn(target, process, subject, scenario, effort.seconds)
            except (LoadError, OSError) as error:
                say(f"{target.name} fails at {scenario.name}: {error}")
                if target.faithful:
                    raise


def _turn(
    target: BenchTarget, process: StartedServer, subject: Subject, scenario: Scenario, seconds: float
) -> None:
    if scenario.name not in subject.under:
        head, body = target.client(process.port, scenario).once()
        subject.under[scenario.name] = Under(int(head[9:12]), len(body))
        target.client(process.port, scenario).drive(4, seconds=seconds / 2)  # machines that warm up
    under = subject.under[scenario.name]
    for connections in CONNECTIONS:
        before = process.cpu_seconds
        load = target.client(process.port, scenario).drive(connections, seconds=seconds)
        under.rates.setdefault(connections, []).append(load.rate)
        under.p50.setdefault(connections, []).append(load.quantile(0.5))
        under.p99.setdefault(connections, []).append(load.quantile(0.99))
        if connections == max(CONNECTIONS):
            under.cpu.append((process.cpu_seconds - before) / load.responses)


def _measure_starts(subjects: Sequence[tuple[BenchTarget, Subject]], starts: int) -> None:
    """Start each several times, in turns. The first start does not count, since its files are not cached yet."""
    for _, subject in subjects:
        subject.starts.clear()
    for number in range(starts):
        say(f"cold start {number + 1} of {starts}")
        for target, subject in subjects:
            with target.started() as process:
                subject.starts.append(process.start_seconds)
