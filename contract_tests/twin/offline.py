"""A recording held against a mock that is started for it: drift is found later, with no network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from contract_tests.recording import Recording, TapedExchange
from contract_tests.report.accepted import Acceptances
from contract_tests.twin.replay import Drift, Replay, Replayed, others_in
from contract_tests.twin.sides import MockProcess, Variation, answer_otherwise, lining_of, mock_of
from mock_server.document import Document

# Repeats the recording on a mock that gives these answers more, and returns what still differs.
Try = Callable[[Mapping[str, str]], list[Drift]]


@dataclass(frozen=True, slots=True)
class Offline:
    """What a replay came to. `answers` are those that the recorded service gave otherwise than the mock.

    `fitting` are answers to questions on which the recording says nothing: each takes a difference away. `unnamed` are
    the drifts that stay when the mock gives all those answers too.
    """

    recording: Recording
    document: Document
    replayed: Replayed
    answers: dict[str, str]
    unnamed: list[Drift]
    fitting: dict[str, str] = field(default_factory=dict)


def run_offline(
    recording: Recording,
    variation: Variation,
    document: Document,
    accepted: Acceptances,
    tell: Callable[[str], None] = lambda _: None,
) -> Offline:
    """Repeat a recording on a mock. Raises Stop."""
    with _replaying(recording, variation, document, accepted) as replay:
        replayed = replay({}, recording)
        known = document.answers
        answers = {name: a for name, a in recording.answers.items() if known.get(name, a) != a}
        unnamed, fitting = replayed.drifts, dict[str, str]()
        if unnamed and answers:
            unnamed = replay(answers, recording).drifts
        if unnamed and len(recording.answers) < len(known):
            tell("trying other answers to open questions, to name what was found")
            short = replace(recording, exchanges=_telling(recording, unnamed))
            fitting = _fitting(
                lambda more: replay({**answers, **more}, short).drifts, document, recording.answers
            )
            unnamed = replay(answers | fitting, recording).drifts if fitting else unnamed
    return Offline(recording, document, replayed, answers, unnamed, fitting)


def _fitting(attempt: Try, document: Document, said: Mapping[str, str]) -> dict[str, str]:
    """Return, by question, the first answer that takes a difference away and brings none; `said` is what is known."""
    found: dict[str, str] = {}
    left = _places(attempt(found))
    for name, question in document.questions().items():
        for answer in question.answers if name not in said else ():
            if not left:
                return found
            if answer == document.answers[name]:
                continue
            still = _places(attempt(found | {name: answer}))
            if still < left:
                found[name], left = answer, still
                break
    return found


def _places(drifts: Sequence[Drift]) -> set[tuple[int, str]]:
    return {(id(drift.recorded), each.place) for drift in drifts for each in drift.differences}


def _telling(recording: Recording, drifts: Sequence[Drift]) -> tuple[TapedExchange, ...]:
    """Return the exchanges up to the last one that shows a difference of a kind that none before it shows."""
    seen: set[tuple[str, str]] = set()
    last: Drift = drifts[0]
    for drift in drifts:
        kinds = {(drift.recorded.operation, each.place) for each in drift.differences}
        last, seen = (last if kinds <= seen else drift), seen | kinds
    number = next(n for n, each in enumerate(recording.exchanges, start=1) if each.exchange is last.recorded)
    return recording.exchanges[:number]


@contextmanager
def _replaying(
    recording: Recording, variation: Variation, document: Document, accepted: Acceptances
) -> Iterator[Callable[[Mapping[str, str], Recording], Replayed]]:
    """Yield what repeats a recording, or its beginning, in a new world of one mock, with other answers."""

    def replay(answers: Mapping[str, str], part: Recording) -> Replayed:
        with mock_of(there, document, can_write=True) as left, lining_of(left, left.facts) as line_up:
            others, is_all = others_in(recording, left.facts)
            if answers:
                # Where they do not go together, every drift stays without a name.
                answer_otherwise(left.guard.target, left.key, answers)
            line_up(len(others))
            return Replay(part, left, others, accepted.accepts).run(lined_up=is_all)

    with MockProcess(variation.document, variation.overlays, variation.answers) as mock:
        there = replace(variation, url=mock.url)
        yield replay
