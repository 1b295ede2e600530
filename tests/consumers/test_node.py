"""The suite of a Node consumer, in Node's own test runner."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from mock_server import Server, create_app

SUITE = Path(__file__).with_name("points.test.mjs")


def test_the_suite_of_a_node_consumer() -> None:
    node = shutil.which("node")
    assert node, "The tests of clients need Node."
    with Server(create_app()) as server:
        done = subprocess.run(
            [node, "--test", "--test-reporter=tap", str(SUITE)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "MOCK": server.url},
        )
    assert done.returncode == 0, done.stdout
    passed = re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)
    assert passed is not None
    assert int(passed[1]) >= 40, done.stdout
