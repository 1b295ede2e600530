"""The service as a process."""

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.second_opinion.bugs import BUGS

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "tests.second_opinion"]


def test_a_process_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    port_file, log_file = tmp_path / "port", tmp_path / "log"
    options = ["--port-file", str(port_file), "--log-file", str(log_file), "--key", "k1", "--key", "k2"]
    choices = ["--rows", "7", "--answer", "meta-total=total-results", "--bug", "wrong-total", "--rate", "9"]
    with subprocess.Popen([*COMMAND, *options, *choices], cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + 10
            while not port_file.exists():
                assert process.poll() is None
                assert time.monotonic() < until
                time.sleep(0.02)
            url = f"http://127.0.0.1:{port_file.read_text()}/api/notification-handlers/"
            request = urllib.request.Request(url, headers={"Authorization": "Bearer k2"})
            with urllib.request.urlopen(request, timeout=5) as response:
                assert json.load(response)["meta"]["total_results"] == 8
                assert response.headers["X-RateLimit-Remaining"] == "8"
        finally:
            process.terminate()
        assert process.wait(5) == 0
    [line] = log_file.read_text().splitlines()
    assert json.loads(line) | {"key": "k2", "status": 200, "method": "GET"} == json.loads(line)


def test_bugs_are_listed_and_choices_checked() -> None:
    listed = subprocess.run([*COMMAND, "--list-bugs"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert [line.split()[0] for line in listed.stdout.splitlines()] == list(BUGS)
    for choice in ("create-status", "create-status=fine", "what=ok"):
        wrong = subprocess.run(
            [*COMMAND, "--answer", choice], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert (wrong.returncode, wrong.stderr.splitlines()[-1][:5]) == (2, "pytho"), wrong.stderr
