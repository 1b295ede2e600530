"""Whether each mutant's fate is as it should be: what runs found, kept in a file, and the matrix."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

import contract_tests
from contract_tests.run.flags import SUITES
from mock_server.document import home
from tests.mutants.trial import Fate
from tests.mutants.wire import Kind, Mutant

EXPLAINED = Path(__file__).with_name("survivors.yaml")


class MutantVerdict(StrEnum):
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
        return self in (MutantVerdict.SURVIVED, MutantVerdict.FALSE_ALARM)


def explained(file: Path = EXPLAINED) -> dict[str, str]:
    """Return the reason for each survivor that has one."""
    return dict(yaml.safe_load(file.read_text(encoding="utf-8")) or {})


def verdict(mutant: Mutant, fate: Fate, reasons: Mapping[str, str]) -> MutantVerdict:
    """Return a mutant's verdict.

    A bug that gives another answer to an open question is noticed: the report says so, though no suite fails.
    """
    if mutant.kind is Kind.TOLERANCE:
        return MutantVerdict.FALSE_ALARM if fate.is_dead else MutantVerdict.LIVES
    if fate.is_dead:
        return MutantVerdict.DEAD
    if fate.noticed:
        return MutantVerdict.NOTICED
    return MutantVerdict.EXPLAINED if mutant.id in reasons else MutantVerdict.SURVIVED


_HERE = Path(__file__).parent
_KIT = Path(contract_tests.__file__).parent
# Modules that say what came out, and have no part in it.
_TELLING = ("__main__.py", "matrix.py")
_TUPLES = ("killed_by", "noticed", "ran")


class KnownFates:
    """The fates in a file, by a digest of the kit, the mutants, the documents, the suites asked for and an id."""

    def __init__(self, file: Path | None, suites: Sequence[str] = ()) -> None:
        self._file = file
        self._version = _version(suites)
        self._fates: dict[str, Fate] = {}
        for line in file.read_text(encoding="utf-8").splitlines() if file and file.exists() else ():
            self._read(line)

    def get(self, mutant: Mutant) -> Fate | None:
        """Return what became of a mutant, None if it was not tried."""
        return self._fates.get(self._digest(mutant))

    def put(self, mutant: Mutant, fate: Fate) -> None:
        """Note what became of a mutant."""
        self._fates[self._digest(mutant)] = fate
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"digest": self._digest(mutant), "fate": asdict(fate)}) + "\n")

    def _digest(self, mutant: Mutant) -> str:
        return hashlib.sha256(f"{self._version} {mutant.id}".encode()).hexdigest()[:16]

    def _read(self, line: str) -> None:
        try:
            entry = json.loads(line)
            fate: dict[str, Any] = entry["fate"]
            fate |= {key: tuple(fate[key]) for key in _TUPLES}
            self._fates[entry["digest"]] = Fate(**fate)
        except (ValueError, TypeError, KeyError):  # the last line of a run that was killed
            return


def _version(suites: Sequence[str]) -> str:
    digest = hashlib.sha256(" ".join(sorted(suites)).encode())
    mutants = (file for file in _HERE.glob("*.py") if file.name not in _TELLING)
    for file in sorted([*_KIT.rglob("*.py"), *mutants, *home().glob("*.yaml")]):
        digest.update(file.read_bytes())
    return digest.hexdigest()


Judged = Sequence[tuple[Mutant, Fate, MutantVerdict]]

_ORDER = {word: place for place, word in enumerate(MutantVerdict)}


def as_text(judged: Judged, reasons: Mapping[str, str]) -> str:
    """Return the matrix, what wants work first: an x where a suite failed, a dot where it ran and did not."""
    head = ("MUTANT", "KIND", "VERDICT", *SUITES, "OPENING", "SENT", "SECONDS")
    lines = [_cells(one) for one in sorted(judged, key=lambda one: (_ORDER[one[2]], one[0].kind, one[0].id))]
    widths = [max(len(row[column]) for row in (head, *lines)) for column in range(len(head))]
    table = [
        "  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)).rstrip() for row in (head, *lines)
    ]
    return "\n".join([*table, "", *_survivors(judged, reasons), *_scores(judged)])


def as_json(judged: Judged, reasons: Mapping[str, str]) -> str:
    """Return a list of `{"id", "kind", "sentence", "verdict", "reason", "killed_by", "noticed", …}` as JSON."""
    rows = [
        {
            "kind": m.kind,
            "sentence": m.sentence,
            "verdict": word,
            "reason": reasons.get(m.id, ""),
            **asdict(fate),
        }
        for m, fate, word in judged
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False)


def _cells(one: tuple[Mutant, Fate, MutantVerdict]) -> tuple[str, ...]:
    mutant, fate, word = one
    marks = ["x" if suite in fate.killed_by else "." if suite in fate.ran else "" for suite in SUITES]
    opening = "x" if set(fate.killed_by) - set(SUITES) else ""
    return mutant.id, mutant.kind, word, *marks, opening, str(fate.requests), f"{fate.seconds:.1f}"


def _survivors(judged: Judged, reasons: Mapping[str, str]) -> Iterator[str]:
    """Say of each that is not simply dead or alive what it does, and why it may."""
    for mutant, fate, word in judged:
        if word in (MutantVerdict.SURVIVED, MutantVerdict.EXPLAINED):
            yield f"{word}: {mutant.id}: {mutant.sentence} {reasons.get(mutant.id, 'No suite notices.')}"
        elif word is MutantVerdict.FALSE_ALARM:
            yield f"{word}: {mutant.id}: {mutant.sentence} The kit says: {fate.words}"
        elif word is MutantVerdict.NOTICED:
            yield f"{word}: {mutant.id}: {mutant.sentence} Answers: {', '.join(fate.noticed)}"
    yield ""


def _scores(judged: Judged) -> Iterator[str]:
    for kind in Kind:
        words = Counter(word for mutant, _, word in judged if mutant.kind is kind)
        if words:
            counts = ", ".join(f"{words[word]} {word.lower()}" for word in MutantVerdict if words[word])
            yield f"{kind}: {words.total()} tried, {counts}"
    requests = sum(fate.requests for _, fate, _ in judged)
    yield f"{len(judged)} mutants, {requests} requests, {sum(f.seconds for _, f, _ in judged):.0f} s of trials"
