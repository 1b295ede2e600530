"""The kit in a process of its own, forked from one that has imported everything: imports would cost most of a trial."""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")
# Not the suites' own modules, which pytest imports in its own way.
_FORKS.set_forkserver_preload(
    ["contract_tests.command.check", "contract_tests.generated.chains", "contract_tests.oracle.machine"]
)
_FOREIGN = ("BITPEAK_", "PYTEST_")


def check(arguments: Sequence[str], folder: Path, patience: float) -> tuple[int | None, str]:
    """Run `bitpeak-mock check` in a folder; return its exit code, None where it ran out of patience, and its words."""
    words = folder / "words"
    process = _FORKS.Process(target=_check, args=(tuple(arguments), folder, words))
    process.start()
    process.join(patience)
    if process.is_alive():
        process.kill()
        process.join()
        return None, ""
    return process.exitcode, words.read_text(encoding="utf-8", errors="replace") if words.exists() else ""


def _check(arguments: tuple[str, ...], folder: Path, words: Path) -> None:
    for name in [name for name in os.environ if name.startswith(_FOREIGN)]:
        del os.environ[name]
    os.chdir(folder)
    log = os.open(words, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    sys.argv = ["bitpeak-mock", "check", *arguments]
    # Late, and by the command's own door: what the mock's command line does is none of this module's imports.
    runpy.run_module("mock_server", run_name="__main__", alter_sys=True)
