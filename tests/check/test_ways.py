"""Three ways to the same suites, and that nothing else has a say in them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.check.process import KEY, Ran, check, environment, report
from tests.second_opinion import SecondOpinion

ROOT = Path(__file__).parents[2]


def pytest_way(*arguments: str) -> Ran:
    return pytest_run("contract_tests", *arguments)


def pytest_run(*arguments: str, folder: Path = ROOT) -> Ran:
    command = [sys.executable, "-m", "pytest", *arguments]
    ended = subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    return Ran(ended.returncode, ended.stdout, ended.stderr)


def test_by_pytest(mock: str, tmp_path: Path) -> None:
    ran = pytest_way("--base-url", mock, "--suite", "page", "--json", str(tmp_path / "report.json"))
    assert ran.code == 0, ran
    assert "no finding: " in ran.out
    data = report(tmp_path / "report.json")
    assert {test["suite"] for test in data["tests"]} == {"page"}


def test_what_pytest_was_told_to_run_need_not_reach_all(mock: str) -> None:
    chosen = pytest_way("--base-url", mock, "-k", "test_page")
    named = pytest_run("contract_tests/suites/test_page.py", "--base-url", mock)
    for ran in (chosen, named):
        assert ran.code == 0, ran
        assert "no finding: " in ran.out
    assert "pytest was told to run other tests only" in chosen.out


def test_by_the_path_of_an_installed_kit(mock: str, tmp_path: Path) -> None:
    ran = pytest_run(str(ROOT / "contract_tests"), "--base-url", mock, "--suite", "page", folder=tmp_path)
    assert ran.code == 0, ran


def test_pytest_ends_with_the_same_codes() -> None:
    assert pytest_way().code == 2
    unreachable = pytest_way("--base-url", "http://127.0.0.1:1/api")
    assert unreachable.code == 4
    assert "cannot be reached" in unreachable.out + unreachable.err


def test_no_foreign_configuration_interferes(mock: str, tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --nonsense\n", encoding="utf-8")
    (tmp_path / "conftest.py").write_text("raise RuntimeError\n", encoding="utf-8")
    (tmp_path / "schemathesis.toml").write_text("nonsense = 1\n", encoding="utf-8")
    before = set(tmp_path.iterdir())
    ran = check(tmp_path, mock, "--suite", "page", PYTEST_ADDOPTS="--nonsense", PYTEST_PLUGINS="nonsense")
    assert ran.code == 0, ran
    assert set(tmp_path.iterdir()) == before


def test_the_environment_sets_what_the_flags_set(mock: str, tmp_path: Path) -> None:
    variables = {"SUITE": "page", "SEED": "11", "JSON": "report.json", "FORMAT": "json"}
    ran = check(tmp_path, mock, **{f"BITPEAK_CHECK_{name}": text for name, text in variables.items()})
    assert ran.code == 0, ran
    data = report(tmp_path / "report.json")
    assert (data["run"]["suites"], data["run"]["seed"]) == (["page"], 11)
    assert json.loads(ran.out) == data, "standard output has the report and nothing else"


def test_a_seed_repeats_the_requests(tmp_path: Path) -> None:
    def walked(seed: str) -> list[tuple[str, str, int]]:
        with SecondOpinion(keys={KEY: 0}) as service:
            ran = check(tmp_path, service.url, "--suite", "schema", "--seed", seed, key=KEY)
            assert ran.code in {0, 1}, ran
            return [(entry.method, entry.path, entry.status) for entry in service.log]

    assert walked("7") == walked("7")


@pytest.mark.parametrize("missing", ["requests", "pytest", "hypothesis", "schemathesis"])
def test_without_the_kit_one_sentence_says_what_to_install(tmp_path: Path, missing: str) -> None:
    code = (
        "import sys\n"
        "class Gone:\n"
        "    @staticmethod\n"
        "    def find_spec(name, path=None, target=None):\n"
        f"        if name == {missing!r}: raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Gone)\n"
        "sys.argv = ['x', 'check']\n"
        "from mock_server.cli import main; main()"
    )
    command = [sys.executable, "-c", code]
    ended = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 3, ended
    assert "pip install 'bitpeak-mock[contract]'" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
