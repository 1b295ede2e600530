"""The shortest way to see a finding again, cut out of the exchanges that a test made."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from contract_tests.guard.exchange import Exchange

_LONGEST_ANSWER = 600
_MOST_STEPS = 12
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Happened(NamedTuple):
    """The exchanges of a test, oldest first, and the writes of the run before it."""

    exchanges: Sequence[Exchange]
    earlier: Sequence[Exchange] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One request as a line for a shell, and what was answered: the status and the beginning of the body."""

    curl: str
    answer: str


def reproduce(happened: Happened, clean: Callable[[str], str], about: str = "") -> tuple[Step, ...]:
    """Return the exchange that shows a finding, and before it the writes without which it would have been otherwise.

    It is the last one; where the text of the finding, `about`, names a row that the exchanges know, the last one of
    that row. Of an exchange on a row only the writes to that row count, its create included, and those before the test.
    """
    exchanges = [exchange for exchange in happened.exchanges if not exchange.refused]
    if not exchanges:
        return ()
    row = _row_named(about, [*happened.earlier, *exchanges]) or _row(exchanges[-1])
    concerned = [exchange for exchange in exchanges if not row or _concerns(exchange, row)] or exchanges[-1:]
    last = concerned[-1]
    before = [exchange for exchange in concerned[:-1] if exchange.method not in _READS]
    before = [*(each for each in happened.earlier if row and _concerns(each, row)), *before]
    return tuple(_step(exchange, clean) for exchange in [*before[-_MOST_STEPS + 1 :], last])


def answer_of(exchange: Exchange) -> str:
    """Return what an exchange was answered, in one line."""
    if exchange.failed:
        return f"no answer ({exchange.failed})"
    body = " ".join(exchange.body.split())
    shown = body if len(body) <= _LONGEST_ANSWER else f"{body[:_LONGEST_ANSWER]}…"
    return f"{exchange.status} {shown}".strip()


def _step(exchange: Exchange, clean: Callable[[str], str]) -> Step:
    return Step(clean(exchange.as_curl()), clean(answer_of(exchange)))


def _row(exchange: Exchange) -> str:
    """Return the id at the end of a path, empty where there is none."""
    last = urlsplit(exchange.url).path.rstrip("/").rpartition("/")[2]
    return last if last.isascii() and last.isdigit() else ""


def _row_named(about: str, exchanges: Sequence[Exchange]) -> str:
    """Return the first number in a text that is the id of a row which the exchanges are about."""
    return next(
        (
            number
            for number in re.findall(r"\d+", about)
            if any(_concerns(each, number) for each in exchanges)
        ),
        "",
    )


def _concerns(exchange: Exchange, row: str) -> bool:
    """Tell whether an exchange is about a row: by its path, or as the create that made it."""
    if _row(exchange):
        return _row(exchange) == row
    return exchange.method not in _READS and re.search(rf'"id"\s*:\s*{row}\b', exchange.body) is not None
