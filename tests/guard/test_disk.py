"""A disk that takes no more: nothing further is created, what was created goes, and the report is not lost."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.check.process import KEY, PATIENCE, PROGRAM, Ran, environment
from tests.guard.account import Target
from tests.guard.conftest import MakeGuard, through
from tests.second_opinion import SecondOpinion


def failing(number: int) -> Callable[..., Any]:
    """Return what fails as the system does."""

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def test_nothing_is_created_that_the_ledger_does_not_know(
    target: Target, make_guard: MakeGuard, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = target.rows
    guard = make_guard(target)
    client = through(guard)
    kept = client.created("One that stays")
    monkeypatch.setattr("contract_tests.guard.ledger.os.fsync", failing(errno.ENOSPC))
    monkeypatch.setattr(Path, "rename", failing(errno.EROFS))
    reply = client.create("Another one")
    assert reply.refused == "ledger"
    assert "No space left on device" in reply.json["guard"]["sentence"]
    assert str(guard.ledger_file) in guard.fault
    assert client.update(kept, name="Renamed").status == 200, "what the ledger knows may be changed"
    assert len(target.rows) == len(before) + 1
    done = guard.clean_up()
    assert target.rows == before
    assert done.deleted == [kept]
    assert done.sentences == [
        "Nothing of the run is left, but its ledger cannot be marked as swept: Read-only file system."
    ]
    assert not done.complete


def limited(folder: Path, *words: str) -> Ran:
    """Run a command that can write no file beyond some bytes, as on a disk that is nearly full."""
    line = ["sh", "-c", 'ulimit -f 3; exec "$0" "$@"', PROGRAM, *words]
    # Python would leave bytecode cut off at the limit, which breaks every later import.
    variables = environment(BITPEAK_API_KEY=KEY, PYTHONDONTWRITEBYTECODE="1")
    ran = subprocess.run(
        line, cwd=folder, env=variables, text=True, capture_output=True, timeout=PATIENCE,
        stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    return Ran(ran.returncode, ran.stdout, ran.stderr)


@pytest.mark.parametrize(
    "words",
    [
        ("check", "--suite", "lifecycle", "--record", "out", "--html", "page.html"),
        ("learn", "--out", "out"),
    ],
    ids=lambda words: words[0],
)
def test_a_command_says_it_in_a_sentence_and_leaves_nothing(words: tuple[str, ...], tmp_path: Path) -> None:
    with SecondOpinion(keys={KEY: 3}) as service:
        before = service.snapshot(KEY)
        ran = limited(tmp_path, words[0], "--base-url", service.url, *words[1:])
        assert service.snapshot(KEY) == before
        assert service.written(KEY)
    assert ran.code == 3, ran
    assert "Traceback" not in ran.out + ran.err
    assert "File too large" in ran.err
    assert words[0] != "check" or f"{service.url}: " in ran.out.splitlines()[-1], "the report is there"
