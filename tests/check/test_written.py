"""The reports of whole runs, as they lie on the disk."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import jsonschema_rs
import pytest

import contract_tests.report
from tests.check.conftest import Written
from tests.check.process import KEY, findings, report

# The runs that these tests look at are made once if all of them are in one worker.
pytestmark = pytest.mark.xdist_group("reports")

SCHEMA = json.loads(Path(contract_tests.report.__file__).with_name("report.schema.json").read_text("utf-8"))


@pytest.fixture(params=["fine", "faulty"])
def either(request: pytest.FixtureRequest) -> Written:
    found: Written = request.getfixturevalue(request.param)
    return found


def test_the_json_is_as_its_schema_says(either: Written) -> None:
    data = report(either.folder / "report.json")
    jsonschema_rs.validator_for(SCHEMA).validate(data)
    assert data["target"] == either.url
    assert data["exit_code"] == either.ran.code


def test_the_schema_says_something(fine: Written) -> None:
    data = report(fine.folder / "report.json")
    del data["contradicts_itself"]
    assert not jsonschema_rs.validator_for(SCHEMA).is_valid(data)


def test_the_page_stands_alone(either: Written) -> None:
    text = (either.folder / "report.html").read_text(encoding="utf-8")
    page = ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>"))
    assert page.find(".//h1") is not None
    assert not [node.tag for node in page.iter() if node.tag in {"script", "img", "link", "iframe", "object"}]
    assert not [node for node in page.iter() if {"src", "href", "style"} & set(node.keys())]
    assert "@import" not in text
    assert not re.search(r"url\(", text)


def test_what_was_found_is_on_the_page(faulty: Written) -> None:
    data = report(faulty.folder / "report.json")
    text = "".join(
        ElementTree.fromstring(
            (faulty.folder / "report.html").read_text("utf-8").removeprefix("<!DOCTYPE html>")
        ).itertext()
    )
    assert len(findings(data)) > 1
    for finding in findings(data):
        assert finding["title"].replace("`", "") in text
        assert finding["documented"].replace("`", "") in text
        assert finding["steps"], finding
        assert finding["steps"][-1]["curl"] in text


def test_a_departure_and_a_fault_are_told_apart(faulty: Written) -> None:
    data = report(faulty.folder / "report.json")
    departures = [finding for finding in data["contradicts_documentation"] if finding["question"]]
    assert [finding["question"] for finding in departures] == ["meta-page"]
    assert departures[0]["documented"] in departures[0]["title"]
    others = data["contradicts_itself"]
    # In either spelling: both are asked, and the last one shows the finding.
    assert any(finding["operation"].startswith("list_notification_handlers") for finding in others)


def test_an_answer_is_no_finding(faulty: Written) -> None:
    questions = {question["id"]: question for question in report(faulty.folder / "report.json")["left_open"]}
    status = questions["create-status"]
    assert (status["answer"], status["assumed"], status["source"]) == ("ok", "created", "found")
    assert status["differs"]
    assert all(question["why"] for question in questions.values() if question["source"] == "unknown")


def test_operations_are_counted(fine: Written) -> None:
    operations = report(fine.folder / "report.json")["operations"]
    assert len(operations) == 6
    for operation in operations:
        assert operation["requests"] == sum(operation["statuses"].values())
        assert {int(status) for status in operation["statuses"]} <= set(operation["declared"])


def test_what_was_not_asked_for_is_left_out(fine: Written) -> None:
    left_out = {entry["what"]: entry["why"] for entry in report(fine.folder / "report.json")["not_reached"]}
    assert {"lifecycle", "paging", "refusals", "model", "schema", "links"} <= left_out.keys()


def test_the_guard_lets_each_question_be_asked(fine: Written) -> None:
    data = report(fine.folder / "report.json")
    reasons = [entry["why"] for entry in data["not_reached"]] + [each["why"] for each in data["left_open"]]
    assert [why for why in reasons if "guard" in why] == []


def test_junit_has_the_five_parts_and_a_failure_for_each_finding(either: Written) -> None:
    data = report(either.folder / "report.json")
    suites = {one.get("name"): one for one in ElementTree.parse(either.folder / "junit.xml").getroot()}
    assert list(suites)[:5] == [
        "Contradicts the documentation", "Contradicts itself",
        "What the documentation leaves open, and how this service does it", "Seen, and not modelled",
        "Not reached, and why",
    ]  # fmt: skip
    failures = [failure for suite in suites.values() for failure in suite.iter("failure")]
    assert [failure.get("message") for failure in failures] == [one["title"] for one in findings(data)]
    assert all("curl --request" in (failure.text or "") for failure in failures)
    passed = sum(test["outcome"] == "passed" for test in data["tests"])
    assert suites["Tests that passed"].get("tests") == str(passed)


def test_curl_lines_leave_the_key_to_a_variable(faulty: Written) -> None:
    lines = [step["curl"] for f in findings(report(faulty.folder / "report.json")) for step in f["steps"]]
    assert any('"Authorization: Bearer $BITPEAK_API_KEY"' in line for line in lines)
    assert all(faulty.url in line for line in lines)


def test_the_key_is_in_no_file_and_on_no_terminal(faulty: Written) -> None:
    files = [file for file in faulty.folder.rglob("*") if file.is_file()]
    assert len(files) >= 4
    assert [file.name for file in files if KEY.encode() in file.read_bytes()] == []
    assert KEY not in faulty.ran.out + faulty.ran.err


def test_a_made_up_key_leaves_no_ledger(fine: Written) -> None:
    assert {file.name for file in fine.folder.iterdir()} == {"report.json", "report.html", "junit.xml"}
