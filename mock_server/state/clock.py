"""A world's time, which a test can stop or move. All times in responses come from here."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache

# The first and the last second that a time with four digits for the year can show.
EARLIEST = datetime(1, 1, 1, tzinfo=UTC).timestamp()
LATEST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()
# A larger number counts milliseconds.
_SECONDS = 100_000_000_000


class Clock:
    """Seconds since 1970 UTC: the machine's time plus an offset, or a frozen time.

    At the end of the year 9999 the time stands still.
    """

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._offset = 0.0
        self._frozen: float | None = None

    @property
    def frozen(self) -> bool:
        """Whether the time stands still."""
        return self._frozen is not None

    def set(self, at: float) -> None:
        """Set the time. A frozen time stays frozen."""
        if self._frozen is None:
            self._offset = at - self._source()
        else:
            self._frozen = min(at, LATEST)

    def now(self) -> float:
        """Return the world's time in seconds since 1970 UTC."""
        return min(self._source() + self._offset, LATEST) if self._frozen is None else self._frozen

    def freeze(self, at: float | None = None) -> None:
        """Stop the time, now or at a given second."""
        self._frozen = self.now() if at is None else at

    def advance(self, seconds: float) -> None:
        """Move the time forward, or back by a negative number."""
        self.set(self.now() + seconds)

    def run(self) -> None:
        """Let a frozen time go on."""
        if self._frozen is not None:
            self._offset, self._frozen = self._frozen - self._source(), None


@lru_cache(maxsize=256)
def write_time(seconds: int, offset: int) -> str:
    """Write a time as the page does: `2025-12-05 15:32:34`. `offset`: seconds east of UTC.

    Beyond the years 1 to 9999, their first or last second is written. Results are remembered, since all items of a
    second have one time: otherwise a create takes 5 % longer.
    """
    moment = datetime.fromtimestamp(min(max(seconds + offset, EARLIEST), LATEST), UTC)
    return moment.replace(tzinfo=None).isoformat(" ", "seconds")


def write_moment(seconds: float, form: str, offset: int = 0) -> str:
    """Write a time for a placeholder, in one of the forms of `x-text`: `iso`, `unix`, …; "" is the form of the page.

    Examples: `iso-ms` 2025-12-05T15:32:34.000Z · `iso-offset` 2025-12-05T15:32:34+00:00 · `unix-ms` 1764948754000
    """
    whole = int(seconds)
    if form.startswith("unix"):
        return f"{whole}000" if form == "unix-ms" else str(whole)
    if form == "http":
        return formatdate(min(max(seconds, EARLIEST), LATEST), usegmt=True)
    if not form:
        return write_time(whole, offset)
    zone, fraction = "Z", {"ms": ".000", "us": ".000000"}.get(form[-2:], "")
    if form.startswith("iso-offset"):
        hours, minutes = divmod(abs(offset) // 60, 60)
        zone = f"{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"
    else:
        offset = 0
    return write_time(whole, offset).replace(" ", "T") + fraction + zone


def read_time(shown: str | int, offset: int) -> int:
    """Read a time in any form of `write_moment`. Raises ValueError."""
    if isinstance(shown, int) or shown.isdigit():
        return int(shown) // 1000 if int(shown) > _SECONDS else int(shown)
    if "," in shown:
        return int(parsedate_to_datetime(shown).timestamp())
    moment = datetime.fromisoformat(shown)
    return (
        int(moment.replace(tzinfo=UTC).timestamp()) - offset
        if moment.tzinfo is None
        else int(moment.timestamp())
    )
