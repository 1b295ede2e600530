"""A Chromium to drive: the one that `CHROMIUM` names, the system's, or the one that `make test-page` unpacks.

`python -m tests.page.chromium` prints where it is, and exits with 1 without one.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

MISSING = "no Chromium on this machine: `make test-page` fetches one as an npm package and runs these tests"

# Nothing of the browser's own may go out, and a container has no sandbox to give. Each name of `.example` leads to this
# computer, as those of an attacker would (DNS rebinding).
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP *.example 127.0.0.1",
)

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_UNPACKED = Path(__file__).parent / "browser" / "unpacked"


class Chromium(NamedTuple):
    """A program and the environment that it needs beside the usual one."""

    program: Path
    environment: Mapping[str, str]


def find() -> Chromium | None:
    """Return the Chromium to use, or None."""
    if named := os.environ.get("CHROMIUM"):
        return Chromium(Path(named), {})
    for name in _NAMES:
        if found := shutil.which(name):
            return Chromium(Path(found), {})
    unpacked = _UNPACKED / "chromium"
    if not unpacked.exists():
        return None
    libraries, fonts = _UNPACKED / "al2023" / "lib", _UNPACKED / "fonts"
    return Chromium(unpacked, {"LD_LIBRARY_PATH": str(libraries), "FONTCONFIG_PATH": str(fonts)})


if __name__ == "__main__":
    chromium = find()
    print(chromium.program if chromium else MISSING)
    sys.exit(chromium is None)
