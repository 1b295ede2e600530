"""Runs a command of an example, with this environment's Node and Python in front."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
_SECONDS = 300


def environment(**more: str) -> dict[str, str]:
    """Give the machine's environment with `more`, and without the variables of this test run."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST", "BITPEAK_", "COVERAGE", "PYTHONPATH"))
    }
    return {**kept, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}", **more}


def find_program(name: str) -> str | None:
    """Return the path of a program in that environment, or None."""
    return shutil.which(name, path=environment()["PATH"])


def needs(program: str) -> pytest.MarkDecorator:
    """Skip a test if a program is not installed. CI demands all but Java."""
    demanded = "CI" in os.environ and program != "java"
    return pytest.mark.skipif(
        find_program(program) is None and not demanded, reason=f"{program} is not installed"
    )


def run(*command: str, cwd: Path, **more: str) -> str:
    """Run a command to its end, and give its output. Raises AssertionError with the output if it failed."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment(**more),
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
