"""A report in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from bench.bars import bars
from bench.figures import Report, Subject, Under, median
from bench.scenario import SCENARIOS


def markdown(report: Report) -> str:
    """Return the whole report."""
    parts = [
        "# What the mock costs",
        "Written by `make bench` or `make bench-peers`. Figures are medians, with the lowest and highest round in "
        "brackets. All targets took turns in one run, so ratios within a run say more than the figures themselves.",
        _table(["machine", ""], report.machine.items()),
        "## Bars",
        _bars(report),
        *_compared(report),
        *_alone(report),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _bars(report: Report) -> str:
    rows = [
        (
            each.what,
            f"{each.figure:.2f}{each.unit}",
            f"{'≤' if each.most else '≥'} {each.bar:g}{each.unit}",
            "met" if each.met else "**not met**",
        )
        for each in bars(report)
    ]
    return _table(["what", "figure", "bar", ""], rows)


def _compared(report: Report) -> Iterator[str]:
    yield "## Beside others"
    yield _table(
        ["", "version", "cold start, ms", "install, MB", "at rest, MB", "after load, MB", "reads"],
        [
            (
                each.name,
                each.version or "–",
                _spread(each.starts, 1000),
                f"{sum(each.sizes.values()) / 1e6:.0f}" if each.sizes else "–",
                f"{each.at_rest / 1e6:.0f}",
                f"{each.after_load / 1e6:.0f}",
                f"{each.reads:,}",
            )
            for each in report.subjects
        ],
    )
    if report.left_out:
        yield f"Left out: {'; '.join(f'{name} ({why})' for name, why in report.left_out.items())}."
    yield (
        "Install: without Python, Node or Java, and without bytecode. Memory: resident, with child processes. After "
        "load: after this many reads in addition to the rounds; slow tools stop after some minutes."
    )
    for connections, word in ((16, "16 connections"), (1, "1 connection")):

        def rate(under: Under, n: int = connections) -> str:
            return _spread(under.rates[n])

        def latency(under: Under, n: int = connections) -> str:
            return f"{median(under.p50[n]) * 1000:.2f} / {median(under.p99[n]) * 1000:.2f}"

        yield f"### Responses per second, {word}"
        yield _by_scenario(report.subjects, rate)
        yield f"### Latency, p50 / p99 in ms, {word}"
        yield _by_scenario(report.subjects, latency)
    yield "### CPU time of the server, µs per response, 16 connections"
    yield _by_scenario(report.subjects, lambda under: _spread(under.cpu, 1e6))
    yield "A tool does less if its status differs from the document's (in brackets), or its number of bytes."
    yield _by_scenario(report.subjects, lambda under: f"{under.status}, {under.size:,} bytes")


def _by_scenario(subjects: Sequence[Subject], show: Callable[[Under], str]) -> str:
    names = [scenario.name for scenario in SCENARIOS]
    rows = []
    for subject in subjects:
        cells = [_cell(subject.under.get(name), expected, show) for name, expected in _expected()]
        rows.append((subject.name, *cells))
    return _table(["", *names], rows)


def _expected() -> Iterator[tuple[str, int]]:
    return ((scenario.name, scenario.status) for scenario in SCENARIOS)


def _cell(under: Under | None, expected: int, show: Callable[[Under], str]) -> str:
    if under is None or not under.cpu:
        return "fails"
    mark = "" if under.status == expected else f" ({under.status})"
    return f"{show(under)}{mark}"


def _spread(values: Sequence[float], scale: float = 1.0) -> str:
    low, middle, high = (value * scale for value in (min(values), median(values), max(values)))
    return f"{middle:,.0f} ({low:,.0f}–{high:,.0f})"


def _alone(report: Report) -> Iterator[str]:
    yield "## The mock alone"
    rows: list[Sequence[str]]
    if sizes := report.subjects[0].sizes:
        whole = sum(sizes.values())
        rows = [(name, f"{size / 1e6:.2f}", f"{size / whole:.0%}") for name, size in sizes.items()]
        yield _table(["installed", "MB", "share"], [*rows, ("all", f"{whole / 1e6:.1f}", "100%")])
    if report.calls:
        rows = [("a call", *(f"{seconds * 1e6:.1f}" for seconds in report.calls.values()))]
        yield _table(["in process, µs", *report.calls], rows)
    if report.shares:
        names = list(next(iter(report.shares.values())))
        rows = [(part, *(f"{shares[name]:.0%}" for name in names)) for part, shares in report.shares.items()]
        yield _table(["share of", *names], rows)
    if report.growth:
        counts = list(next(iter(report.growth.values())))
        rows = [(name, *(f"{by[count] * 1e6:.1f}" for count in counts)) for name, by in report.growth.items()]
        yield _table(["µs with so many handlers", *(f"{count:,}" for count in counts)], rows)
    if report.suites:
        rows = [(name, *(f"{each:.2f}" for each in seconds)) for name, seconds in report.suites.items()]
        head = ["500 tests of three calls, s", *(f"round {n + 1}" for n in range(len(rows[0]) - 1))]
        yield _table(head, rows)
    if report.facts:
        yield _table(["", ""], [(name, _fact(*fact)) for name, fact in report.facts.items()])


def _fact(value: float, unit: str) -> str:
    match unit:
        case "s":
            return f"{value * 1e6:,.0f} µs" if value < 1e-3 else f"{value * 1e3:,.2f} ms"
        case "bytes":
            return f"{value / 1e6:,.0f} MB"
    return f"{value:,.2f} {unit}"
