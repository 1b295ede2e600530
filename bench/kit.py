"""How long a person waits for the commands: their start, the first line of a run, and a whole run on loopback."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, cast

from bench.figures import median
from bench.process import free_port, running
from bench.progress import say
from bench.scenario import KEY, SCENARIOS

_STARTS = {"--help": ("--help",), "check --help": ("check", "--help"), "sweep": ("sweep",)}
_PROGRAM = (sys.executable, "-m", "mock_server")


def measured(rounds: int) -> dict[str, float]:
    """Return the median seconds of each command."""
    seconds: dict[str, list[float]] = {}
    port = free_port()
    probe = SCENARIOS[1].wire("/api", f"127.0.0.1:{port}")
    with (
        tempfile.TemporaryDirectory() as folder,
        running([*_PROGRAM, "serve", "--port", str(port), "--quiet"], port, probe),
    ):
        target = ("--base-url", f"http://127.0.0.1:{port}/api")
        runs = {
            "check --profile quick": ("check", *target, "--profile", "quick"),
            "learn": ("learn", *target, "--out", "learned.yaml"),
        }
        for number in range(rounds):
            say(f"commands: round {number + 1} of {rounds}")
            for name, words in _STARTS.items():
                seconds.setdefault(name, []).append(_run(words, Path(folder))[1])
            for name, words in runs.items():
                first, whole = _run(words, Path(folder))
                seconds.setdefault(f"first line of {name.split()[0]}", []).append(first)
                seconds.setdefault(name, []).append(whole)
    return {name: median(values) for name, values in seconds.items()}


def _run(words: Sequence[str], folder: Path) -> tuple[float, float]:
    """Return the seconds until a command says something, and until it ends."""
    environ = {"BITPEAK_API_KEY": KEY, "PYTHONUNBUFFERED": "1"}
    began = time.perf_counter()
    with subprocess.Popen(
        [*_PROGRAM, *words], cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        said = cast("IO[bytes]", process.stdout)
        said.readline()
        first = time.perf_counter() - began
        said.read()
    return first, time.perf_counter() - began
