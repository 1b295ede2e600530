"""The settings of a mock, including the rules of a world, and durations as people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h|d)\Z")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = re.compile("([1-9][0-9]{0,5})([MG]iB)")
_UNITS = {"MiB": 1 << 20, "GiB": 1 << 30}


class Latency(NamedTuple):
    """The shortest and the longest time, in seconds, that a response is held back."""

    low: float
    high: float

    def __str__(self) -> str:
        low, high = write_duration(self.low), write_duration(self.high)
        return low if low == high else f"{low}..{high}"


class Size(int):
    """A number of bytes, written in MiB or GiB."""

    def __str__(self) -> str:
        unit = "MiB" if self % _UNITS["GiB"] else "GiB"
        return f"{self // _UNITS[unit]}{unit}"


NO_LATENCY = Latency(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a world. The control can change `strict` and `latency` of one world.

    `strict`: refuse what the service would silently accept. `quota`: requests allowed in one window, "document" for the
    document's own number, None for no limit. `public_url`: what links begin with, None for the host of the request.
    `cors`: whether pages of other origins may call the API, None for what the document says. `overrides`: whether a
    request may choose its response by the header Prefer. `memory`: how many bytes the items of all worlds may take
    together; 512 MiB hold about 400,000 handlers.
    """

    strict: bool = False
    latency: Latency = NO_LATENCY
    quota: int | Literal["document"] | None = None
    public_url: str | None = None
    cors: bool | None = None
    overrides: bool = True
    memory: int = Size(512 << 20)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a mock: the document and its variations, the seed, the rules, and access to the control.

    `document`: an OpenAPI file, None for the packaged one. `overlays`: files, or names of packaged overlays.
    `answers`: answers to open questions, each `QUESTION=ANSWER`. `seed`: a YAML file with the items of a new world.
    `control_token`: the token of control requests, None for no token. `control_cors`: whether pages of other origins
    may control the mock. `allowed_hosts`: names by which clients may call the control and the page, besides those of
    this computer. `rehearse`: overlays whose effect is only noted in the journal.

        Settings(answers=("create-status=ok",), rules=Rules(strict=True))
    """

    document: Path | None = None
    overlays: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    seed: Path | None = None
    rules: Rules = field(default_factory=Rules)
    control_token: str | None = None
    control_cors: bool = False
    allowed_hosts: tuple[str, ...] = ()
    rehearse: tuple[str, ...] = ()


def write_duration(seconds: float) -> str:
    """Write seconds as a duration: `1.5` becomes `1.5s`, `0.2` becomes `200ms`."""
    if seconds == 0:
        return "0"
    number, unit = (seconds, "s") if seconds >= 1 else (seconds * 1000, "ms")
    return f"{number:.9f}".rstrip("0").rstrip(".") + unit


def read_duration(text: str) -> float:
    """Read `200ms`, `1.5s`, `2m`, `1h`, `3d` or `0` to seconds. Raises ValueError with a sentence."""
    return _seconds(text, text)


def read_wait(text: str) -> float:
    """Read a duration of at most an hour. Raises ValueError with a sentence."""
    return _at_most_an_hour(_seconds(text, text), text)


def read_size(text: str) -> Size:
    """Read `64MiB` or `2GiB`. Raises ValueError with a sentence."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"Invalid size {text!r}: the units are MiB and GiB, as in 64MiB or 2GiB.")
    return Size(int(match[1]) * _UNITS[match[2]])


def read_latency(text: str) -> Latency:
    """Read a duration of at most an hour, or a range of two: `100ms..300ms`. Raises ValueError with a sentence."""
    low, dots, high = text.partition("..")
    latency = Latency(_seconds(low, text), _at_most_an_hour(_seconds(high if dots else low, text), text))
    if latency.low > latency.high:
        raise ValueError(f"Invalid range {text!r}: write the shorter time first.")
    return latency


def _seconds(part: str, text: str) -> float:
    if part == "0":
        return 0.0
    match = _DURATION.match(part)
    if match is None:
        raise ValueError(f"Invalid duration {text!r}: use for example 200ms, 1.5s, 2m or 0.")
    return float(match[1]) * _SECONDS[match[2]]


def _at_most_an_hour(seconds: float, text: str) -> float:
    if seconds > _SECONDS["h"]:
        raise ValueError(f"Invalid duration {text!r}: use at most an hour.")
    return seconds
