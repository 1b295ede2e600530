"""One run of the suites: the target, the effective document, and what was reached."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from contract_tests.document.facts import Facts
from contract_tests.run.reach import Reach
from contract_tests.run.trace import Trace
from contract_tests.target.api import Api


@dataclass(frozen=True, slots=True)
class Profile:
    """How much a run does: `examples` of each generated test, `steps` of each state machine, `machines` of them.

    `spares` means that each request counts: nothing is asked twice, and what the probes show is not shown again.
    """

    name: str
    examples: int
    machines: int
    steps: int
    spares: bool = False


PROFILES = {
    "quick": Profile("quick", examples=8, machines=6, steps=12),
    "standard": Profile("standard", examples=40, machines=25, steps=30),
    "deep": Profile("deep", examples=400, machines=200, steps=60),
}
# What `quick` is on somebody's service, which may allow no more than a request a second.
SPARING = Profile("quick", examples=3, machines=0, steps=0, spares=True)


@dataclass
class Run:
    """What the suites share. `api` goes through the guard where there is one; `can_write` says what it lets pass.

    `answers` are the answers to open questions that the facts follow, found or given; `unknown` the questions that no
    probe settled, with the reason. `is_alone`: nobody else uses the account. `other_key` opens a second account, None
    where there is none. `nowhere` is a path below the base that no service has. `seed` is always set where the command
    line or pytest started the run. `examples` is a folder for the failing examples of generated
    tests, which runs may share.
    """

    api: Api
    facts: Facts
    reach: Reach
    profile: Profile
    can_write: bool
    is_alone: bool = False
    seed: int | None = None
    examples: Path | None = None
    marker: str = ""
    unknown: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    other_key: str | None = field(default=None, repr=False)
    nowhere: str = ""
    trace: Trace = field(default_factory=Trace, repr=False)

    def begin(self) -> None:
        """Say that an attempt of a generated test begins: a finding's reproduction starts here."""
        self.trace.begin()
