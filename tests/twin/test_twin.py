"""Two services that are alike show no difference; where they differ, the shortest calls show it, with its name."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from contract_tests.report.accepted import Acceptances
from contract_tests.run.settings import Stop
from contract_tests.twin.report import as_json, as_text
from contract_tests.twin.twin import Plan, Twins, run_twin
from tests.second_opinion import BUGS, OPTIONS, SecondOpinion
from tests.twin.running import KEY, OTHER_KEY, learned, opened, twins

# A bug of each kind: of another account, of a clock, of rows that no call named.
SOME = (
    "other-account-writable", "delete-takes-newest-too", "update-touches-another",
    "delete-does-nothing", "wrong-id-answered",
)  # fmt: skip
FEW = {
    "create-status": "ok",
    "secrets-in-replies": "masked",
    "unknown-field": "refused",
    "user-id": "present",
}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask a late service again at once: no service here is late."""
    for module in ("account", "cleaning"):
        monkeypatch.setattr(f"contract_tests.guard.{module}.PAUSES", (0.0, 0.0))


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
    assert with_overlay.sequences >= sequences


@pytest.mark.parametrize("number", [3, 6, 8])
def test_a_service_that_was_learned_is_the_mock(number: int, tmp_path: Path) -> None:
    check_choice(number, tmp_path, sequences=12)


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
    """Find a bug in at most four calls, with all rows of others as they were."""
    with SecondOpinion({}, {KEY: 30, OTHER_KEY: 3}, bugs=[bug]) as service:
        before = [service.snapshot(key, foreign=True) for key in (KEY, OTHER_KEY)]
        found = twins(service.url, folder, sequences=sequences, seed=7, name=False, other_key=OTHER_KEY)
        after = [service.snapshot(key, foreign=True) for key in (KEY, OTHER_KEY)]
    assert found.shown, f"{bug} was not found"
    assert len(found.shown[0].outcome.steps) <= 4, as_text(found, Acceptances(), str)
    assert after == before


@pytest.mark.parametrize("bug", SOME)
def test_a_bug_comes_out_in_four_calls(bug: str, tmp_path: Path) -> None:
    check_bug(bug, tmp_path, sequences=4)


@pytest.mark.heavy
@pytest.mark.parametrize("bug", sorted(BUGS.keys() - set(SOME)))
def test_any_bug_comes_out_in_four_calls(bug: str, tmp_path: Path) -> None:
    check_bug(bug, tmp_path, sequences=400)


def test_whoever_harms_rows_of_others_is_asked_no_more(tmp_path: Path) -> None:
    with SecondOpinion({}, {KEY: 30}, bugs=["delete-takes-newest-too"]) as service:
        before = service.snapshot(KEY)
        found = twins(service.url, tmp_path, sequences=4)
        assert service.snapshot(KEY) == before
    assert found.sequences == 1
    assert not found.lessons, "learning would delete, too"
    assert as_text(found, Acceptances(), str).endswith("since rows of others are in danger.")


def test_another_accounts_key_is_a_variable_wherever_it_is_shown(tmp_path: Path) -> None:
    with (
        SecondOpinion({}, {KEY: 3, OTHER_KEY: 3}, bugs=["other-account-visible"]) as service,
        opened(service.url, tmp_path, other_key=OTHER_KEY) as opening,
    ):
        found = run_twin(opening, Plan(sequences=1, seed=1, name=False), Acceptances(), lambda _: None)
        reports = [render(found, Acceptances(), opening.clean) for render in (as_text, as_json)]
    assert '--header "Authorization: Bearer $BITPEAK_OTHER_API_KEY"' in reports[0]
    assert not any(key in report for key in (KEY, OTHER_KEY) for report in reports)


@pytest.mark.parametrize(
    ("other_key", "complaint"),
    [
        ("nobody's", "refuses the other account's key: it returns 401"),
        (KEY, "is the run's own: name another account's"),
        (OTHER_KEY, "both keys open the same account of http"),
    ],
)
def test_another_accounts_key_has_to_be_one(other_key: str, complaint: str, tmp_path: Path) -> None:
    with SecondOpinion({}, {KEY: 3, OTHER_KEY: 3}) as service:
        service.accounts[OTHER_KEY] = service.accounts[KEY]
        with pytest.raises(Stop, match=complaint):
            twins(service.url, tmp_path, sequences=4, other_key=other_key)
