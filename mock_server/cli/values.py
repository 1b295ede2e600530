"""What the flags' texts mean. Each reader raises click.BadParameter with one sentence; click adds the flag's name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, TypeVar
from urllib.parse import urlsplit

import click

from mock_server import settings
from mock_server.settings import Latency

Value = TypeVar("Value")

_LONGEST = 3600.0

Quota = int | Literal["off", "document"]


def read_duration(text: str) -> float:
    """Read `200ms`, `1.5s`, `2m` or `0` to seconds, at most an hour."""
    return _bounded(settings.read_duration, text, lambda seconds: seconds)


def read_latency(text: str) -> Latency:
    """Read a duration, or a range of two: `100ms..300ms`."""
    return _bounded(settings.read_latency, text, lambda latency: latency.high)


def _bounded(read: Callable[[str], Value], text: str, longest: Callable[[Value], float]) -> Value:
    try:
        value = read(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if longest(value) > _LONGEST:
        raise click.BadParameter(f"{text!r} is longer than an hour, choose a shorter time.")
    return value


def read_quota(text: str) -> Quota:
    """Read `off`, `document`, or how many requests a window allows."""
    match text:
        case "off" | "document":
            return text
    if re.fullmatch("[0-9]{1,9}", text) is None or int(text) == 0:
        raise click.BadParameter(
            f"{text!r} is no quota, write off, document, or a number of requests from 1."
        )
    return int(text)


def read_port(text: str) -> int:
    """Read a port to listen on; 0 stands for a free one."""
    if re.fullmatch("[0-9]{1,5}", text) is None or int(text) > 65535:
        raise click.BadParameter(f"{text!r} is no port, write a number from 0 to 65535.")
    return int(text)


def read_public_url(text: str) -> str:
    """Read what links begin with, an http or https URL, without the slash that it may end in."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no URL: {error}.") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise click.BadParameter(f"{text!r} is no URL of a site, write for example https://mock.example.com.")
    if "?" in text or "#" in text or "@" in parts.netloc:
        raise click.BadParameter(
            f"{text!r} has a query, a fragment or a user, leave only scheme, host, port and path."
        )
    if re.fullmatch("[!-~]+", text) is None:
        raise click.BadParameter(f"{text!r} has a blank or a letter that no URL has, percent-encode it.")
    return text.rstrip("/")


def read_pair(separator: str, text: str, example: str) -> tuple[str, str]:
    """Split a text at the first separator, both sides without blanks around the separator."""
    name, found, value = text.partition(separator)
    if not found or not name.strip():
        raise click.BadParameter(f"{text!r} has no name and {separator!r}, write for example {example}.")
    return name.strip(), value
