"""A run that is spread over workers: each has an account of its own, and together they make one report."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from contract_tests.report.outcome import (
    Extra,
    Finding,
    OperationSeen,
    QuestionSeen,
    RunVerdict,
    ShownCall,
    Trial,
)
from contract_tests.run.settings import Code, RunSettings, Stop, read_settings
from contract_tests.session.parts import Course, RunPart, judged
from contract_tests.session.session import check_shares, share_of
from tests.check.process import KEY, check, environment, findings, report, run, start, until
from tests.check.test_ways import pytest_way
from tests.check.test_written import SCHEMA
from tests.second_opinion import SecondOpinion

KEYS = (KEY, "real-key-2-kept-secret")
TWO = "\n".join(KEYS)
SHORT = ("--suite", "questions", "--suite", "page", "--suite", "refusals")
HERE = "http://127.0.0.1:4055/api"


def rows(service: SecondOpinion) -> list[Any]:
    return [service.snapshot(key) for key in KEYS]


def reached(data: dict[str, Any]) -> dict[str, Any]:
    """Return what a report says of the target, but for how often."""
    return {
        "tests": sorted((test["suite"], test["name"], test["outcome"]) for test in data["tests"]),
        "seen": {
            one["id"]: (set(one["statuses"]), set(one["refusals"]), set(one["missing"]))
            for one in data["operations"]
        },
        "questions": {one["id"]: (one["answer"], one["source"]) for one in data["left_open"]},
        "left out": {(one["what"], one["why"]) for one in data["not_reached"]},
        "verdict": (data["verdict"], data["exit_code"], findings(data)),
    }


def both_ways(folder: Path, service: SecondOpinion, *arguments: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the report of one run, and that of the same run spread over two workers."""
    more = ("--seed", "5", *arguments)
    alone = check(folder, service.url, *more, "--json", "alone.json", key=KEY)
    before = rows(service)
    service.log.clear()
    spread = check(folder, service.url, *more, "--workers", "2", "--json", "spread.json", key=TWO)
    assert (alone.code, spread.code) == (0, 0), (alone, spread)
    assert rows(service) == before
    assert all(service.written(key) for key in KEYS), "each worker writes to its own account"
    told = report(folder / "spread.json")
    assert told["run"]["requests"] == len(service.log)
    assert not [key for key in KEYS if key in (folder / "spread.json").read_text() + spread.out + spread.err]
    return report(folder / "alone.json"), told


def test_two_workers_reach_what_one_run_reaches(tmp_path: Path) -> None:
    for name in (
        "queue",
        "click",
        "flask",
    ):  # a project's own, which must not replace those that the kit needs
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong one')")
    with SecondOpinion(keys=dict.fromkeys(KEYS, 3)) as service:
        alone, spread = both_ways(tmp_path, service, *SHORT)
    assert reached(spread) == reached(alone)
    assert (alone["run"]["workers"], spread["run"]["workers"]) == (1, 2)
    jsonschema_rs.validator_for(SCHEMA).validate(spread)
    ledgers = sorted((tmp_path / ".bitpeak-ledger").rglob("*.jsonl*"))
    assert [file.suffix for file in ledgers] == [".swept"] * 3
    assert {file.parent.name for file in ledgers} == {".bitpeak-ledger", "worker-1", "worker-2"}


@pytest.mark.heavy
def test_a_whole_run_is_judged_as_a_whole(tmp_path: Path) -> None:
    with SecondOpinion(keys=dict.fromkeys(KEYS, 3)) as service:
        alone, spread = both_ways(tmp_path, service)
    assert reached(spread) == reached(alone)


def test_by_pytest_with_keys_that_are_made_up(mock: str, tmp_path: Path) -> None:
    reports = ("--json", str(tmp_path / "report.json"), "--junit", str(tmp_path / "junit.xml"))
    ran = pytest_way("--base-url", mock, "-n", "2", "--suite", "page", "--suite", "paging", *reports)
    assert ran.code == 0, ran
    assert ran.out.count("no finding: ") == 1
    data = report(tmp_path / "report.json")
    assert {test["suite"] for test in data["tests"]} == {"page", "paging"}
    assert f'name="Tests that passed" tests="{len(data["tests"])}"' in (tmp_path / "junit.xml").read_text()


def test_a_finding_of_any_worker_is_a_finding(tmp_path: Path) -> None:
    with SecondOpinion(keys=dict.fromkeys(KEYS, 3), bugs=["wrong-total"]) as service:
        ran = check(
            tmp_path, service.url, "--workers", "2", *SHORT, "--suite", "paging", "--json", "report.json", key=TWO
        )  # fmt: skip
    assert ran.code == 1, ran
    found = findings(report(tmp_path / "report.json"))
    assert any(finding["steps"] for finding in found)
    assert "--workers" not in ran.err


@pytest.mark.parametrize(
    ("arguments", "key", "words"),
    [
        (("--workers", "3"), TWO, "3 workers need 3 API keys and there are 2"),
        (("--workers", "2", "--max-requests", "1"), TWO, "--max-requests is 1"),
        (("--workers", "0"), TWO, "--workers is 0"),
    ],
)
def test_what_is_not_enough_is_said_in_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], key: str, words: str
) -> None:
    ran = check(tmp_path, "http://127.0.0.1:1/api", *arguments, key=key)
    assert ran.code == 2, ran
    assert words in ran.err.splitlines()[-1]


def test_by_pytest_too_few_keys_are_a_wrong_option(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    ran = pytest_way(
        "--base-url", "http://127.0.0.1:1/api", "--api-key-file", str(tmp_path / "key"), "-n", "2"
    )
    assert ran.code == 2, ran
    assert "2 workers need 2 API keys and there is 1" in ran.out + ran.err


def test_without_xdist_a_sentence_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import importlib.util as u, sys\n"
        "find = u.find_spec\n"
        "u.find_spec = lambda name, *more: None if name == 'xdist' else find(name, *more)\n"
        f"sys.argv = ['x', 'check', '--base-url', {HERE!r}, '--workers', '2']\n"
        "from mock_server.cli import main; main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )  # fmt: skip
    assert ended.returncode == 3, ended
    assert ended.stderr == "bitpeak-mock: --workers needs pytest-xdist: install bitpeak-mock[spread].\n"


def test_a_target_that_no_worker_reaches(tmp_path: Path) -> None:
    ran = check(tmp_path, "http://127.0.0.1:1/api", "--workers", "2", *SHORT)
    assert ran.code == 4, ran
    assert "cannot be reached" in ran.err
    assert "Warning" not in ran.err, "a library complains"


def spread_over_two(folder: Path, service: SecondOpinion) -> subprocess.Popen[str]:
    """Start a run, and return it once both workers are at it."""
    arguments = ("check", "--base-url", service.url, "--workers", "2", "--json", "report.json")
    before = rows(service)
    process = start(folder, *arguments, BITPEAK_API_KEY=TWO)
    until(lambda: all(len(service.written(key)) > 12 for key in KEYS), process)
    until(lambda: rows(service)[1] != before[1], process)
    return process


def test_a_worker_that_is_killed_is_reported_and_swept(tmp_path: Path) -> None:
    with SecondOpinion(keys=dict.fromkeys(KEYS, 3)) as service:
        before = rows(service)
        process = spread_over_two(tmp_path, service)
        (ledger,) = (tmp_path / ".bitpeak-ledger" / "worker-2").glob("*.jsonl")
        os.kill(json.loads(ledger.read_text().splitlines()[0])["pid"], signal.SIGKILL)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 70, (out, err)
        data = report(tmp_path / "report.json")
        assert (data["verdict"], data["run"]["workers"]) == ("cut short", 2)
        assert "worker 2 ended without a word" in data["run"]["interrupted"]
        assert any("Worker 2" in defect["error"] for defect in data["defects"])
        (left,) = data["run"]["left_behind"]
        assert f"sweep {ledger.relative_to(tmp_path)}" in left
        assert service.snapshot(KEYS[0]) == before[0], "the other one has cleaned up"
        assert check(tmp_path, service.url, key=KEY).code == 3, "no run may start on it"
        swept = run(tmp_path, "sweep", BITPEAK_API_KEY=TWO)
        assert swept.code == 0 or "not answered with an id" in swept.err, swept
        assert rows(service) == before


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_nothing(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with SecondOpinion(keys=dict.fromkeys(KEYS, 3)) as service:
        before = rows(service)
        process = spread_over_two(tmp_path, service)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert process.returncode == code, (out, err)
        assert rows(service) == before
    data = report(tmp_path / "report.json")
    assert (data["verdict"], data["run"]["left_behind"]) == ("cut short", [])
    assert number.name in data["run"]["interrupted"]
    assert "Traceback" not in out + err


def settings(**given: object) -> RunSettings:
    return read_settings({"base_url": HERE, "api_key_file": None, **given}, None, {"BITPEAK_API_KEY": TWO})


def test_a_budget_is_divided_and_an_account_is_not_shared(tmp_path: Path) -> None:
    whole = settings(
        max_requests=7, rate=5, ledger_dir=str(tmp_path), record="tape.jsonl", json="report.json"
    )
    check_shares(whole, 2)
    shares = [share_of(whole, number, 2) for number in (1, 2)]
    assert [share.key for share in shares] == list(KEYS)
    assert [(share.max_requests, share.rate) for share in shares] == [(4, 3), (3, 2)]
    assert [share.record for share in shares] == [Path("tape-1.jsonl"), Path("tape-2.jsonl")]
    assert {share.json for share in shares} == {None}
    assert {share.ledger_dir.parent for share in shares} == {tmp_path}
    assert len({share.seed for share in shares}) == 1
    assert [pickle.loads(pickle.dumps(share)) for share in shares] == shares


def test_the_rate_that_is_believed_is_each_accounts(tmp_path: Path) -> None:
    live = settings(treat_as_live=True)
    assert [share_of(live, number, 2).rate for number in (1, 2)] == [50, 50]


def test_the_same_key_twice_is_one_account() -> None:
    given = read_settings({"base_url": HERE}, None, {"BITPEAK_API_KEY": f"{KEY}\n{KEY}\n"})
    with pytest.raises(Stop) as stopped:
        check_shares(given, 2)
    assert stopped.value.code is Code.USAGE


QUESTION = QuestionSeen("a-question", "Is it?", "It is.", "yes", "yes", "It is.")
KIND = "contradicts the documentation"
PART = RunPart(
    target=HERE, document="The service", digest="0", overlays=(), started="2026-01-02T03:04:05+00:00", seconds=1.0,
    requests=3, waited=0.0, created=1, items={"a": ("page", "test_a"), "b": ("model", "test_b")}, tests={},
    findings=(Finding("page", "test_a", KIND, "It is \ud800", steps=(ShownCall("curl", "200 \x00"),)),), left_out=(),
    operations=(OperationSeen("list", "GET", "/", 3, (200, 401), {200: 3}, {}, ("no_access",)),),
    questions=(QUESTION,), extras=(Extra("more", ShownCall("curl", "200")),), defects=(), unreached=("one", "two"),
    lost={}, is_part=False, interrupted="", code=0, left_behind=(),
)  # fmt: skip
TRIALS = {"a": Trial("page", "test_a", "passed", 0.1), "b": Trial("model", "test_b", "passed", 0.2)}
FINE = replace(PART, findings=(), tests=TRIALS, unreached=())


def test_a_part_comes_back_as_it_was() -> None:
    assert pickle.loads(pickle.dumps(FINE)) == FINE
    assert pickle.loads(pickle.dumps(PART)) == PART


def test_what_no_worker_reached_is_missed_and_what_one_lost() -> None:
    parts = [replace(FINE, unreached=("one", "two")), replace(FINE, worker=2, unreached=("two", "three"))]
    strict = settings(hold_to="document")
    (defect,) = judged(strict, parts, Course(workers=2)).defects
    assert (defect.test, defect.traceback) == ("reach", "two")
    outcome = judged(strict, [replace(FINE, lost={"list": 1}), replace(FINE, lost={"list": 2})])
    assert outcome.defects[0].traceback.startswith("3 exchanges of list")
    assert outcome.exit_code == 70


def test_what_a_service_does_not_let_a_run_reach_is_told_and_no_finding() -> None:
    outcome = judged(settings(), [replace(FINE, unreached=("one",))])
    assert (outcome.verdict, outcome.exit_code) == (RunVerdict.FINE, 0)
    assert [left.why for left in outcome.left_out] == ["one"]


def test_a_part_of_the_tests_need_not_reach_all() -> None:
    assert judged(settings(), [replace(FINE, unreached=("one",), is_part=True)]).verdict is RunVerdict.FINE


@pytest.mark.parametrize(
    "other",
    [
        {"questions": (replace(QUESTION, answer="no", seen="It is not."),)},
        {"questions": (replace(QUESTION, answer="", seen="It is not."),)},
    ],
)
def test_answers_that_contradict_each_other_are_shown(other: dict[str, Any]) -> None:
    outcome = judged(settings(), [FINE, replace(FINE, worker=2, **other)], Course(workers=2))
    (finding,) = outcome.findings
    assert (finding.question, finding.kind) == ("a-question", "contradicts itself")
    assert finding.details.splitlines() == ["Worker 1 saw: It is.", "Worker 2 saw: It is not."]
    assert (outcome.verdict, outcome.exit_code) == (RunVerdict.FINDINGS, 1)


def test_an_answer_that_one_account_cannot_show_is_anothers() -> None:
    unknown = replace(QUESTION, answer="", seen="", source="unknown", why="the account is empty")
    outcome = judged(
        settings(), [replace(FINE, questions=(unknown,)), replace(FINE, worker=2)], Course(workers=2)
    )
    assert outcome.questions == (QUESTION,)
    assert outcome.verdict is RunVerdict.FINE


def test_a_test_that_nobody_ran_is_told() -> None:
    halves = [replace(FINE, tests={name: TRIALS[name]}) for name in TRIALS]
    assert not judged(settings(), halves).left_out
    (left,) = judged(settings(), halves[:1]).left_out
    assert (left.what, left.why) == ("model: b", "it did not run")
