"""The control API as Python, over HTTP and in process."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from mock_server import bitpeak_mock, create_app
from mock_server.app import mock_of
from mock_server.client import (
    Api,
    AppChannel,
    ControlError,
    HTTPChannel,
    NotInTime,
    RunningMock,
    Unreachable,
    Violated,
    WentWrong,
)
from mock_server.pytest_plugin.watching import Watcher

LIST = "/api/notification-handlers/"


@pytest.fixture(scope="module")
def app() -> Flask:
    return create_app()


@pytest.fixture(params=["http", "process"])
def api(request: pytest.FixtureRequest, url: str, app: Flask) -> Iterator[Api]:
    channel = HTTPChannel(url) if request.param == "http" else AppChannel(app)
    with RunningMock(channel) as mock:
        yield mock.world()


def names(api: Api) -> list[str]:
    return [row["name"] for row in api.send("GET", LIST).json()["data"]]


def test_a_world_says_where_it_is(api: Api) -> None:
    assert repr(api).startswith(f"<Api {api.base_url} {api.api_key}")
    has_page = "bitpeak-mock.invalid" not in api.base_url
    assert (f" {api.mock.url}/_mock/#key={api.api_key}>" in repr(api)) == has_page


def test_a_seeded_world_is_not_shared(api: Api) -> None:
    api.seed([{"type": "slack", "name": "Team"}])
    assert names(api) == ["Team"]
    assert names(api.another()) == ["Work email"]


def test_a_fault_strikes_as_often_as_it_is_told(api: Api) -> None:
    assert api.fail("rate_limited", times=2)["times"] == 2
    assert [api.send("GET", LIST).status for _ in range(3)] == [429, 429, 200]
    api.fail(status=503, operation="delete_notification_handler")
    assert api.send("GET", LIST).status == 200
    assert [fault["hits"] for fault in api.faults] == [2, 0]
    api.heal()
    assert api.faults == []


def test_time_is_moved_without_waiting(api: Api) -> None:
    assert api.freeze(datetime(2026, 1, 1, tzinfo=UTC)) == datetime(2026, 1, 1, tzinfo=UTC)
    api.fail(latency=timedelta(hours=1))
    assert api.send("GET", LIST).status == 200
    assert api.advance("1h") == api.now == datetime(2026, 1, 1, 2, tzinfo=UTC)
    api.freeze("2026-02-01T00:00:00Z")
    assert api.now.month == 2
    assert api.unfreeze().year == 2026


def test_a_quota_is_used_up_and_comes_back(api: Api) -> None:
    api.freeze()
    assert api.quota(requests=1)["remaining"] == 1
    assert [api.send("GET", LIST).status for _ in range(2)] == [200, 429]
    assert api.quota()["remaining"] == 0
    api.advance(3600)
    assert api.send("GET", LIST).status == 200


def test_open_questions_are_answered_in_another_way(api: Api) -> None:
    assert api.answers()["create-status"] != "ok"
    assert api.answers(create_status="ok")["create-status"] == "ok"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert api.send("POST", LIST, form, b"name=a&type=x").status == 200


def test_a_snapshot_is_restored(api: Api) -> None:
    api.seed([{"type": "slack", "name": "Kept"}])
    before = api.snapshot()
    api.seed([])
    api.strict = True
    api.latency = (0.001, 0.002)
    assert (names(api), api.strict, api.latency) == ([], True, "1ms..2ms")
    api.restore(before)
    assert (names(api), api.strict, api.latency) == (["Kept"], False, "0")
    api.reset()
    assert names(api) == ["Work email"]


def test_the_journal_is_a_list_that_can_be_narrowed_and_cleared(api: Api) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    api.send("POST", LIST, form, b"name=Team&type=slack&slack=s&colour=red")
    api.send("GET", LIST)
    created, listed = api.journal
    assert created.request.form["name"] == "Team"
    assert created.violations
    assert listed.response.json()["meta"]["total"] == 2
    assert api.api_key not in str(created.record)
    assert len(api.journal.filter(violation="any")) == 1
    assert [each.number for each in api.journal.filter(method="GET")] == [listed.number]
    api.journal.clear()
    assert not api.journal
    api.send("GET", LIST)
    assert [each.operation for each in api.journal[:1]] == ["list_notification_handlers"]


def test_a_filter_shows_and_equals_what_it_kept(api: Api) -> None:
    api.send("GET", LIST)
    api.send("GET", f"{LIST}99")
    found, none = api.journal.filter(status=404), api.journal.filter(status=500)
    assert repr(found) == f"<journal status=404:\n  <2: GET {LIST}99 404 not_found>>"
    assert repr(none) == "<journal status=500: empty>"
    assert repr(api.journal) == f"<journal:\n  <1: GET {LIST} 200>\n  <2: GET {LIST}99 404 not_found>>"
    assert none == []
    assert found == api.journal[1:]
    assert found != api.journal[:1]
    assert found != 404
    assert len({*found, *api.journal}) == 2, "an exchange has a hash"
    with pytest.raises(TypeError, match="unhashable"):
        hash(found)


def test_a_filter_by_an_unknown_operation_is_an_error(api: Api) -> None:
    with pytest.raises(
        ControlError,
        match=r"Unknown operation 'create_handler' \(did you mean 'create_not.*Choose from list_",
    ):
        assert not api.journal.filter(operation="create_handler")
    assert api.journal.filter(operation="create_notification_handler") == []


def test_a_filter_that_nothing_matches_is_an_error(api: Api) -> None:
    api.send("GET", LIST)
    assert [each.number for each in api.journal.filter(method="get", path="/notification-handlers")] == [1]
    for wanted in ({"path": "/notification-handler"}, {"method": "GTE"}, {"violation": "unknown_field"}):
        with pytest.raises(ControlError, match="did you mean"):
            assert not api.journal.filter(**wanted)  # type: ignore[arg-type]


def test_header_names_match_in_any_case(api: Api) -> None:
    response = api.send("GET", LIST, {"Idempotency-Key": "a"})
    (call,) = api.journal
    assert response.headers["CONTENT-TYPE"] == response.headers["content-type"] == "application/json"
    assert call.request.headers["idempotency-key"] == "a"
    assert "X-RATELIMIT-LIMIT" in call.response.headers
    assert "x-none" not in call.response.headers
    assert dict(call.request.headers)["Idempotency-Key"] == "a"


def test_a_fault_has_headers_a_body_and_a_scenario(api: Api) -> None:
    api.fail("rate_limited", headers={"Retry-After": "30"}, scenario="quota", next="again")
    api.fail(status=418, body={"message": "short and stout"}, scenario="quota", state="again", next="over")
    assert api.send("GET", LIST).headers["retry-after"] == "30"
    assert api.scenarios == {"quota": "again"}
    assert api.send("GET", LIST).json() == {"message": "short and stout"}
    assert api.send("GET", LIST).status == 200
    assert [list(call.beyond) for call in api.journal] == [["headers"], ["status", "body"], []]
    api.restore({"scenarios": {"quota": "started"}})
    assert api.fail(wire="drop")["times"] is None
    assert "silently" in str(api.fail(wire="reset", times=1)["remark"])


def test_an_unknown_attribute_cannot_be_set(api: Api) -> None:
    api.send("GET", LIST)
    for target in (api, api.journal, api.journal[0], api.journal[0].request):
        with pytest.raises(AttributeError, match="has no attribute 'latncy'"):
            target.latncy = "2s"  # type: ignore[union-attr]


def test_what_cannot_be_set_names_the_call_that_changes_it(api: Api) -> None:
    for name, way in (
        ("now", "freeze"),
        ("faults", "heal"),
        ("scenarios", "restore"),
        ("quota", "requests=60"),
    ):
        with pytest.raises(AttributeError, match=rf"'{name}' cannot be set\. Use .*{way}"):
            setattr(api, name, 2)


def test_a_fault_without_a_name_or_an_effect_says_what_to_write(url: str) -> None:
    with RunningMock(HTTPChannel(url)) as mock:
        api = mock.world()
        with pytest.raises(TypeError, match=r"Invalid refusal 503: write status=503\."):
            api.fail(503)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match=r"The fault does nothing\. Add a refusal"):
            api.fail()
        assert api.faults == []


@pytest.mark.parametrize("wrong", [-5, timedelta(seconds=-5), float("nan"), float("inf"), None])
def test_a_duration_that_is_not_one_is_shown_as_it_was_typed(api: Api, wrong: Any) -> None:
    with pytest.raises(ValueError, match=re.escape(f"Invalid duration {wrong!r}: use a number of seconds")):
        api.advance(wrong)
    with pytest.raises(ValueError, match="Invalid duration"):
        api.journal.wait(timeout=wrong)


def test_a_request_is_waited_for(api: Api) -> None:
    caller = threading.Timer(0.02, api.send, ["GET", LIST])
    caller.start()
    (exchange,) = api.journal.wait(timeout="20s")
    caller.join()
    assert exchange.status == 200
    with pytest.raises(NotInTime, match=r"1 of 2 (?s:.*)GET /api/notification-handlers/ 200"):
        api.journal.wait(count=2, timeout=timedelta(milliseconds=30))


def test_a_refused_control_request_raises_the_message_of_the_mock(api: Api) -> None:
    with pytest.raises(ControlError, match="Choose from"):
        api.fail("no_such_refusal")
    with pytest.raises(ControlError, match=r"handlers"):
        api.seed([{"type": "pigeon", "name": "a"}])


@pytest.mark.parametrize(
    "seed", ["seed.yaml", Path("seed.yaml"), {"type": "slack", "name": "a"}, ["slack"], 1]
)
def test_a_seed_that_is_not_a_list_of_handlers_is_an_error(api: Api, seed: Any) -> None:
    with pytest.raises(
        TypeError, match=r"A seed is a list of handlers, each of them a mapping, and not .*Read a file"
    ):
        api.seed(seed)
    assert names(api) == ["Work email"]


def test_an_answer_without_its_question_is_an_error_with_an_example(api: Api) -> None:
    with pytest.raises(TypeError, match=r'each question by its name: answers\(create_status="ok"\)\.'):
        api.answers("ok")  # type: ignore[call-overload]
    assert api.answers(create_status="ok")["create-status"] == "ok", "as the sentence says"
    assert api.answers({"create-status": "created"})["create-status"] == "created"


def test_coverage_is_of_one_world(api: Api) -> None:
    assert api.coverage()["seen"] == 0
    api.send("GET", LIST)
    assert api.coverage()["seen"] == 1


def test_a_url_without_a_mock_is_an_error() -> None:
    with pytest.raises(Unreachable, match=r"No mock responds at http://127\.0\.0\.1:1:"):
        RunningMock(HTTPChannel("http://127.0.0.1:1")).world()
    with pytest.raises(Unreachable, match="Invalid URL of a mock"):
        HTTPChannel("127.0.0.1:4055")


def test_a_connection_that_went_away_is_replaced(url: str) -> None:
    channel = HTTPChannel(url)
    assert channel.ask("GET", "/_mock/health", {"Connection": "close"}).status == 200
    assert channel.ask("GET", "/_mock/health", {}).status == 200
    channel.close()
    assert channel.ask("GET", "/_mock/health", {}).status == 200  # and leaves nothing open


@pytest.mark.parametrize("socket", [True, False])
def test_bitpeak_mock_starts_a_mock(socket: bool) -> None:
    with bitpeak_mock(socket=socket) as api:
        assert api.app is not None
        assert names(api) == ["Work email"]


def test_bitpeak_mock_takes_the_words_of_the_marker(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = [{"type": "slack", "name": "Team"}]
    with bitpeak_mock(url=url, seed=seed, answers={"create_status": "ok"}, faults=["rate_limited"]) as api:
        assert api.send("GET", LIST).status == 429
        assert names(api) == ["Team"]
        assert api.answers()["create-status"] == "ok"
    monkeypatch.chdir(tmp_path)
    Path("seed.json").write_text('[{"type": "slack", "name": "Filed"}]', encoding="utf-8")
    with bitpeak_mock(url=url, seed="seed.json", faults=[{"status": 503}]) as api:
        assert api.send("GET", LIST).status == 503
        assert names(api) == ["Filed"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"seed": 7}, "A seed is a list of handlers"),
        ({"answers": ["create-status"]}, "is not a mapping of questions to answers"),
        ({"faults": "rate_limited"}, r"is not a list\. Write faults=\['rate_limited'\]"),
        ({"faults": {"status": 503}}, r"Write faults=\[{'status': 503}\]"),
        ({"faults": [503]}, "write status=503"),
        ({"strict": "yes"}, "Invalid rules/strict 'yes': use true or false"),
    ],
)
def test_bitpeak_mock_refuses_a_wrong_word(url: str, words: Any, sentence: str) -> None:
    with pytest.raises((TypeError, ControlError), match=sentence):
        bitpeak_mock(url=url, **words).__enter__()


def test_bitpeak_mock_fails_on_a_violation_if_it_is_strict(url: str) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    opened = bitpeak_mock(url=url, strict=True)
    api = opened.__enter__()
    api.send("POST", LIST, form, b"name=Team&type=slack&slack=s&colour=red")
    with pytest.raises(Violated, match="colour"):
        opened.__exit__(None, None, None)


def test_bitpeak_mock_fails_on_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mock_server.api.pipeline.BEHAVIOURS", {})
    opened = bitpeak_mock(socket=False)
    assert opened.__enter__().send("GET", LIST).status == 500
    with pytest.raises(WentWrong, match="defect of bitpeak-mock"):
        opened.__exit__(None, None, None)


def test_a_test_that_passes_asks_the_control_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    watcher, asked = Watcher(), list[tuple[str, str]]()
    control = AppChannel.control

    def counted(self: AppChannel, method: str, path: str, *given: Any, **query: Any) -> Any:
        asked.append((method, path))
        return control(self, method, path, *given, **query)

    with RunningMock(AppChannel(app), watcher) as mock:
        for _ in range(2):  # the first test of a run also asks what the mock is
            asked.clear()
            monkeypatch.setattr(AppChannel, "control", counted)
            assert watcher.begin_test() == ""
            api = mock.world()
            watcher.own(api)
            assert api.send("GET", LIST).status == 200
            assert watcher.complaint() == ""
        assert asked == [("GET", "/journal")]
        (world,) = watcher.worlds
        assert [call.status for call in world.calls] == [200]
        assert world.state == {**api.snapshot(), "clock": world.state["clock"]}
        assert world.state["clock"]["now"] == world.calls[0].record["time"]


def test_a_lobby_that_has_forgotten_all_requests_has_no_news(app: Flask) -> None:
    watcher, worlds = Watcher(), mock_of(app).worlds
    with RunningMock(AppChannel(app), watcher) as mock:

        def news() -> list[str | None]:
            watcher.refused.clear()
            watcher.look_around()
            return [call.refusal for call in watcher.refused]

        mock.world()
        mock.channel.ask("GET", LIST, {})
        assert news() == ["missing_bearer"]
        mock.channel.ask("GET", LIST, {})
        worlds.lobby.journal.evict()
        assert news() == []
        mock.channel.ask("GET", LIST, {"Authorization": "Bearer wrong"})
        assert news() == ["no_access"]
        assert news() == []
