"""Durations as people write them: `200ms`, `1.5s`, `2m`, `1h`, `3d`, or `0`."""

from __future__ import annotations

import re
from typing import NamedTuple

_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h|d)\Z")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class Latency(NamedTuple):
    """From and to, in seconds."""

    low: float
    high: float

    def __str__(self) -> str:
        low, high = write_duration(self.low), write_duration(self.high)
        return low if low == high else f"{low}..{high}"


NO_LATENCY = Latency(0.0, 0.0)


def write_duration(seconds: float) -> str:
    """Write seconds as a duration."""
    if seconds == 0:
        return "0"
    number, unit = (seconds, "s") if seconds >= 1 else (seconds * 1000, "ms")
    return f"{number:.9f}".rstrip("0").rstrip(".") + unit


def read_duration(text: str) -> float:
    """Read a duration to seconds. Raises ValueError with a sentence."""
    return _seconds(text, text)


def read_latency(text: str) -> Latency:
    """Read a duration, or a range of two: `100ms..300ms`. Raises ValueError with a sentence."""
    low, dots, high = text.partition("..")
    latency = Latency(_seconds(low, text), _seconds(high if dots else low, text))
    if latency.low > latency.high:
        raise ValueError(f"{text!r} ends before it begins, write the shorter time first.")
    return latency


def _seconds(part: str, text: str) -> float:
    if part == "0":
        return 0.0
    match = _DURATION.match(part)
    if match is None:
        raise ValueError(f"{text!r} is no duration, write for example 200ms, 1.5s, 2m or 0.")
    return float(match[1]) * _SECONDS[match[2]]
