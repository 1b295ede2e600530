"""A report as a picture: responses per second, on a logarithmic scale, in SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from bench.figures import Report, median
from bench.scenario import SCENARIOS

_WIDTH, _LEFT, _BAR, _GAP, _HEAD = 760, 150, 14, 26, 60
_COLOURS = ("#1b6ac9", "#9db8d9", "#c9c9c9", "#d98b3a", "#b65fae", "#5fa463", "#c2b23d")


def svg(report: Report) -> str:
    """Return bars by scenario, one for each target, at 16 connections."""
    subjects = [subject.name for subject in report.subjects]
    group = len(subjects) * _BAR + _GAP
    height = _HEAD + len(SCENARIOS) * group + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" font-family="sans-serif" '
        f'font-size="11"><rect width="100%" height="100%" fill="white"/>',
        '<text x="10" y="20" font-size="14">Responses per second, 16 connections (logarithmic)</text>',
        *_legend(subjects),
    ]
    for row, scenario in enumerate(SCENARIOS):
        top = _HEAD + row * group
        parts.append(f'<text x="10" y="{top + group / 2:.0f}" font-size="12">{escape(scenario.name)}</text>')
        for at, subject in enumerate(report.subjects):
            under = subject.under.get(scenario.name)
            if under is not None and under.status == scenario.status and under.cpu:
                parts.append(_bar(top + at * _BAR, median(under.rates[16]), _COLOURS[at % len(_COLOURS)]))
    return "\n".join([*parts, "</svg>", ""])


def _legend(names: list[str]) -> Iterator[str]:
    for at, name in enumerate(names):
        x = 10 + at * (_WIDTH - 20) / len(names)
        yield f'<rect x="{x:.0f}" y="32" width="10" height="10" fill="{_COLOURS[at % len(_COLOURS)]}"/>'
        yield f'<text x="{x + 13:.0f}" y="41">{escape(name)}</text>'


def _bar(y: float, rate: float, colour: str) -> str:
    # From 10 to 100,000 responses per second: four powers of ten.
    width = max(1.0, (math.log10(max(rate, 10)) - 1) / 4 * (_WIDTH - _LEFT - 80))
    label = f'<text x="{_LEFT + width + 4:.0f}" y="{y + _BAR - 4}">{rate:,.0f}</text>'
    return f'<rect x="{_LEFT}" y="{y}" width="{width:.0f}" height="{_BAR - 2}" fill="{colour}"/>{label}'
