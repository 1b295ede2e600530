"""Runs, each with a key and a seed of its own, share the examples that failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.check.process import KEY, check, report
from tests.second_opinion import SecondOpinion

MORE = ("--hold-to", "document", "--suite", "model", "--json", "report.json")


def requests(folder: Path, seed: int, *arguments: str, bugs: tuple[str, ...]) -> tuple[int, int]:
    """Return the exit code of a run and how many requests it made."""
    with SecondOpinion(keys={KEY: 3}, bugs=bugs) as service:
        ran = check(folder, service.url, *MORE, "--seed", str(seed), *arguments, key=KEY)
        return ran.code, report(folder / "report.json")["run"]["requests"]


@pytest.mark.parametrize("bug", ["foreign-field-stored"])
def test_what_one_run_found_another_tries_first(tmp_path: Path, bug: str) -> None:
    folder = ("--examples", "examples")
    alone = requests(tmp_path, 2, bugs=(bug,))
    assert requests(tmp_path, 1, *folder, bugs=(bug,))[0] == alone[0] == 1
    assert [path for path in (tmp_path / "examples").rglob("*") if path.is_file()]
    told = requests(tmp_path, 2, *folder, bugs=(bug,))
    assert told[0] == 1
    assert told[1] < alone[1], "the known example shows the fault before any other"
    assert KEY.encode() not in b"".join(
        p.read_bytes() for p in (tmp_path / "examples").rglob("*") if p.is_file()
    )


def test_an_example_of_a_fault_that_was_mended_does_no_harm(tmp_path: Path) -> None:
    folder = ("--examples", "examples")
    assert requests(tmp_path, 1, *folder, bugs=("foreign-field-stored",))[0] == 1
    assert requests(tmp_path, 2, *folder, bugs=())[0] == 0


def test_examples_are_kept_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "examples").write_text("no folder")
    ran = check(tmp_path, "http://127.0.0.1:1/api", "--examples", "examples")
    assert ran.code == 3
    assert "not a folder" in ran.err
