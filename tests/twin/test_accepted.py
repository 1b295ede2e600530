"""Accepted differences have a reason and a last day, after which they accept nothing any more."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from contract_tests.report.accepted import Acceptances, read_accepted
from contract_tests.run.settings import Stop
from contract_tests.twin.compare import Difference

TODAY = date(2026, 11, 25)
STATUS = Difference("status", 201, 200)
FILE = """\
accepted:
  - operation: create_*
    place: status
    reason: the site will change it
    until: '2026-11-25'
"""


def accepted(folder: Path, text: str, today: date = TODAY) -> Acceptances:
    file = folder / "accepted.yaml"
    file.write_text(text, encoding="utf-8")
    return read_accepted(file, today)


def test_an_entry_holds_until_its_day(tmp_path: Path) -> None:
    found = accepted(tmp_path, FILE)
    assert found.unmet
    assert found.accepts("create_notification_handler", STATUS)
    assert not found.accepts("update_notification_handler", STATUS)
    assert not found.expired
    assert not found.unmet


def test_an_expired_entry_accepts_nothing(tmp_path: Path) -> None:
    found = accepted(tmp_path, FILE, date(2026, 11, 26))
    assert not found.accepts("create_notification_handler", STATUS)
    assert [entry.reason for entry in found.expired] == ["the site will change it"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("differences: []", "accepted.yaml:1: Unknown key 'differences'. Choose from accepted."),
        (
            FILE.replace("    reason: the site will change it\n", ""),
            "accepted.yaml:2: .*The key 'reason' is missing",
        ),
        (FILE.replace("'2026-11-25'", "'soon'"), "accepted.yaml:5: .*must be a day in quotes"),
        (FILE.replace("11-25", "11-31"), "accepted.yaml:5: .*no such day as 2026-11-31"),
        (FILE.replace("status", "' '"), "accepted.yaml:3: .*must not be empty"),
    ],
)
def test_a_wrong_file_is_said_with_its_line(text: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(Stop, match=complaint):
        accepted(tmp_path, text)
