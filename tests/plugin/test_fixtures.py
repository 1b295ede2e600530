"""The fixtures and the marker, in the suite of a consumer."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

SUITE = """
import json
import urllib.error

import pytest
from consumer import Client


@pytest.mark.parametrize("turn", range(3))
def test_each_has_a_world_of_its_own(client, bitpeak, turn):
    assert client.create(name=f"n{turn}", type="slack", slack="s") == 2
    assert len(bitpeak.journal) == 1


@pytest.mark.bitpeak(seed=[{"type": "slack", "name": "Marked"}], faults=["rate_limited"])
@pytest.mark.bitpeak(answers={"create_status": "ok"})
def test_the_marker_arranges(client, bitpeak):
    with pytest.raises(urllib.error.HTTPError, match="429"):
        client.names()
    assert client.names() == ["Marked"]
    assert bitpeak.answers()["create-status"] == "ok"


@pytest.mark.bitpeak(seed="seed.yaml", faults=[{"status": 503, "times": 2}])
class TestFiles:
    @pytest.mark.bitpeak(faults=[])
    def test_the_nearest_marker_wins(self, client):
        assert client.names() == ["From a file"]

    @pytest.mark.bitpeak(faults=[], seed="mapping.yaml")
    def test_a_file_may_be_a_mapping(self, client):
        assert client.names() == []


def test_two_users(client, bitpeak):
    other = bitpeak.another()
    client.create(name="mine", type="slack", slack="s")
    assert Client(other.base_url, other.api_key).names() == ["Work email"]
    assert len(other.journal) == 1


def test_in_process(bitpeak_in_process):
    said = bitpeak_in_process.send("GET", "/api/notification-handlers/")
    assert json.loads(said.body)["meta"]["total"] == 1
"""


def test_a_suite_is_isolated_in_any_order(suite: pytest.Pytester, url: str) -> None:
    suite.makefile(".yaml", seed="- {type: slack, name: From a file, datetime: 2025-12-05 15:32:34}")
    (suite.path / "mapping.yaml").write_text("handlers: []")
    path = suite.makepyfile(test_suite=SUITE)
    suite.runpytest_inprocess(f"--bitpeak-url={url}", "-p", "no:cacheprovider").assert_outcomes(passed=8)
    names = ["test_in_process", "test_two_users", "TestFiles", "test_the_marker_arranges"]
    result = suite.runpytest_inprocess(f"--bitpeak-url={url}", *(f"{path}::{name}" for name in names))
    result.assert_outcomes(passed=5)


def test_a_mock_is_started_with_flags_and_ended(suite: pytest.Pytester) -> None:
    suite.makeini("[pytest]\nbitpeak_flags = --strict --quota 1\n")
    suite.makepyfile(
        """
        import pathlib, urllib.error
        import pytest

        def test_flags(client, bitpeak, bitpeak_server):
            assert bitpeak.strict
            client.names()
            with pytest.raises(urllib.error.HTTPError, match="429"):
                client.names()
            pathlib.Path("where").write_text(bitpeak_server.url)

        def test_in_process(bitpeak_in_process):
            assert bitpeak_in_process.strict
        """
    )
    suite.runpytest_inprocess().assert_outcomes(passed=2)
    assert ends((suite.path / "where").read_text())


def ends(url: str) -> bool:
    """Tell whether a mock stops answering soon: it ends by itself when the run that started it is gone."""
    deadline = time.monotonic() + 30
    while answers(url):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def answers(url: str) -> bool:
    from mock_server.client import HTTPChannel, Unreachable

    channel = HTTPChannel(url)
    try:
        channel.ask("GET", "/_mock/health", {})
    except Unreachable:
        return False
    finally:
        channel.close()
    return True


def test_a_mock_that_cannot_start_is_an_error_of_one_sentence(suite: pytest.Pytester) -> None:
    suite.makeconftest(
        """
        import pytest

        @pytest.fixture(scope="session")
        def bitpeak_flags():
            return ["--overlay", "no-such-overlay"]
        """
    )
    suite.makepyfile("def test_never(bitpeak): ...\ndef test_neither(bitpeak_in_process): ...")
    result = suite.runpytest_inprocess()
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["bitpeak-mock: *no-such-overlay*"])
    assert "Traceback" not in result.stdout.str()


def test_a_url_without_a_mock_is_an_error_of_one_sentence(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_never(bitpeak): ...")
    result = suite.runpytest_inprocess("--bitpeak-url=http://127.0.0.1:1", "--bitpeak-cov")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["No mock responds at http://127.0.0.1:1: *"])


@pytest.mark.parametrize(
    ("marker", "sentence"),
    [
        ("sead=[]", "*It takes seed=…, strict=…, answers=…, faults=… and nothing else.*"),
        ("faults=['nonsense']", "*of test_it: Unknown refusal 'nonsense'. Choose from*"),
        (
            "seed='nowhere.yaml'",
            "*of test_it: *nowhere.yaml:1: File not found. Check its name.",
        ),
        ("faults=[{'status': 503, 'hits': 3}]", "*of test_it: The mock counts 'hits' itself. Remove it*"),
        ("seed=7", "*of test_it: seed=7 is not a list of handlers or the name of a file."),
        ("answers={'nonsense': 'ok'}", "*of test_it: *nonsense*"),
    ],
)
def test_a_wrong_marker_is_an_error_of_one_sentence(
    suite: pytest.Pytester, url: str, marker: str, sentence: str
) -> None:
    suite.makepyfile(f"import pytest\n@pytest.mark.bitpeak({marker})\ndef test_it(bitpeak): ...")
    result = suite.runpytest_inprocess(f"--bitpeak-url={url}")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([sentence])
    assert "Traceback" not in result.stdout.str()


def test_a_wrong_marker_shows_no_call_of_the_test_before(suite: pytest.Pytester, url: str) -> None:
    suite.makepyfile(
        """
        import pytest

        def test_before(client):
            client.names()

        @pytest.mark.bitpeak(stirct=True)
        def test_it(bitpeak): ...
        """
    )
    result = suite.runpytest_inprocess(f"--bitpeak-url={url}", "--bitpeak-capsules=capsules")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.no_fnmatch_line("*requests and responses*")
    assert not (suite.path / "capsules").exists()


def test_a_failure_shows_the_journal_without_the_key(suite: pytest.Pytester, url: str) -> None:
    suite.makepyfile(
        """
        def test_it(client, bitpeak):
            client.create(name="Team", type="slack", slack="s", colour="red")
            bitpeak.send("PUT", "/api/notification-handlers/1")
            bitpeak.fail(status=503)
            client.names()
        """
    )
    result = suite.runpytest_inprocess(f"--bitpeak-url={url}")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*requests and responses*",
            "*POST /api/notification-handlers 201 create_notification_handler",
            "*> name='Team' type='slack' slack='s' colour='red'",
            '*< {"data":{"id":2}}',
            "*! Unknown field 'colour' is ignored*",
            "*? An update is a POST here. Send POST /api/notification-handlers/1.",
            "*POST /faults {'status': 503}",
            "*GET /api/notification-handlers/ 503 outage-503 (fault 1)",
            f"key: mock-*, page: {url}/_mock/#key=mock-*",
            "again: bitpeak-mock replay *.json",
        ]
    )
    result.stdout.no_re_match_line("Bearer mock-[0-9a-f]{16}")


def test_a_failure_tells_of_requests_that_reached_no_world(suite: pytest.Pytester, url: str) -> None:
    suite.makepyfile(
        """
        from consumer import Client

        def refused(api, key):
            return api.mock.channel.ask("GET", "/api/notification-handlers/?page=1", {"Authorization": key}).status

        def test_before(bitpeak_in_process):
            assert refused(bitpeak_in_process, "Bearer before") == 401

        def test_it(bitpeak_in_process):
            assert [refused(bitpeak_in_process, key) for key in ("Bearer wrong", "none", "none")] == [200] * 3

        def test_after(bitpeak_in_process):
            assert not bitpeak_in_process.send("GET", "/api/notification-handlers/")

        def test_elsewhere(bitpeak):
            assert refused(bitpeak, "Bearer wrong") == 200
        """
    )
    result = suite.runpytest_inprocess(f"--bitpeak-url={url}")
    result.assert_outcomes(passed=1, failed=3)
    result.stdout.fnmatch_lines(
        [
            "nothing: no request with this test's key reached the mock",
            "meanwhile 3 requests were refused before any world was reached:",
            "  2 × GET /api/notification-handlers/[?]page=1 401 missing_bearer",
            '      < *"The request is missing the Bearer *',
            "  1 × GET /api/notification-handlers/[?]page=1 401 no_access",
            "*_ test_after _*",
            "*_ test_elsewhere _*",
            "meanwhile 1 request was refused before any world was reached, of this test or of others *:",
        ]
    )
    assert result.stdout.str().count("meanwhile") == 2


def test_a_proxy_that_may_have_got_the_requests_is_named(
    suite: pytest.Pytester, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    suite.makepyfile("def test_it(bitpeak): assert not bitpeak")
    hint = (
        "*reached the mock. http_proxy is http://127.0.0.1:9, which may have got them: set no_proxy=127.0.0.1"
    )
    suite.runpytest_inprocess(f"--bitpeak-url={url}").stdout.fnmatch_lines([hint])
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    result = suite.runpytest_inprocess(f"--bitpeak-url={url}")
    result.stdout.fnmatch_lines(["nothing: no request with this test's key reached the mock", "key: mock-*"])


def test_a_violation_fails_a_strict_test_that_noticed_nothing(suite: pytest.Pytester, url: str) -> None:
    suite.makepyfile(
        """
        import contextlib, urllib.error
        import pytest

        def careless(client):
            with contextlib.suppress(urllib.error.HTTPError):
                client.create(name="Team", type="slack", slack="s", colour="red")

        def test_tolerant(client):
            careless(client)

        @pytest.mark.bitpeak(strict=True)
        def test_strict(client):
            careless(client)
        """
    )
    result = suite.runpytest_inprocess(f"--bitpeak-url={url}")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*violates what the API documents: *'colour'*"])


def test_a_defect_fails_the_test_that_met_it(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mock_server.api.pipeline.BEHAVIOURS", {})
    suite.makepyfile(
        """
        LIST = "/api/notification-handlers/"

        def test_swallows(bitpeak_in_process):
            bitpeak_in_process.send("GET", LIST)
            bitpeak_in_process.journal.clear()

        def test_notices(bitpeak_in_process):
            assert bitpeak_in_process.send("GET", LIST).status == 200

        def test_meets_none(bitpeak_in_process):
            assert not bitpeak_in_process.journal
        """
    )
    result = suite.runpytest_inprocess()
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*bitpeak-mock broke its own document at *"] * 2)


def test_a_mutation_that_struck_nothing_fails_the_test(suite: pytest.Pytester, url: str) -> None:
    suite.makepyfile(
        """
        import pytest

        LIST = "/api/notification-handlers/"

        def test_misses(bitpeak):
            bitpeak.fail(mutation={"pointer": "/data/nmae", "change": "missing"})
            bitpeak.send("GET", LIST + "1")

        def test_misses_and_is_disarmed(bitpeak):
            bitpeak.fail(mutation={"pointer": "/data/nmae", "change": "missing"})
            bitpeak.send("GET", LIST + "1")
            bitpeak.heal()

        def test_strikes_later(bitpeak):
            bitpeak.fail(mutation={"pointer": "/data/0/name", "change": "missing"})
            bitpeak.send("GET", LIST + "1")
            assert "name" not in bitpeak.send("GET", LIST).json()["data"][0]
            bitpeak.heal()
        """
    )
    result = suite.runpytest_inprocess(f"--bitpeak-url={url}")
    result.assert_outcomes(failed=2, passed=1)
    result.stdout.fnmatch_lines(["The fault 1 changes '/data/nmae', which *. Correct its pointer."] * 2)


def test_unittest_takes_the_fixture_too(suite: pytest.Pytester, url: str) -> None:
    suite.makepyfile(
        """
        import unittest
        import pytest
        from mock_server import bitpeak_mock

        class Case(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _api(self, bitpeak):
                self.api = bitpeak

            def test_it(self):
                self.assertEqual(self.api.send("GET", "/api/notification-handlers/").status, 200)

        class Alone(unittest.TestCase):
            def test_it(self):
                api = self.enterContext(bitpeak_mock(socket=False))
                self.assertEqual(api.send("GET", "/api/notification-handlers/").status, 200)
        """
    )
    suite.runpytest_inprocess(f"--bitpeak-url={url}").assert_outcomes(passed=2)


def test_a_run_without_fixtures_imports_nothing(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import sys

        def test_it():
            loaded = {name for name in sys.modules if name.startswith(("mock_server", "flask", "yaml"))}
            assert not loaded
        """
    )
    suite.runpytest_subprocess("-p", "no:xdist").assert_outcomes(passed=1)


def test_a_test_may_run_again(suite: pytest.Pytester, url: str) -> None:
    """As plugins do that run flaky tests again: what the first run did is forgotten."""
    suite.makepyfile(
        conftest="""
        import pytest
        from _pytest.runner import runtestprotocol

        def pytest_runtest_protocol(item, nextitem):
            for _ in range(2):
                reports = runtestprotocol(item, nextitem=nextitem, log=False)
            for report in reports:
                item.ihook.pytest_runtest_logreport(report=report)
            return True
        """,
        test_it="""
        def test_it(bitpeak):
            bitpeak.strict = True
            bitpeak.send("GET", "/api/notification-handlers/")
            assert len(bitpeak.journal) == 1
        """,
    )
    suite.runpytest_inprocess(f"--bitpeak-url={url}").assert_outcomes(passed=1)


def test_the_plugin_is_an_entry_point() -> None:
    from importlib.metadata import entry_points

    (found,) = [each for each in entry_points(group="pytest11") if each.name == "bitpeak-mock"]
    assert found.value == "pytest_bitpeak"
    assert Path(sys.modules[found.value].__file__ or "").name == "pytest_bitpeak.py"


def test_a_test_with_more_calls_than_a_journal_holds_has_a_report(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        def test_it(bitpeak_in_process):
            for _ in range(1100):
                bitpeak_in_process.send("GET", "/api/notification-handlers/1")
            bitpeak_in_process.strict = True
            bitpeak_in_process.send("GET", "/api/notification-handlers/1")
            assert len(bitpeak_in_process.journal.filter(status=200)[-1:]) == 2
        """
    )
    result = suite.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["… * before these", "*1101 * GET *", "again: *"])


@pytest.mark.parametrize("flag", ["-v", "--bitpeak-sabotage"])
def test_no_report_of_a_failure_shows_the_plugins_code(suite: pytest.Pytester, flag: str) -> None:
    suite.makepyfile(
        """
        import pytest

        @pytest.fixture(scope="module")
        def broken():
            raise LookupError("broken")

        def test_setup(broken): ...

        def test_body(bitpeak_in_process):
            raise LookupError("body")
        """
    )
    result = suite.runpytest_inprocess(flag)
    result.assert_outcomes(failed=1, errors=1)
    assert "hookimpl" not in result.stdout.str()
    assert "watching.py" not in result.stdout.str()
