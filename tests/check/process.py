"""`bitpeak-mock check` as a process, and what it left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

KEY = "real-key-1-kept-secret"
PROGRAM = str(Path(sys.executable).with_name("bitpeak-mock"))
# None of the machine's own settings may have a say.
FOREIGN = ("BITPEAK_", "PYTEST_", "NO_COLOR", "FORCE_COLOR")
PATIENCE = 400.0


class Ran(NamedTuple):
    """A process that ended."""

    code: int
    out: str
    err: str


def environment(**more: str) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith(FOREIGN)}
    return kept | more


def start(folder: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [PROGRAM, *arguments], cwd=folder, env=environment(**variables), text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait for something that a process brings about while it runs."""
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.005)


def run(folder: Path, *arguments: str, **variables: str) -> Ran:
    with start(folder, *arguments, **variables) as process:
        try:
            out, err = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    return Ran(process.returncode, out, err)


def check(folder: Path, url: str, *arguments: str, key: str = "", **variables: str) -> Ran:
    if key:
        variables["BITPEAK_API_KEY"] = key
    return run(folder, "check", "--base-url", url, *arguments, **variables)


def findings(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what a report finds wrong."""
    return [*data["contradicts_documentation"], *data["contradicts_itself"]]


def report(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found
