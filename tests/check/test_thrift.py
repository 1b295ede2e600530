"""A quick run spares the requests of somebody's service, says what it has left out, and is not vacuous for that."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from contract_tests.guard.exchange import REFUSED_HEADER, Exchange
from contract_tests.target.api import ResponseMemory, TargetResponse, Trace
from tests.check.process import KEY, Ran, check, findings, report
from tests.probes.services import combination
from tests.second_opinion import BUGS, SecondOpinion

# What the people who run a service were promised: no more than 160 requests with writes, and 20 without.
MOST, MOST_READING = 160, 20
# Room for a service that takes a request or two more.
MARGIN = 3
# Faults that two of the kinds of tests show which a quick run leaves out, or a second key.
UNSEEN = {"other-account-visible", "other-account-writable"}
# What contradicts nothing that the page says, but only what is believed: it is told, and no finding.
OPEN = {
    "created-changes", "empty-becomes-null", "error-without-status", "errors-as-html", "foreign-field-stored",
    "last-datetime-never", "missing-name-status", "name-cut-at-64", "order-unstable", "type-change-keeps-settings",
}  # fmt: skip
SAMPLE = {"wrong-total", "update-resets-settings"}
LIVE = ("--treat-as-live", "--rate", "100000", "--json", "report.json")


def quick(folder: Path, service: SecondOpinion, *arguments: str) -> tuple[Ran, dict[str, Any]]:
    ran = check(folder, service.url, *LIVE, *arguments, key=KEY)
    return ran, report(folder / "report.json")


def test_a_run_that_reads_makes_about_a_dozen_requests(tmp_path: Path) -> None:
    with SecondOpinion(keys={KEY: 30}) as service:
        ran, data = quick(tmp_path, service)
        sent = [entry.method for entry in service.log]
    assert ran.code == 0, ran
    assert set(sent) == {"GET"}
    assert len(sent) == data["run"]["requests"] <= MOST_READING
    assert sum(question["source"] == "found" for question in data["left_open"]) >= 18
    assert {test["suite"] for test in data["tests"]} == {"questions", "page", "paging", "refusals"}
    assert not [test for test in data["tests"] if test["outcome"] != "passed"]


@pytest.mark.parametrize("rows", [0, 30])
def test_a_run_that_writes_makes_no_more_than_160_requests_and_says_what_it_spared(
    tmp_path: Path, rows: int
) -> None:
    with SecondOpinion(keys={KEY: rows}) as service:
        before = service.snapshot(KEY)
        ran, data = quick(tmp_path, service, "--allow-writes")
        assert service.snapshot(KEY) == before
        sent = len(service.log)
    assert ran.code == 0, ran
    assert 100 < sent <= MOST - MARGIN
    spared = " ".join(entry["what"] for entry in data["not_reached"] if "spares requests" in entry["why"])
    assert all(name in spared for name in ("model", "links", "malformed bearer"))
    assert {test["suite"] for test in data["tests"]} == {
        "questions", "page", "lifecycle", "paging", "refusals", "schema",
    }  # fmt: skip
    missing = {name for operation in data["operations"] for name in operation["missing"]}
    assert missing <= {"rate_limited", "too_large", "plan_limit"}


@pytest.mark.heavy
@pytest.mark.parametrize("rows", [0, 30])
@pytest.mark.parametrize("number", range(8))
def test_no_faithful_service_makes_a_quick_run_dear_or_wrong(tmp_path: Path, number: int, rows: int) -> None:
    with SecondOpinion(combination(number), {KEY: rows}) as service:
        before = service.snapshot(KEY)
        for more, most in (((), MOST_READING + 2), (("--allow-writes",), MOST + 15)):
            service.log.clear()
            ran, data = quick(tmp_path, service, *more)
            assert not [one for one in findings(data) if not one["question"]], ran.out
            assert len(service.log) <= most
        assert service.snapshot(KEY) == before


@pytest.mark.parametrize(
    "bug",
    [
        pytest.param(bug, marks=() if bug in SAMPLE else pytest.mark.heavy)
        for bug in sorted(BUGS.keys() - UNSEEN)
    ],
)
def test_a_fault_is_found_for_all_that(tmp_path: Path, bug: str) -> None:
    with SecondOpinion(keys={KEY: 30}, bugs=[bug]) as service:
        ran, data = quick(tmp_path, service, "--allow-writes")
    with SecondOpinion(keys={KEY: 30}) as service:
        _, right = quick(tmp_path, service, "--allow-writes")
    if bug not in OPEN:
        assert ran.code == 1, ran
        assert findings(data)
    assert told(data) != told(right)


def told(data: dict[str, Any]) -> list[Any]:
    """Return what a report says of a service, without numbers and names that are new in each run."""
    return [
        findings(data),
        [
            (one["text"], one["answer"], one["also"], re.sub(r"probe-[\w-]+|\d+", "#", one["seen"]))
            for one in data["left_open"]
        ],
    ]


def exchange(method: str) -> Exchange:
    return Exchange(
        method=method, url="https://service.invalid", operation="", request_headers=(), media_type="", form=(),
        raw="", status=200, headers=(), body="", milliseconds=1.0,
    )  # fmt: skip


def test_an_answer_is_remembered_until_a_write_and_its_exchange_is_told_again() -> None:
    trace = Trace()
    memory = ResponseMemory(trace)
    trace.add(seen := exchange("GET"))
    for asked, status in (("rows", 200), ("key", 401), ("gone", 404)):
        memory.keep(asked, TargetResponse(status, {}, b""))
    trace.begin()
    assert memory.recall("rows") == TargetResponse(200, {}, b"")
    assert trace.exchanges() == (seen,)
    memory.take(exchange("OPTIONS"))
    assert memory.recall("gone") is not None
    memory.take(exchange("DELETE"))
    assert [memory.recall(asked) is None for asked in ("rows", "gone", "key")] == [True, True, False]


@pytest.mark.parametrize(
    ("status", "headers"), [(429, {}), (502, {}), (403, {REFUSED_HEADER.lower(): "budget"})]
)
def test_what_is_no_answer_is_asked_again(status: int, headers: dict[str, str]) -> None:
    memory = ResponseMemory(Trace())
    memory.keep("rows", TargetResponse(status, headers, b""))
    assert memory.recall("rows") is None
