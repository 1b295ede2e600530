"""What a probe is: what it needs of a run, and the function that finds an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from contract_tests.guard.exchange import Exchange
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import Finding, Unknown

Needs = Literal["reads", "writes"]


@dataclass(frozen=True, slots=True)
class Probe:
    """`find` asks a target about one question; it may raise Undecided and Unlisted. `needs` is what it sends."""

    needs: Needs
    find: Callable[[Prober], Finding]

    def run(self, prober: Prober) -> tuple[Finding, tuple[Exchange, ...]]:
        """Return what the probe finds, Unknown where the run may not send what it needs, and the exchanges."""
        if self.needs == "writes" and not prober.can_write:
            return Unknown("needs --allow-writes"), ()
        return prober.find(self.find)
