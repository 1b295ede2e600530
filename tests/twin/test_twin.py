"""Two services that are alike show no difference; where they differ, the shortest calls show it, with its name."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from contract_tests.twin.accepted import Acceptances
from contract_tests.twin.report import as_json, as_text
from contract_tests.twin.twin import Twins
from tests.second_opinion import BUGS, OPTIONS, SecondOpinion
from tests.twin.running import KEY, learned, twins

# Bugs that a difference of two accounts, or of one account's own rows, does not show.
ELSEWHERE = {
    "other-account-visible": "needs a second account's key",
    "other-account-writable": "needs a second account's key",
    "created-changes": "needs a clock that moves between two calls",
}
SHORT = ("update-does-nothing",)
FEW = {
    "create-status": "ok",
    "secrets-in-replies": "masked",
    "unknown-field": "refused",
    "user-id": "present",
}


def choice(number: int) -> Mapping[str, str]:
    """Return an answer to every question, drawn by a number."""
    draw = random.Random(number)
    return {question: draw.choice(answers) for question, answers in OPTIONS.items()}


def check_choice(number: int, folder: Path, sequences: int) -> None:
    """Learn a service of random answers, and find no difference; without that, name every one."""
    answers = choice(number)
    with SecondOpinion(answers, {KEY: 30}) as service:
        before = service.snapshot(KEY)
        learnt, file = learned(service.url, folder)
        with_overlay = twins(service.url, folder, file, sequences=sequences, seed=number, name=False)
        assert service.snapshot(KEY) == before
    assert not {name for name, answer in learnt.answers.items() if answers[name] != answer}
    assert with_overlay.is_alike, as_text(with_overlay, Acceptances(), str)
    assert with_overlay.sequences == sequences


def test_a_service_that_was_learned_is_the_mock(tmp_path: Path) -> None:
    check_choice(3, tmp_path, sequences=12)


@pytest.mark.heavy
@pytest.mark.parametrize("number", range(20))
def test_any_service_that_was_learned_is_the_mock(number: int, tmp_path: Path) -> None:
    check_choice(number, tmp_path, sequences=500)


def check_names(answers: Mapping[str, str], folder: Path, sequences: int) -> Twins:
    """Compare a service of these answers with the mock as it is: every difference is a question's."""
    with SecondOpinion(answers, {KEY: 30}) as service:
        found = twins(service.url, folder, sequences=sequences, seed=7)
    other = {name for name, answer in answers.items() if answer != OPTIONS[name][0]}
    assert len(found.shown) == 1, as_text(found, Acceptances(), str)
    assert found.shown[0].is_named, as_text(found, Acceptances(), str)
    abouts = {lesson.about for lesson in found.lessons}
    assert abouts <= OPTIONS.keys(), "each lesson is about a question"
    assert other - abouts <= found.open.keys(), "each other answer is named, or stays open"
    return found


@pytest.mark.heavy
def test_without_the_overlay_each_difference_is_named_and_both_sides_are_shown(tmp_path: Path) -> None:
    found = check_names(FEW, tmp_path, sequences=8)
    text = as_text(found, Acceptances(), str)
    assert text.count("  left   curl --request") == text.count("  right  curl --request") > 0
    assert "    the open question " in text
    assert '"about": "create-status"' in as_json(found, Acceptances(), str)
    assert KEY not in text


@pytest.mark.heavy
@pytest.mark.parametrize("number", range(20))
def test_without_the_overlay_each_difference_of_any_service_is_named(number: int, tmp_path: Path) -> None:
    check_names(choice(number), tmp_path, sequences=100)


def check_bug(bug: str, folder: Path, sequences: int) -> None:
    with SecondOpinion({}, {KEY: 30}, bugs=[bug]) as service:
        found = twins(service.url, folder, sequences=sequences, seed=7, name=False)
    assert found.shown, f"{bug} was not found"
    assert len(found.shown[0].outcome.steps) <= 4, as_text(found, Acceptances(), str)


@pytest.mark.parametrize("bug", SHORT)
def test_a_bug_comes_out_in_four_calls(bug: str, tmp_path: Path) -> None:
    check_bug(bug, tmp_path, sequences=60)


@pytest.mark.heavy
@pytest.mark.parametrize("bug", sorted(BUGS.keys() - ELSEWHERE.keys() - set(SHORT)))
def test_any_bug_comes_out_in_four_calls(bug: str, tmp_path: Path) -> None:
    check_bug(bug, tmp_path, sequences=400)
