"""A mock whose process has no descriptor left still says how it does."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import resource
from mock_server import create_app

client = create_app().test_client()
client.post("/api/", json={})  # what the client itself imports
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (0, most))
try:
    open("/dev/null")
except OSError as error:
    print(error.strerror)
for path in ("health", "ready", "control.yaml", "clock?key=mock", "journal?key=mock"):
    print(client.get(f"/_mock/{path}").status_code)
print(client.post("/_mock/faults?key=mock", json={"status": "503"}).status_code)
"""


def test_the_control_needs_no_descriptor() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.stdout.split("\n") == ["Too many open files", *["200"] * 5, "400", ""], done.stderr
