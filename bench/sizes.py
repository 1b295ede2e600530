"""The size of an installation, and of each of its parts."""

from __future__ import annotations

import subprocess
import sys
import venv
from importlib.metadata import distributions
from pathlib import Path

_ROOT = Path(__file__).parents[1]


def folder_bytes(folder: Path) -> int:
    """Return the size of all files below a folder, without bytecode, which depends on what was run."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files if path.suffix != ".pyc")


def install(folder: Path) -> dict[str, int]:
    """Install the mock into an environment of its own, as a user does.

    Return the bytes of each distribution, the largest first.
    """
    venv.create(folder, with_pip=False)
    python = str(folder / "bin" / "python")
    command = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", str(_ROOT)]
    subprocess.run([*command, "--disable-pip-version-check"], check=True, capture_output=True)
    (packages,) = (path for path in folder.rglob("site-packages") if not path.is_symlink())
    sizes = {
        distribution.name: sum(
            Path(str(file.locate())).stat().st_size
            for file in distribution.files or ()
            if Path(str(file.locate())).is_file() and file.suffix != ".pyc"
        )
        for distribution in distributions(path=[str(packages)])
    }
    # Files that belong to no distribution.
    sizes["other files"] = max(0, folder_bytes(packages) - sum(sizes.values()))
    return dict(sorted(sizes.items(), key=lambda pair: -pair[1]))
