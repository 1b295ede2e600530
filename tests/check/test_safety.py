"""A service that holds somebody's handlers: they are as before, however a run ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.check.process import KEY, check, findings, report, run, start, until
from tests.second_opinion import SecondOpinion


def test_a_live_target_is_only_read(tmp_path: Path) -> None:
    with SecondOpinion(keys={KEY: 12}) as service:
        before = service.snapshot(KEY)
        ran = check(
            tmp_path, service.url, "--treat-as-live", "--rate", "6000", "--json", "report.json", key=KEY
        )
        assert ran.code == 0, ran
        assert {entry.method for entry in service.log} == {"GET"}
        assert service.snapshot(KEY) == before
    data = report(tmp_path / "report.json")
    assert data["run"]["read_only"]
    assert data["run"]["created"] == 0
    assert any("--allow-writes" in entry["why"] for entry in data["not_reached"])
    assert {test["suite"] for test in data["tests"] if test["outcome"] == "passed"} >= {
        "page",
        "paging",
        "refusals",
    }
    assert not (tmp_path / ".bitpeak-ledger").exists()


def test_writes_are_let_to_a_live_target(tmp_path: Path) -> None:
    with SecondOpinion(keys={KEY: 12}) as service:
        before = service.snapshot(KEY)
        live = ("--treat-as-live", "--allow-writes", "--rate", "6000", "--suite", "page")
        ran = check(tmp_path, service.url, *live, key=KEY)
        assert ran.code == 0, ran
        assert service.written(KEY)
        assert service.snapshot(KEY) == before
    assert [file.suffix for file in (tmp_path / ".bitpeak-ledger").iterdir()] == [".swept"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_nothing(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with SecondOpinion(keys={KEY: 5}) as service:
        before = service.snapshot(KEY)
        arguments = ("check", "--base-url", service.url, "--json", "report.json")
        process = start(tmp_path, *arguments, BITPEAK_API_KEY=KEY)
        until(lambda: len(service.written(KEY)) > 12 and service.snapshot(KEY) != before, process)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert process.returncode == code, (out, err)
        assert service.snapshot(KEY) == before
    data = report(tmp_path / "report.json")
    assert (data["verdict"], data["exit_code"]) == ("cut short", code)
    assert number.name in data["run"]["interrupted"]
    assert any("cut short" in entry["why"] for entry in data["not_reached"])
    assert out.splitlines()[-1].startswith(f"{service.url}: cut short")
    assert "Traceback" not in out + err


def test_what_a_kill_leaves_is_swept(tmp_path: Path) -> None:
    with SecondOpinion(keys={KEY: 5}) as service:
        before = service.snapshot(KEY)
        process = start(tmp_path, "check", "--base-url", service.url, BITPEAK_API_KEY=KEY)
        until(lambda: len(service.written(KEY)) > 3 and service.snapshot(KEY) != before, process)
        process.kill()
        process.communicate()
        assert check(tmp_path, service.url, key=KEY).code == 3
        wrong = run(tmp_path, "sweep", BITPEAK_API_KEY="another-key-of-somebody")
        assert (wrong.code, service.snapshot(KEY) != before) == (3, True), wrong
        swept = run(tmp_path, "sweep", BITPEAK_API_KEY=KEY)
        # A create that was on its way when the kill came is given a minute before it is given up.
        assert swept.code == 0 or (swept.code == 1 and "not answered with an id" in swept.err), swept
        assert service.snapshot(KEY) == before
    assert KEY not in swept.out + swept.err + wrong.err


def test_a_target_that_goes_away_ends_the_run(tmp_path: Path) -> None:
    port, log = tmp_path / "port", tmp_path / "log"
    command = [sys.executable, "-m", "tests.second_opinion", "--port-file", str(port), "--log-file", str(log)]
    service = subprocess.Popen([*command, "--key", KEY, "--rows", "5"], text=True, stdout=subprocess.PIPE)
    until(port.exists, service)
    url = f"http://127.0.0.1:{port.read_text()}/api"
    process = start(tmp_path, "check", "--base-url", url, BITPEAK_API_KEY=KEY)
    until(lambda: log.exists() and log.read_text().count('"POST"') > 30, process)
    service.kill()
    service.communicate()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 4, (out, err)
    assert "cut short (the target no longer responds)" in out.splitlines()[-1]
    assert "bitpeak-mock sweep" in out, "what it left can still be found"


def test_there_may_be_nothing_to_sweep(tmp_path: Path) -> None:
    assert run(tmp_path, "sweep").out == "nothing to sweep in .bitpeak-ledger\n"


@pytest.mark.parametrize("text", ["", "no ledger", '{"event": "intent"}'])
def test_what_is_no_ledger_is_not_swept(tmp_path: Path, text: str) -> None:
    (tmp_path / "file.jsonl").write_text(text, encoding="utf-8")
    ran = run(tmp_path, "sweep", "file.jsonl", BITPEAK_API_KEY=KEY)
    assert ran.code == 3
    assert "is not a ledger" in ran.err


def test_requests_are_not_exceeded(tmp_path: Path) -> None:
    with SecondOpinion(keys={KEY: 5}) as service:
        before = service.snapshot(KEY)
        ran = check(
            tmp_path, service.url, "--max-requests", "110", "--suite", "page", "--suite", "lifecycle", "--json",
            "report.json", key=KEY,
        )  # fmt: skip
        assert service.snapshot(KEY) == before
    assert ran.code == 0, ran
    data = report(tmp_path / "report.json")
    assert data["run"]["budget"] == 110
    assert any("requests" in entry["why"] for entry in data["not_reached"])
    assert findings(data) == []
