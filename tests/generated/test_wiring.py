"""The two suites as a run has them: behind the guard, under pytest, thrifty on somebody's service."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.generated.suites import KEY, combination
from tests.second_opinion import SecondOpinion

ROOT = Path(__file__).parents[2]
FOREIGN = 30
# What two suites may take in a quick run on this computer; on somebody's service they are left out.
MOST = 400


def run_suites(url: str, number: int, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    answers = [f"--answer={question}={answer}" for question, answer in combination(number).items()]
    command = [
        sys.executable, "-m", "pytest", str(ROOT / "contract_tests"), "--quiet", f"--base-url={url}",
        "--suite=schema", "--suite=links", f"--ledger-dir={folder / 'ledger'}", "-Werror", *answers, *more,
    ]  # fmt: skip
    environment = {**os.environ, "BITPEAK_API_KEY": KEY}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_quick_run_spares_requests_and_leaves_nothing(tmp_path: Path) -> None:
    # What a folder says to schemathesis is not for these suites.
    (tmp_path / "schemathesis.toml").write_text("[generation]\nmax-examples = 'many'\n")
    with SecondOpinion(combination(0), {KEY: FOREIGN}) as service:
        before = service.snapshot(KEY)
        done = run_suites(service.url, 0, tmp_path, "--allow-writes", "--rate=100000")
        assert done.returncode == 0, done.stdout
        assert service.snapshot(KEY) == before
        assert 10 < len(service.log) <= MOST
        assert {entry.status for entry in service.log} & {429, 500} == set()
    assert {path.name for path in tmp_path.iterdir()} <= {"schemathesis.toml", "ledger"}


def test_a_fault_is_a_finding_with_its_curl_line_and_without_the_key(tmp_path: Path) -> None:
    with SecondOpinion(keys={KEY: FOREIGN}, bugs=["emoji-fails"]) as service:
        done = run_suites(service.url, 0, tmp_path)
        assert done.returncode == 1
        itself = done.stdout.partition("Contradicts itself")[2].partition(
            "What the documentation leaves open"
        )[0]
        assert "A create returns 500" in itself.replace("generated ", "")
        assert "curl --request POST" in itself
        assert KEY not in done.stdout + done.stderr


def test_a_run_that_may_not_write_only_lists(tmp_path: Path) -> None:
    with SecondOpinion(keys={KEY: FOREIGN}) as service:
        done = run_suites(service.url, 0, tmp_path, "--treat-as-live", "--rate=100000", "--profile=standard")
        assert done.returncode == 0, done.stdout
        assert {entry.method for entry in service.log} == {"GET"}


def test_suites_that_a_thrifty_run_leaves_out_altogether_have_run_nothing(tmp_path: Path) -> None:
    with SecondOpinion(keys={KEY: FOREIGN}) as service:
        done = run_suites(service.url, 0, tmp_path, "--treat-as-live", "--rate=100000")
    assert done.returncode == 5, done.stdout
