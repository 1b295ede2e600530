"""A recording held against a mock that is started for it: drift is found later, with no network."""

from __future__ import annotations

from dataclasses import dataclass

from contract_tests.recording.tape import Recording
from contract_tests.twin.accepted import Acceptances
from contract_tests.twin.mock import answer_otherwise
from contract_tests.twin.replay import Drift, Replay, Replayed, others_in
from contract_tests.twin.sides import Variation, lining_of, mock_of
from mock_server.document import Document


@dataclass(frozen=True, slots=True)
class Offline:
    """What a replay came to. `answers` are those that the recorded service gave otherwise than the mock.

    `unnamed` are the drifts that stay when the mock gives those answers too.
    """

    recording: Recording
    document: Document
    replayed: Replayed
    answers: dict[str, str]
    unnamed: list[Drift]


def run_offline(
    recording: Recording, variation: Variation, document: Document, accepted: Acceptances
) -> Offline:
    """Repeat a recording on a mock. Raises Stop."""
    replayed = _replay(recording, variation, document, accepted, {})
    known = document.answers
    answers = {name: a for name, a in recording.answers.items() if known.get(name, a) != a}
    unnamed = replayed.drifts
    if replayed.drifts and answers:
        unnamed = _replay(recording, variation, document, accepted, answers).drifts
    return Offline(recording, document, replayed, answers, unnamed)


def _replay(
    recording: Recording,
    variation: Variation,
    document: Document,
    accepted: Acceptances,
    answers: dict[str, str],
) -> Replayed:
    with mock_of(variation, document, can_write=True) as left, lining_of(left, left.facts) as line_up:
        others, is_all = others_in(recording, left.facts)
        if answers and not answer_otherwise(left.guard.target, left.key, answers):
            answers = {}  # they do not go together; every drift stays without a name
        line_up(len(others))
        return Replay(recording, left, others, accepted.accepts).run(lined_up=is_all)
