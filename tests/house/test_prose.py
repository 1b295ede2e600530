"""The prose of the project is plain: a few words that make it riddling are rare."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.prose import FOLDERS, LIMITS, ROOT, count, total, worst


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_prose_of_a_folder_is_plain(folder: str) -> None:
    counted = count(ROOT / folder)
    prose = total(counted)
    too_many = {
        tic: prose.per_thousand(tic) for tic, most in LIMITS.items() if prose.per_thousand(tic) > most
    }
    assert prose.words > 500
    assert not too_many, "\n".join(["rewrite some of these:", *worst(counted)])


@pytest.mark.parametrize(
    ("name", "text", "tics"),
    [
        ("a.py", 'def f():\n    """Return None where there is none."""\n', {"where": 1, "is no": 1}),
        ("a.py", 'x = 1  # whoever asks, who waits\ny = "where"\n', {"who": 2}),
        ("a.py", 'x = f"{1} is no port, write a number"\n', {"is no": 1}),
        ("a.yaml", "a: What it does, where it can.  # there are no more\n", {"where": 1, "is no": 1}),
        ("a.md", "Who?\n```\nwho is in the code, where?\n```\n", {"who": 1}),
        ("a.mjs", "// where it is\nlet where; /* who\nis it */\n", {"where": 1, "who": 1}),
        ("a.sh", "#!/bin/sh where\necho where # whoever\n", {"who": 1}),
        ("a.md", "It is None. They are no longer there.", {}),
        ("a.json", '"where is it, who is it"', {}),
    ],
)
def test_the_counter(tmp_path: Path, name: str, text: str, tics: dict[str, int]) -> None:
    (tmp_path / name).write_text(text)
    prose = total(count(tmp_path))
    assert {tic: number for tic, number in prose.tics.items() if number} == tics
    assert (prose.words > 0) == (name != "a.json")
