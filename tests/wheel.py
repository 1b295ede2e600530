"""The wheel, as strangers get it: it is built once for a run, and installed outside of the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run(*command: object, cwd: Path, **variables: str) -> str:
    """Run a command that knows nothing of the checkout. It must succeed. Return its standard output."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COVERAGE", "PYTHON", "PYTEST"))
    }
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        cwd=cwd,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(folder: Path, repository: str = "") -> Path:
    """Build the wheel in an empty folder."""
    words = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    run(*words, cwd=folder, BITPEAK_REPOSITORY=repository)
    (built,) = folder.glob("*.whl")
    return built


def make_environment(folder: Path) -> Path:
    """Make a virtual environment without pip, and return the folder of its commands."""
    venv.create(folder)
    return folder / ("Scripts" if os.name == "nt" else "bin")


def pip(commands: Path, *words: object, cwd: Path) -> str:
    """Run the pip of this environment for another one. To install one there takes four seconds."""
    command = [sys.executable, "-m", "pip", "--python", commands / "python", "--disable-pip-version-check"]
    return run(*command, *words, cwd=cwd)


def install_alone(wheel: Path, folder: Path) -> Path:
    """Install a wheel in a new environment that borrows all other packages from this one, which takes no network.

    Return the folder of its commands.
    """
    commands = make_environment(folder)
    pip(commands, "install", "--quiet", "--no-compile", "--no-deps", "--no-index", wheel, cwd=folder)
    own = run(commands / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder)
    Path(own.strip(), "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return commands
