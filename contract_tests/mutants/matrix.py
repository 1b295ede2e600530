"""The kill matrix, for people and for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from contract_tests.mutants.mutant import Kind, Mutant
from contract_tests.mutants.trial import Fate
from contract_tests.mutants.verdict import Verdict
from contract_tests.run.settings import SUITES

Judged = Sequence[tuple[Mutant, Fate, Verdict]]

_ORDER = {word: place for place, word in enumerate(Verdict)}


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


def _cells(one: tuple[Mutant, Fate, Verdict]) -> tuple[str, ...]:
    mutant, fate, word = one
    marks = ["x" if suite in fate.killed_by else "." if suite in fate.ran else "" for suite in SUITES]
    opening = "x" if set(fate.killed_by) - set(SUITES) else ""
    return mutant.id, mutant.kind, word, *marks, opening, str(fate.requests), f"{fate.seconds:.1f}"


def _survivors(judged: Judged, reasons: Mapping[str, str]) -> Iterator[str]:
    """Say of each that is not simply dead or alive what it does, and why it may."""
    for mutant, fate, word in judged:
        if word in (Verdict.SURVIVED, Verdict.EXPLAINED):
            yield f"{word}: {mutant.id}: {mutant.sentence} {reasons.get(mutant.id, 'No suite notices.')}"
        elif word is Verdict.FALSE_ALARM:
            yield f"{word}: {mutant.id}: {mutant.sentence} The kit says: {fate.words}"
        elif word is Verdict.NOTICED:
            yield f"{word}: {mutant.id}: {mutant.sentence} Answers: {', '.join(fate.noticed)}"
    yield ""


def _scores(judged: Judged) -> Iterator[str]:
    for kind in Kind:
        words = Counter(word for mutant, _, word in judged if mutant.kind is kind)
        if words:
            counts = ", ".join(f"{words[word]} {word.lower()}" for word in Verdict if words[word])
            yield f"{kind}: {words.total()} tried, {counts}"
    requests = sum(fate.requests for _, fate, _ in judged)
    yield f"{len(judged)} mutants, {requests} requests, {sum(f.seconds for _, f, _ in judged):.0f} s of trials"
