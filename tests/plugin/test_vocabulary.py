"""A type checker finds a wrong word in a test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# Each line that ends with `# wrong` must be an error, and no other line may be.
USE = """
from mock_server.client import Api, Wire

def use(bitpeak: Api, wire: Wire, name: str) -> None:
    bitpeak.fail(wire="reset")
    bitpeak.fail(wire=wire, operation=name, latency=("1s", 2))  # wrong
    bitpeak.fail(wire="resett")  # wrong
    bitpeak.fail(wires="reset")  # wrong
    bitpeak.fail(status="503")  # wrong
    bitpeak.fail(status=418, body={"message": "short and stout"}, headers={"X-Tea": "1"})
    bitpeak.fail("rate_limited", times=2, latency=(0.1, 2), operation="create_notification_handler")
    bitpeak.fail("a_refusal_of_another_document", operation=name)
    bitpeak.fail(mutation={"pointer": "/data/id", "change": "missing"})
    bitpeak.fail(mutation={"pointer": "/data/id", "change": "gone"})  # wrong
    bitpeak.journal.filter(status="4xx", violation="any")
    bitpeak.journal.filter(status="4x")  # wrong
    bitpeak.journal.filter(methode="POST")  # wrong
    bitpeak.answers(create_status="ok")
    bitpeak.answers(create_statu="ok")  # wrong
    bitpeak.answers({"question-of-another-document": "yes"})
    bitpeak.quota(request=2)  # wrong
    bitpeak.quota(requests=2)["remaning"]  # wrong
    bitpeak.snapshot()["handlers"][0]["name"]
    bitpeak.restore(bitpeak.snapshot())
    bitpeak.journal[-1].request.parts[0]["previw"]  # wrong
"""


def test_a_type_checker_finds_a_wrong_word(tmp_path: Path) -> None:
    path = tmp_path / "use.py"
    path.write_text(USE, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    found = {int(line.split(":")[1]) for line in done.stdout.splitlines() if " error: " in line}
    wrong = {number for number, line in enumerate(USE.splitlines(), 1) if line.endswith("# wrong")}
    assert found == wrong, done.stdout + done.stderr
