"""A clock for a guard, so that an hour of waiting takes no time."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Clock:
    """A clock that moves when somebody waits, and by `look` seconds with every look at it."""

    look: float
    now: float = field(default_factory=time.time)
    waits: list[float] = field(default_factory=list)

    def time(self) -> float:
        self.now += self.look
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
