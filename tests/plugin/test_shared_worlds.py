"""Worlds that the tests of a class, module, package or session share are watched like a test's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

ONE = """
import pytest
from consumer import Client

@pytest.fixture(scope="module")
def shared(bitpeak_{scope}):
    bitpeak_{scope}.seed([{{"type": "slack", "name": "Shared"}}])
    return Client(bitpeak_{scope}.base_url, bitpeak_{scope}.api_key)

def test_first(shared):
    shared.create(name="First", type="slack", slack="s")
    assert shared.names() == ["First", "Shared"]

def test_second(shared):
    assert shared.names() == ["First", "Shared"]
    assert shared.get(3)

def test_other(bitpeak):
    assert bitpeak.send("GET", "/api/notification-handlers/1").status == 200
"""


@pytest.mark.parametrize("scope", ["module", "package", "session"])
def test_a_failure_shows_what_happened_during_the_test_and_can_be_replayed(
    suite: pytest.Pytester, url: str, scope: str
) -> None:
    suite.makepyfile(test_one=ONE.format(scope=scope))
    result = suite.runpytest_inprocess(f"--bitpeak-url={url}", "--bitpeak-capsules=left")
    result.assert_outcomes(passed=2, failed=1)
    section = result.stdout.str().partition("requests and responses")[2]
    assert "GET /api/notification-handlers/3 404 not_found" in section
    assert "POST" not in section, "the test before is not shown"
    (path,) = (suite.path / "left").iterdir()
    (world,) = json.loads(path.read_text())["worlds"]
    assert [row["name"] for row in world["state"]["handlers"]] == ["Shared", "First"]
    assert [step["exchange"]["status"] for step in world["steps"]] == [200, 404]


def test_each_scope_has_a_world_of_its_own(suite: pytest.Pytester, url: str) -> None:
    suite.makepyfile(
        """
        keys = set()

        class TestOne:
            def test_it(self, bitpeak, bitpeak_class, bitpeak_module, bitpeak_package, bitpeak_session):
                worlds = (bitpeak, bitpeak_class, bitpeak_module, bitpeak_package, bitpeak_session)
                keys.update(world.api_key for world in worlds)
                assert len(keys) == 5

            def test_again(self, bitpeak_class, bitpeak_module):
                assert {bitpeak_class.api_key, bitpeak_module.api_key} <= keys

        class TestTwo:
            def test_it(self, bitpeak_class, bitpeak_session):
                assert bitpeak_class.api_key not in keys
                assert bitpeak_session.api_key in keys
        """
    )
    suite.runpytest_inprocess(f"--bitpeak-url={url}").assert_outcomes(passed=3)


def test_a_world_made_by_hand_is_watched_as_long_as_it_is_held(suite: pytest.Pytester, url: str) -> None:
    suite.makepyfile(
        """
        import pytest

        ITEM = "/api/notification-handlers/"

        @pytest.fixture(scope="module")
        def held(bitpeak_server):
            return bitpeak_server.world()

        def test_before(held):
            held.send("GET", ITEM + "771")

        def test_held(held):
            held.send("GET", ITEM + "772")
            assert not held

        def test_dropped(bitpeak_server):
            bitpeak_server.world().send("GET", ITEM + "773")

        def test_after(bitpeak):
            assert not bitpeak
        """
    )
    result = suite.runpytest_inprocess(f"--bitpeak-url={url}")
    result.assert_outcomes(passed=2, failed=2)
    held, _, after = result.stdout.str().partition("_ test_after _")
    assert "772 404" in held
    assert "771" not in held
    assert "nothing: no request" in after
    assert "/77" not in after


def test_a_violation_in_a_shared_strict_world_fails_the_test_that_made_it(
    suite: pytest.Pytester, url: str
) -> None:
    suite.makepyfile(
        """
        import contextlib, urllib.error
        import pytest
        from consumer import Client

        pytestmark = pytest.mark.bitpeak(strict=True)

        @pytest.fixture
        def shared(bitpeak_module):
            return Client(bitpeak_module.base_url, bitpeak_module.api_key)

        def test_violates(shared):
            with contextlib.suppress(urllib.error.HTTPError):
                shared.create(name="Team", type="slack", slack="s", colour="red")

        def test_does_not(shared):
            assert shared.names()
        """
    )
    result = suite.runpytest_inprocess(f"--bitpeak-url={url}")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*_ test_violates _*", "*violates what the API documents: *'colour'*"])


def test_sabotage_names_the_tests_of_a_shared_world(suite: pytest.Pytester, url: str) -> None:
    """Each trial begins with the world as the test found it, and leaves it as the test did."""
    suite.makepyfile(
        """
        import pytest
        from consumer import Client

        @pytest.fixture(scope="module")
        def shared(bitpeak_module):
            bitpeak_module.seed([{"type": "slack", "name": "Shared"}])
            return Client(bitpeak_module.base_url, bitpeak_module.api_key)

        def test_creates(shared):
            assert shared.create(name="First", type="slack", slack="s") == 2

        def test_lists(shared):
            assert shared.names() == ["First", "Shared"]

        def test_reads(shared):
            # After the last test the world is gone: its trials begin with a new one.
            assert shared.get(1)["name"] == "Shared"
        """
    )
    result = suite.runpytest_inprocess(f"--bitpeak-url={url}", "--bitpeak-sabotage-json=wrong.json")
    result.assert_outcomes(passed=3)
    facts = json.loads((suite.path / "wrong.json").read_text())
    assert facts["not_repeatable"] == []
    noticed = {
        (each["operation"], each["field"], each["change"]): each["noticed_by"] for each in facts["mutants"]
    }
    prefix = Path(suite.path).name and "test_sabotage_names_the_tests_of_a_shared_world.py::"
    assert noticed["create_notification_handler", "/data/id", "value"] == [f"{prefix}test_creates"]
    assert noticed["retrieve_notification_handler", "/data/name", "value"] == [f"{prefix}test_reads"]
    assert noticed["list_notification_handlers", "/data/*/name", "value"] == [f"{prefix}test_lists"]


@pytest.mark.parametrize(
    ("marker", "sentence"),
    [
        (
            "sead=[]",
            "*of test_it: It takes seed=…, strict=…, answers=…, faults=… and nothing else. Remove sead=….",
        ),
        ("True", "*and nothing else. Name each value."),
        ("strict='nonsense'", "*of test_it: strict='nonsense' is not True or False."),
        ("strict=1", "*strict=1 is not True or False."),
        ("faults='rate_limited'", "*faults='rate_limited' is not a list of names of refusals*"),
        ("faults={'status': 503}", "*is not a list of names of refusals*"),
        ("answers=['create-status']", "*is not a mapping of questions to answers."),
        (
            "strict=True",
            "*@pytest.mark.bitpeak of test_it has no effect, since the test has no world of its own. *",
        ),
    ],
)
def test_a_marker_without_effect_is_an_error_even_without_a_world(
    suite: pytest.Pytester, marker: str, sentence: str
) -> None:
    suite.makepyfile(f"import pytest\n@pytest.mark.bitpeak({marker})\ndef test_it(): ...")
    result = suite.runpytest_inprocess()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([sentence])
    assert "Traceback" not in result.stdout.str()


def test_a_marker_that_is_narrower_than_the_world_is_an_error(suite: pytest.Pytester, url: str) -> None:
    suite.makepyfile(
        """
        import pytest

        @pytest.mark.bitpeak(strict=True)
        def test_function(bitpeak_module): ...

        @pytest.mark.bitpeak(strict=True)
        class TestClass:
            def test_module(self, bitpeak_module): ...

            def test_class(self, bitpeak_class, bitpeak_module):
                assert bitpeak_class.strict and not bitpeak_module.strict

            def test_own(self, bitpeak, bitpeak_module):
                assert bitpeak.strict

            def test_asks_late(self, request):
                assert request.getfixturevalue("bitpeak").strict

            def test_none(self): ...
        """
    )
    result = suite.runpytest_inprocess(f"--bitpeak-url={url}")
    result.assert_outcomes(passed=4, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*of test_function has no effect, since the test has no world of its own. *",
            "*of TestClass has no effect on the world of `bitpeak_module`, which is shared more widely. "
            "Use `bitpeak` or `bitpeak_class`.",
        ]
    )


def test_a_mock_that_ends_meanwhile_is_an_error_of_one_sentence(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest

        from mock_server import Server, Settings, create_app
        from mock_server.client import HTTPChannel, RunningMock

        @pytest.fixture(scope="module")
        def server():
            return Server(create_app(Settings())).__enter__()

        @pytest.fixture(scope="module")
        def held(bitpeak_server, server):
            return RunningMock(HTTPChannel(server.url), bitpeak_server.observer).world()

        def test_before(held, server):
            server.__exit__(None, None, None)

        def test_after(held): ...

        def test_much_later(bitpeak): ...
        """
    )
    result = suite.runpytest_inprocess()
    result.assert_outcomes(passed=1, failed=1, errors=1)
    result.stdout.fnmatch_lines(["No mock responds at http://127.0.0.1:*"] * 2)
    assert "Traceback" not in result.stdout.str()
