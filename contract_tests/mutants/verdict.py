"""Whether a mutant's fate is as it should be."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import yaml

from contract_tests.mutants.mutant import Kind, Mutant
from contract_tests.mutants.trial import Fate

EXPLAINED = Path(__file__).with_name("survivors.yaml")


class Verdict(StrEnum):
    """A word for the matrix: the first two are wrong, the others right."""

    SURVIVED = "SURVIVED"
    FALSE_ALARM = "FALSE ALARM"
    EXPLAINED = "explained"
    LIVES = "lives"
    NOTICED = "noticed"
    DEAD = "dead"

    @property
    def is_wrong(self) -> bool:
        """Whether the kit, or the mutant, wants work."""
        return self in (Verdict.SURVIVED, Verdict.FALSE_ALARM)


def explained(file: Path = EXPLAINED) -> dict[str, str]:
    """Return the reason for each survivor that has one."""
    return dict(yaml.safe_load(file.read_text(encoding="utf-8")) or {})


def verdict(mutant: Mutant, fate: Fate, reasons: Mapping[str, str]) -> Verdict:
    """Return a mutant's verdict.

    A bug that gives another answer to an open question is noticed: the report says so, though no suite fails.
    """
    if mutant.kind is Kind.TOLERANCE:
        return Verdict.FALSE_ALARM if fate.is_dead else Verdict.LIVES
    if fate.is_dead:
        return Verdict.DEAD
    if fate.noticed:
        return Verdict.NOTICED
    return Verdict.EXPLAINED if mutant.id in reasons else Verdict.SURVIVED
