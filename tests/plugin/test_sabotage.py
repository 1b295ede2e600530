"""Which wrong responses a consumer's suite notices."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mock_server import bitpeak_mock
from mock_server.pytest_plugin.sabotage import ResponseSchemas, WrongResponse

SUITE = """
def test_reads_the_name(client, bitpeak):
    bitpeak.seed([{"type": "slack", "name": "Other"}, {"type": "slack", "name": "Wanted"}])
    assert client.get(2)["name"] == "Wanted"

def test_reads_nothing(client):
    client.get(1)

def test_arms_a_fault_of_its_own(client, bitpeak):
    bitpeak.fail(status=503)
    assert bitpeak.send("GET", "/api/notification-handlers/1").status == 503
    assert client.get(1)

def test_allows_no_other_field(client):
    assert set(client.get(1)) == {
        "id", "type", "name", "settings", "is_enabled", "last_datetime", "datetime"
    }

def test_has_nothing_to_do_with_it():
    pass

def test_fails(client):
    assert client.get(1) is None
"""


def run(suite: pytest.Pytester, *arguments: str) -> Any:
    result = suite.runpytest_inprocess("--bitpeak-sabotage-json=wrong.json", "--bitpeak-sabotage", *arguments)
    result.assert_outcomes(passed=5, failed=1)
    facts = json.loads((suite.path / "wrong.json").read_text())
    return result, facts, {(each["field"], each["change"]): each for each in facts["mutants"]}


def test_fields_are_mapped_to_the_tests_that_depend_on_them(suite: pytest.Pytester, url: str) -> None:
    suite.makepyfile(test_s=SUITE)
    result, facts, mutants = run(suite, f"--bitpeak-url={url}")
    strict = "test_s.py::test_allows_no_other_field"
    assert mutants["/data/name", "value"]["noticed_by"] == ["test_s.py::test_reads_the_name"]
    assert mutants["/data/name", "missing"]["noticed_by"] == [strict, "test_s.py::test_reads_the_name"]
    assert mutants["/data/type", "null"]["noticed_by"] == []
    assert mutants["/data", "extra"]["noticed_by"] == [strict]
    assert mutants["", "extra"]["noticed_by"] == []
    assert not mutants["/data", "extra"]["breaking"]
    # Nothing of the failed test, nothing of the test without a mock, and what the page allows is no mutant.
    assert not {"test_s.py::test_fails", "test_s.py::test_has_nothing_to_do_with_it"} & {
        test for each in facts["mutants"] for test in each["noticed_by"] + each["unnoticed_by"]
    }
    assert ("/data/last_datetime", "null") not in mutants
    assert mutants["", "outage"]["noticed_by"] == [
        strict,
        "test_s.py::test_arms_a_fault_of_its_own",
        "test_s.py::test_reads_nothing",
        "test_s.py::test_reads_the_name",
    ]
    breaking = [each for each in facts["mutants"] if each["breaking"]]
    assert facts["breaking"] == len(breaking) > 20
    assert facts["noticed"] == sum(bool(each["noticed_by"]) for each in breaking) < facts["breaking"]
    assert facts["percent"] == round(100 * facts["noticed"] / facts["breaking"], 1)
    assert (facts["additions"], facts["tolerated"]) == (3, 2)
    result.stdout.fnmatch_lines(
        [
            "OPERATION*FIELD*MISSING*RENAMED*NULL*VALUE*EXTRA*TESTS THAT DEPEND ON IT",
            "retrieve_notification_handler  /data/name *x        x        *x * -      test_allows_no_other_field,*",
            "retrieve_notification_handler  /data/type *x        x        .     .      -      *",
            f"{facts['noticed']} of {facts['breaking']} breaking responses noticed, *; 2 of 3 additions tolerated",
        ]
    )


@pytest.mark.heavy
def test_workers_find_the_same(suite: pytest.Pytester, url: str) -> None:
    create = 'client.create(name="Team", type="slack", slack="s")'
    suite.makepyfile(
        test_s=f"def test_a(client):\n    {create}\ndef test_b(client):\n    assert {create} == 2\n"
    )
    found = []
    for arguments in (["-p", "no:xdist"], ["-n", "2"]):
        options = [f"--bitpeak-url={url}", "--bitpeak-sabotage-json=wrong.json", "--bitpeak-sabotage"]
        suite.runpytest_subprocess(*arguments, *options).assert_outcomes(passed=2)
        found.append(json.loads((suite.path / "wrong.json").read_text()))
    assert found[0] == found[1]
    assert found[0]["mutants"]


def test_a_run_that_notices_too_little_fails(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        def test_it(bitpeak_in_process):
            bitpeak_in_process.send("GET", "/api/notification-handlers/1")
        """
    )
    result = suite.runpytest_inprocess("--bitpeak-sabotage", "--bitpeak-sabotage-fail-under=10")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["1 of * breaking responses noticed, 2.* %*", "FAIL: less than the 10 % *"])


def test_a_run_without_responses_says_so(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_it(): ...")
    result = suite.runpytest_inprocess("--bitpeak-sabotage", "--bitpeak-sabotage-fail-under=1")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["none was tried: *"])


def test_a_test_that_a_wrong_response_keeps_busy_has_noticed_it(
    suite: pytest.Pytester, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mock_server.pytest_plugin.sabotage._PATIENCE", 0.2)
    suite.makepyfile(
        """
        import time

        def test_it(client):
            if client.create(name="Team", type="slack", slack="s") == "2":
                try:
                    time.sleep(600)
                except BaseException:  # pytest's own failure too: it comes again
                    time.sleep(600)
        """
    )
    options = [f"--bitpeak-url={url}", "--bitpeak-sabotage", "--bitpeak-sabotage-json=wrong.json"]
    suite.runpytest_inprocess(*options).assert_outcomes(passed=1)
    mutants = json.loads((suite.path / "wrong.json").read_text())["mutants"]
    (found,) = [each for each in mutants if (each["field"], each["change"]) == ("/data/id", "value")]
    assert found["noticed_by"]


@pytest.fixture(scope="module")
def schemas() -> ResponseSchemas:
    with bitpeak_mock(socket=False) as api:
        return ResponseSchemas(api.mock.channel.control("GET", "/openapi.yaml"))


def mutants_of(schemas: ResponseSchemas, body: Any) -> set[tuple[str, str]]:
    found: list[WrongResponse] = list(
        schemas.wrong("list_notification_handlers", "list_notification_handlers", body)
    )
    return {(each.field, each.change) for each in found}


def test_the_document_says_what_is_wrong(schemas: ResponseSchemas) -> None:
    links = {"first": "f", "last": "l", "next": None, "prev": None, "self": "s"}
    row = {"id": 1, "type": "email", "name": "n", "settings": {"email": "e"}, "last_datetime": None}
    found = mutants_of(schemas, {"data": [{"id": 2}, row], "links": links})
    assert ("/links/next", "missing") in found
    assert ("/links/next", "null") not in found
    assert {
        ("/data/*/settings/email", "value"),
        ("/data/*/settings", "extra"),
        ("/data/*/id", "null"),
    } <= found
    assert not {field for field, _ in found if "slack" in field or field.startswith("/meta")}
    assert ("/data/*", "missing") not in found


ONCE = """
seen = []

def test_runs_once(client):
    assert not seen
    seen.append(1)
    client.get(1)

def test_runs_again(client):
    client.get(1)
"""


@pytest.mark.parametrize("spread", [(), ("-n", "2")])
def test_a_test_that_fails_with_nothing_changed_has_noticed_nothing(
    suite: pytest.Pytester, url: str, spread: tuple[str, ...]
) -> None:
    suite.makepyfile(test_o=ONCE)
    result = suite.runpytest_inprocess(
        "--bitpeak-sabotage-json=wrong.json", "--bitpeak-sabotage", f"--bitpeak-url={url}", *spread
    )
    result.assert_outcomes(passed=2)
    facts = json.loads((suite.path / "wrong.json").read_text())
    assert facts["not_repeatable"] == ["test_o.py::test_runs_once"]
    tests = {test for each in facts["mutants"] for test in each["noticed_by"] + each["unnoticed_by"]}
    assert tests == {"test_o.py::test_runs_again"}
    result.stdout.fnmatch_lines(["left out, because it fails if it runs twice*test_runs_once"])
