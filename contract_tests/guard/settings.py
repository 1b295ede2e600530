"""What the person who starts a run decides."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


def silent(_: str) -> None:
    """Say nothing of what takes long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """The settings of one guard.

    `target` is the API's base URL, as in the document's `servers`; without a path it gets the document's. `key` is the
    real key, which only the guard holds. `rate` counts requests a minute, None does not slow down. `max_requests` is
    for the whole run; what the clean-up needs comes on top. `live_rows` is how many of its own rows may exist at a
    time. Ids of `impossible_from` and above are taken to exist nowhere, unless 1000 times the highest id is above them.
    `rewrite_contacts` replaces a host that is not reserved instead of refusing the request. All times are in seconds:
    `timeout` for one answer, `longest_wait` for what a 429 may ask, `drain` for requests under way at the end,
    `settle` until an unanswered create that no list shows is taken not to have happened. `clock` gives seconds since
    1970 and `sleep` waits; tests replace both. `tell` hears, in a sentence, of what takes long: a wait of the budget's,
    and how far the clean-up is.
    """

    target: str
    key: str = field(repr=False)
    allow_writes: bool = False
    allow_plain_http: bool = False
    max_requests: int | None = None
    rate: int | None = None
    live_rows: int = 30
    rewrite_contacts: bool = False
    impossible_from: int = 10**9
    ledger_dir: Path = Path(".bitpeak-ledger")
    timeout: float = 30.0
    longest_wait: float = 900.0
    drain: float = 10.0
    settle: float = 60.0
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    tell: Callable[[str], None] = silent
