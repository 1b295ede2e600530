"""What a consumer's suite never exercised."""

from __future__ import annotations

import json

import pytest

HAPPY = """
def test_create(client):
    assert client.create(name="Team", type="slack", slack="s")

def test_list(client):
    assert client.names()

def test_retrieve(client):
    assert client.get(1)["name"]

def test_update(client):
    client.ask("POST", "/notification-handlers/1", name="New")

def test_delete(bitpeak):
    assert bitpeak.send("DELETE", "/api/notification-handlers/1").status == 200
"""


def test_a_happy_path_is_little_and_what_is_missing_is_named(suite: pytest.Pytester, url: str) -> None:
    suite.makepyfile(HAPPY)
    result = suite.runpytest_inprocess(
        f"--bitpeak-url={url}", "--bitpeak-cov-json=cov.json", "--bitpeak-cov-fail-under=40"
    )
    result.assert_outcomes(passed=5)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    facts = json.loads((suite.path / "cov.json").read_text())
    assert 0 < facts["percent"] < 40
    assert facts["seen"] == sum(each["seen"] > 0 for each in facts["behaviours"]) == 6
    result.stdout.fnmatch_lines(
        [
            "OPERATION * CALLS  REFUSALS  TYPES   PAGES",
            "list_notification_handlers     1      0 of *   -       0 of 3",
            "create_notification_handler    1      0 of *  1 of 9  -",
            "never exercised",
            "list_notification_handlers     refusals  *rate_limited*",
            "list_notification_handlers     pages     second, empty, beyond",
            "create_notification_handler    refusals  *required_fields*plan_limit*",
            "create_notification_handler    types     email, webhook, discord,*",
            "retrieve_notification_handler  refusals  *not_found*",
            f"6 of {facts['total']} behaviours, {facts['percent']} %",
            "FAIL: less than the 40 % of --bitpeak-cov-fail-under",
        ]
    )


def test_a_suite_that_goes_further_reaches_further(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest

        def test_all(bitpeak_in_process):
            api = bitpeak_in_process
            every = [each for each in api.mock.info["operations"] if each["id"] == each["counted_as"]]
            seen = 0
            for operation in every:
                path = api.mock.info["base_path"] + operation["path"].replace("{notification_handler_id}", "1")
                for refusal in operation["refusals"]:
                    api.fail(refusal, operation=operation["id"])
                    assert api.send(operation["method"], path).status >= 400
        """
    )
    result = suite.runpytest_inprocess("--bitpeak-cov", "--bitpeak-cov-fail-under=50")
    result.assert_outcomes(passed=1)
    assert result.ret == 0
    result.stdout.re_match_lines([r"delete_notification_handler +0 +4 of 4 +- +-"])


def test_a_run_that_exercises_nothing_fails(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_it(): ...")
    result = suite.runpytest_inprocess("--bitpeak-cov", "--bitpeak-cov-fail-under=1")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["none: no test asked for a mock", "FAIL: *"])


def test_coverage_and_sabotage_exclude_each_other(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_it(): ...")
    result = suite.runpytest_inprocess("--bitpeak-cov", "--bitpeak-sabotage")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*Use one of them.*"])


FLAGS = ("--bitpeak-cov-json", "--bitpeak-sabotage-json")


@pytest.mark.parametrize("flag", FLAGS)
def test_the_folder_of_a_file_is_made(suite: pytest.Pytester, flag: str) -> None:
    suite.makepyfile("def test_it(bitpeak_in_process): ...")
    result = suite.runpytest_inprocess(f"{flag}=out/of/cov.json")
    result.assert_outcomes(passed=1)
    assert "percent" in json.loads((suite.path / "out/of/cov.json").read_text())


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (".", "*: * is a folder. Name a file in it."),
        ("consumer.py/cov.json", "*: cannot make the folder *consumer.py (*). Choose another."),
    ],
)
def test_a_file_that_cannot_be_written_is_an_error_at_the_start(
    suite: pytest.Pytester, flag: str, file: str, sentence: str
) -> None:
    suite.makepyfile("def test_it(): ...")
    result = suite.runpytest_inprocess(f"{flag}={file}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {flag}{sentence}"])
    assert "Traceback" not in result.stderr.str()
