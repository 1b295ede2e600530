"""Python's times in the words of openapi/control.yaml."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def write_duration(value: str | float | timedelta) -> str:
    """Write a duration; a text is taken as it is, a number is seconds."""
    match value:
        case str():
            return value
        case timedelta():
            value = value.total_seconds()
    return f"{value:.9f}".rstrip("0").rstrip(".") + "s"


def read_duration(text: str) -> float:
    """Read a duration to seconds. Raises ValueError."""
    for unit, seconds in (("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86400.0)):
        if text.endswith(unit):
            return float(text[: -len(unit)]) * seconds
    return float(text)


def write_latency(value: str | float | timedelta | tuple[float, float]) -> str:
    """Write a latency; two numbers are a range of seconds."""
    if isinstance(value, tuple):
        return "..".join(write_duration(end) for end in value)
    return write_duration(value)


def write_moment(value: str | datetime) -> str:
    """Write a moment; one without a time zone is in UTC."""
    if isinstance(value, str):
        return value
    at = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond:06}Z"


def read_moment(text: str) -> datetime:
    """Read a moment as the control writes it."""
    return datetime.fromisoformat(text)
