"""The runner: wrong services die, unusual ones live, and a run is continued where it ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.matrix import KnownFates, MutantVerdict, verdict
from tests.mutants.trial import Fate
from tests.mutants.wire import Kind, Mutant

DYING = ("delete-does-nothing", "list-meta-total-off-by-one", "create-drops-email", "crash-on-emoji")
LIVING = ("extra-in-meta", "lower-case-headers")
SUITES = ("lifecycle", "paging")

BUG = Mutant("a-bug", Kind.BUG, "It is wrong.")
TOLERANCE = Mutant("a-habit", Kind.TOLERANCE, "It is odd.")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.mutants", *words]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("BITPEAK_", "PYTEST_"))}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)


def read(file: Path) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in json.loads(file.read_text(encoding="utf-8"))}


def test_bugs_die_and_habits_live_and_nothing_is_tried_twice(tmp_path: Path) -> None:
    words = [word for name in (*DYING, *LIVING) for word in ("--only", name)]
    words += [word for suite in SUITES for word in ("--suite", suite)]
    words += ["--state", str(tmp_path / "state"), "--json", str(tmp_path / "json")]
    first = run(*words)
    assert first.returncode == 0, first.stdout + first.stderr
    rows = read(tmp_path / "json")
    assert {name: rows[name]["verdict"] for name in DYING} == dict.fromkeys(DYING, "dead")
    assert {name: rows[name]["verdict"] for name in LIVING} == dict.fromkeys(LIVING, "lives")
    assert all(set(rows[name]["ran"]) == set(SUITES) for name in LIVING)
    assert len(first.stderr.splitlines()) == len(DYING) + len(LIVING)

    second = run(*words)
    assert second.stderr == ""
    assert (second.returncode, second.stdout) == (0, first.stdout)


def test_a_name_that_no_mutant_has_is_refused() -> None:
    refused = run("--only", "no-such-mutant")
    assert refused.returncode == 2
    assert "Unknown mutant no-such-mutant" in refused.stderr


def test_nothing_tried_is_no_success() -> None:
    assert run("--only", "crash-on-emoji", "--kind", "bug").returncode == 5


def test_half_a_line_is_no_result(tmp_path: Path) -> None:
    file = tmp_path / "state"
    KnownFates(file).put(BUG, Fate(BUG.id, ("links",), ("q=a",), ("links",), 3, 0.5, "It is."))
    with file.open("a", encoding="utf-8") as stream:
        stream.write('{"digest": "0')
    assert KnownFates(file).get(BUG) == Fate(BUG.id, ("links",), ("q=a",), ("links",), 3, 0.5, "It is.")
    assert KnownFates(file).get(TOLERANCE) is None
    assert KnownFates(file, ["links"]).get(BUG) is None, "other suites find something else"


@pytest.mark.parametrize(
    ("mutant", "fate", "expected"),
    [
        (BUG, Fate("a-bug"), MutantVerdict.SURVIVED),
        (BUG, Fate("a-bug", ("paging",)), MutantVerdict.DEAD),
        (BUG, Fate("a-bug", (), ("q=a",)), MutantVerdict.NOTICED),
        (TOLERANCE, Fate("a-habit"), MutantVerdict.LIVES),
        (TOLERANCE, Fate("a-habit", ("paging",)), MutantVerdict.FALSE_ALARM),
    ],
)
def test_verdicts(mutant: Mutant, fate: Fate, expected: MutantVerdict) -> None:
    assert verdict(mutant, fate, {}) is expected


def test_a_reason_excuses_a_survivor_and_no_false_alarm() -> None:
    assert verdict(BUG, Fate("a-bug"), {"a-bug": "It cannot be seen."}) is MutantVerdict.EXPLAINED
    assert verdict(TOLERANCE, Fate("a-habit", ("page",)), {"a-habit": "So."}) is MutantVerdict.FALSE_ALARM
