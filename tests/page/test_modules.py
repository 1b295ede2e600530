"""The modules of the page, tested by Node's test runner without a browser."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
NODE = Path(sys.executable).parent / "node"


def test_the_modules_do_what_they_say() -> None:
    files = sorted((HERE / "modules").glob("*.test.mjs"))
    done = subprocess.run(
        [NODE, "--test", *files], cwd=HERE, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    passed = re.search(r"^\S* ?pass (\d+)$", done.stdout, re.MULTILINE)
    assert passed, done.stdout
    assert int(passed[1]) >= len(files) > 0
