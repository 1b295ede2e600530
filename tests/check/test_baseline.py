"""Findings that somebody accepted do not fail a run, until their day has passed; a new one does."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.check.process import KEY, Ran, check, findings, report
from tests.second_opinion import SecondOpinion

MORE = (
    "--suite",
    "page",
    "--suite",
    "paging",
    "--seed",
    "1",
    "--json",
    "report.json",
    "--baseline",
    "known.yaml",
)


def run(
    folder: Path, *arguments: str, bugs: tuple[str, ...] = ("total-pages-off-by-one",)
) -> tuple[Ran, dict[str, Any]]:
    with SecondOpinion(keys={KEY: 3}, bugs=bugs) as service:
        ran = check(folder, service.url, *MORE, *arguments, key=KEY)
    return ran, report(folder / "report.json")


def entries(folder: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = yaml.safe_load((folder / "known.yaml").read_text())["accepted"]
    return found


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """Write a baseline of a service with a fault."""
    ran, data = run(tmp_path, "--update-baseline")
    assert ran.code == 0, ran
    assert findings(data) == []
    assert data["accepted"]
    return tmp_path


def test_a_baseline_has_an_entry_for_each_finding_with_a_reason_and_a_day(known: Path) -> None:
    assert len(entries(known)) >= 1
    for entry in entries(known):
        assert set(entry) == {"operation", "place", "reason", "until"}
        assert date.fromisoformat(entry["until"]) > date.today()
        assert entry["reason"].strip()


def test_what_is_known_does_not_fail_a_run_and_what_is_new_does(known: Path) -> None:
    ran, data = run(known)
    assert (ran.code, findings(data)) == (0, []), ran
    assert "accepted" in ran.out.splitlines()[-1]
    ran, data = run(known, bugs=("total-pages-off-by-one", "list-without-key"))
    assert ran.code == 0, "the suites of this run do not look at keys"
    ran, data = run(known, "--suite", "refusals", bugs=("total-pages-off-by-one", "list-without-key"))
    assert ran.code == 1
    assert all("key" in finding["documented"] for finding in findings(data))


def test_what_has_expired_fails_again(known: Path) -> None:
    file = known / "known.yaml"
    yesterday = str(date.today() - timedelta(days=1))
    old = [{**entry, "until": yesterday} for entry in entries(known)]
    file.write_text(yaml.safe_dump({"accepted": old}))
    ran, data = run(known)
    assert ran.code == 1
    assert findings(data)
    assert any(yesterday in sentence for sentence in data["expired"])


def test_an_update_keeps_reasons(known: Path) -> None:
    file = known / "known.yaml"
    file.write_text(yaml.safe_dump({"accepted": [{**one, "reason": "Ticket 7."} for one in entries(known)]}))
    run(known, "--update-baseline")
    assert {entry["reason"] for entry in entries(known)} == {"Ticket 7."}


@pytest.mark.parametrize(
    ("text", "word"),
    [("accepted: 5", "known.yaml:1"), ("accepted: [{place: x}]", "operation"), (None, "known.yaml")],
)
def test_a_baseline_that_cannot_be_read_is_said_at_once(tmp_path: Path, text: str | None, word: str) -> None:
    if text is not None:
        (tmp_path / "known.yaml").write_text(text)
    ran = check(tmp_path, "http://127.0.0.1:1/api", "--baseline", "known.yaml")
    assert ran.code == 3, ran
    assert word in ran.err


def test_a_baseline_to_be_written_needs_a_name(tmp_path: Path) -> None:
    ran = check(tmp_path, "http://127.0.0.1:1/api", "--update-baseline")
    assert ran.code == 2
    assert "--baseline" in ran.err
