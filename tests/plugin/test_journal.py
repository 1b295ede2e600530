"""The journal as a test reads it: expectations, bodies, and what it tells when it has forgotten calls."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from mock_server import bitpeak_mock
from mock_server.client import Api, ControlError, Evicted, NotInTime, TooMany, Violated

LIST = "/api/notification-handlers/"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CREATE = b"name=Team&type=slack&slack=s"


@pytest.fixture(scope="module")
def mock() -> Iterator[Api]:
    with bitpeak_mock(socket=False) as api:
        yield api


@pytest.fixture
def api(mock: Api) -> Api:
    return mock.another()


@pytest.fixture(scope="module")
def full(mock: Api) -> Api:
    """Give a world whose journal has forgotten the first six calls, a violation among them."""
    api = mock.another()
    api.send("POST", LIST, FORM, CREATE + b"&colour=red")
    for _ in range(1005):
        api.send("GET", f"{LIST}1")
    return api


def test_a_full_journal_tells_what_it_can(full: Api) -> None:
    journal = full.journal
    assert len(journal) == 1006
    assert journal
    assert journal[-1].number == journal[1005].number == 1006
    assert [call.number for call in journal[-3:]] == [1004, 1005, 1006]
    assert [call.number for call in journal[-3:-1]] == [1004, 1005]
    assert [call.number for call in journal[6:8]] == [7, 8]
    assert len(journal[-1000:]) == 1000
    found = journal.filter(method="GET")
    assert found
    assert found[-1].number == 1006
    assert [call.number for call in found[-2:]] == [1005, 1006]
    assert found.wait(count=3, timeout="5s")[-1].number == 1006
    assert "… 6 earlier calls are no longer remembered" in repr(journal)
    assert "<1006: GET" in repr(found)


@pytest.mark.parametrize(
    "view",
    [
        lambda journal: journal[0],
        lambda journal: journal[-1001],
        lambda journal: journal[-1001:],
        lambda journal: journal[:3],
        list,
        lambda journal: len(journal.filter(method="GET")),
        lambda journal: journal.filter(method="GET")[0],
        lambda journal: journal.filter(method="GET")[5:],
        lambda journal: bool(journal.filter(method="POST")),
        lambda journal: journal.filter(method="POST") == [],
        lambda journal: journal.filter(method="POST")[-1],
        lambda journal: journal.filter(method="POST").exactly(0),
    ],
)
def test_what_depends_on_forgotten_calls_is_an_error(full: Api, view: object) -> None:
    with pytest.raises(Evicted, match=r"no longer remembers 6 earlier calls.*use journal\[-"):
        view(full.journal)  # type: ignore[operator]


def test_after_clear_nothing_that_counts_is_forgotten(mock: Api) -> None:
    api = mock.another()
    for _ in range(1005):
        api.send("GET", f"{LIST}1")
    api.journal.clear()
    assert api.journal.filter(method="GET") == []
    api.send("GET", LIST)
    assert [call.target for call in api.journal] == [LIST]


def test_a_forgotten_violation_fails_a_strict_world(full: Api) -> None:
    full.verify()
    full.strict = True
    try:
        with pytest.raises(Violated, match="1 call that the mock no longer remembers violated"):
            full.verify()
    finally:
        full.strict = False


def test_a_forgotten_violation_fails_a_strict_test(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest

        ITEM = "/api/notification-handlers/1"

        @pytest.mark.bitpeak(strict=True)
        @pytest.mark.parametrize("query", ["?colour=red", ""])
        def test_it(bitpeak_in_process, query):
            bitpeak_in_process.send("GET", "/api/notification-handlers/" + query)
            for _ in range(1005):
                bitpeak_in_process.send("GET", ITEM)
            assert bitpeak_in_process.journal[-1].status == 200
        """
    )
    result = suite.runpytest_inprocess()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["1 call that the mock no longer remembers violated what the API documents. *"]
    )


def test_a_violation_can_be_accepted(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest

        LIST = "/api/notification-handlers/"
        pytestmark = pytest.mark.bitpeak(strict=True)

        def test_accepts(bitpeak_in_process):
            assert bitpeak_in_process.send("GET", LIST + "?colour=red").status == 400
            bitpeak_in_process.journal.filter(violation="unknown-parameter").accept()

        def test_accepts_one_of_two(bitpeak_in_process):
            bitpeak_in_process.send("GET", LIST + "?colour=red")
            bitpeak_in_process.journal.accept()
            bitpeak_in_process.send("GET", LIST + "?size=2")

        def test_accepts_none(bitpeak_in_process):
            bitpeak_in_process.send("GET", LIST + "?colour=red")
            bitpeak_in_process.journal.filter(violation="unknown-field").accept()
        """
    )
    result = suite.runpytest_inprocess()
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*violates what the API documents: *'size'*", "*violates*'colour'*"])


def test_a_body_is_shown_whole(api: Api) -> None:
    url = "https://example.com/" + "x" * 3000
    api.send("POST", LIST, FORM, f"name=Team&type=slack&slack={url}".encode())
    (call,) = api.journal
    assert call.request.form == {"name": "Team", "type": "slack", "slack": url}
    assert call.request.text == f"name=Team&type=slack&slack={url}"
    api.seed([{"type": "slack", "name": f"Handler {number}"} for number in range(25)])
    said = api.send("GET", LIST)
    assert len(said.body) > 2000
    assert api.journal[-1].response.text == said.body.decode()
    assert api.journal[-1].response.json() == said.json()


def test_a_body_that_is_not_remembered_whole_says_so(api: Api) -> None:
    boundary = {"Content-Type": "multipart/form-data; boundary=b"}
    head = b'--b\r\nContent-Disposition: form-data; name="'
    long = b"x" * 300_000
    body = head + b'name"\r\n\r\nTeam\r\n' + head + b'type"\r\n\r\n' + long + b"\r\n--b--\r\n"
    api.send("POST", LIST, boundary, body)
    request = api.journal[-1].request
    assert request.body is None
    assert request.text is not None
    assert request.text.endswith(f"… (the beginning of {len(body)} bytes)")
    assert request.form == {"name": "Team", "type": "x" * 200 + "… (the beginning of 300000 bytes)"}
    with pytest.raises(ValueError, match=f"which has {len(body)} bytes"):
        request.json()


def test_exactly_so_many_calls_are_expected(api: Api) -> None:
    assert api.journal.exactly(0, quiet="1ms") == []
    api.send("GET", LIST)
    assert [call.status for call in api.journal.exactly(1)] == [200]
    with pytest.raises(NotInTime, match=r"1 of 2 (?s:.*)<1: GET"):
        api.journal.exactly(2, timeout="1ms")
    api.send("GET", LIST)
    with pytest.raises(
        TooMany, match=r"There are 2 calls with method='GET', not 1:(?s:.*)<1: GET(?s:.*)<2: GET"
    ):
        api.journal.filter(method="GET").exactly(1)
    later = threading.Timer(0.02, api.send, ["GET", LIST])
    later.start()
    with pytest.raises(TooMany, match="There are 3 calls, not 2"):
        api.journal.exactly(2, quiet="20s")
    later.join()


def test_a_failed_wait_compares_the_nearest_calls(api: Api) -> None:
    api.send("DELETE", f"{LIST}77")
    api.send("POST", LIST, FORM, b"name=Team")
    with pytest.raises(NotInTime) as caught:
        api.journal.filter(method="POST", status=201, operation="create_notification_handler").wait(
            timeout="1ms"
        )
    shown = """
  The nearest exchanges (- expected, + received):
  <2: POST /api/notification-handlers/ 401 required_fields>
      method = POST
    - status = 201
    + status = 401
      operation = create_notification_handler
    ? The field 'type' is missing or empty. *
  <1: DELETE /api/notification-handlers/77 404 not_found>
    - method = POST
    + method = DELETE
    - status = 201
    + status = 404
    - operation = create_notification_handler
    + operation = delete_notification_handler"""
    assert fnmatchcase(str(caught.value), f"Only 0 of 1 exchanges came *{shown}")


def test_a_failed_expectation_points_at_the_test(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        def test_waits(bitpeak_in_process):
            bitpeak_in_process.journal.filter(method="POST").wait(timeout="1ms")

        def test_counts(bitpeak_in_process):
            bitpeak_in_process.send("GET", "/api/notification-handlers/")
            bitpeak_in_process.journal.exactly(0)
        """
    )
    result = suite.runpytest_inprocess()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        ['>* bitpeak_in_process.journal.filter(method="POST").wait(*', "E *Only 0 of 1 exchanges came*"],
        consecutive=True,
    )
    result.stdout.fnmatch_lines(
        [">* bitpeak_in_process.journal.exactly(0)", "E *There is 1 call, not 0:"], consecutive=True
    )
    result.stdout.no_fnmatch_line("*client/journal.py*")


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        ('fail("rate_limit")', "Unknown refusal 'rate_limit'"),
        ('advance("1 hour")', "Invalid advance '1 hour'"),
        ('answers({"retry": "x"})', "Unknown question 'retry'"),
        ('seed("x")', "A seed is a list of handlers"),
        ('journal.filter(method="POTS")[0]', "Unknown method 'POTS'"),
    ],
)
def test_a_mistake_points_at_the_test(suite: pytest.Pytester, mistake: str, says: str) -> None:
    suite.makepyfile(f"def test_it(bitpeak_in_process):\n    bitpeak_in_process.{mistake}")
    result = suite.runpytest_inprocess()
    lines = result.stdout.str().splitlines()
    said = next(number for number, line in enumerate(lines) if line.startswith("E ") and says in line)
    assert lines[said - 1] == f">       bitpeak_in_process.{mistake}"
    result.stdout.no_fnmatch_line("*mock_server/client/*.py:*")


def test_a_failed_wait_compares_three_calls_and_lists_ten(api: Api) -> None:
    for _ in range(12):
        api.send("GET", LIST)
    with pytest.raises(NotInTime) as caught:
        api.journal.filter(violation="any", defect=True).wait(timeout="1ms")
    _, _, *lines = str(caught.value).splitlines()
    assert lines[:5] == [
        "  <1: GET /api/notification-handlers/ 200>",
        "    - violation = any",
        "    + violation = none",
        "    - defect = true",
        "    + defect = false",
    ]
    assert len(lines) == 3 * 5 + 7 + 1
    assert lines[-2:] == ["  <10: GET /api/notification-handlers/ 200>", "  … and 2 others"]


def test_a_failed_wait_knows_the_spellings(api: Api) -> None:
    api.send("GET", LIST.rstrip("/"))
    wanted = api.journal.filter(
        operation="list_notification_handlers", method="get", path="/notification-handlers"
    )
    assert len(wanted) == 1
    with pytest.raises(NotInTime) as caught:
        wanted.filter(status=404).wait(timeout="1ms")
    _, _, call, *facts = str(caught.value).splitlines()
    assert call == "  <1: GET /api/notification-handlers 200>"
    assert [fact.strip() for fact in facts] == [
        "method = GET",
        "path = /api/notification-handlers",
        "- status = 404",
        "+ status = 200",
        "operation = list_notification_handlers_without_slash",
    ]


def test_a_failed_wait_without_a_filter_lists_the_calls(api: Api) -> None:
    with pytest.raises(NotInTime, match=r"lists all\.$"):
        api.journal.wait(timeout="1ms")
    api.send("GET", LIST)
    with pytest.raises(NotInTime) as caught:
        api.journal.wait(count=2, timeout="1ms")
    assert str(caught.value).splitlines()[1:] == ["  <1: GET /api/notification-handlers/ 200>"]


@pytest.mark.parametrize(
    "wanted", [{"refusal": "plan_limit"}, {"status": 201}, {"status": "3xx"}, {"violation": "unknown-field"}]
)
def test_what_an_operation_cannot_have_is_an_error(api: Api, wanted: Any) -> None:
    with pytest.raises(ControlError, match=r"^Unknown |reads no form"):
        api.journal.filter(operation="list_notification_handlers", **wanted).exactly(0)


def test_a_coroutine_waits_without_blocking(api: Api) -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match="would block the event loop"):
            api.journal.wait()
        waiting = asyncio.create_task(api.journal.wait_async(timeout="20s"))
        await asyncio.to_thread(api.send, "GET", LIST)
        assert [call.status for call in await waiting] == [200]

    asyncio.run(main())


def test_a_record_is_json(api: Api) -> None:
    api.send("GET", LIST)
    assert json.loads(json.dumps(api.journal[-1].record)) == api.journal[-1].record


def test_a_wrong_count_lists_the_calls_that_fit(api: Api) -> None:
    api.send("DELETE", f"{LIST}77")
    api.send("GET", LIST)
    with pytest.raises(NotInTime) as caught:
        api.journal.filter(method="GET").exactly(2, timeout="1ms")
    shown = """
  These fit:
  <2: GET /api/notification-handlers/ 200>
  The nearest other exchanges (- expected, + received):
  <1: DELETE /api/notification-handlers/77 404 not_found>
    - method = GET
    + method = DELETE"""
    assert fnmatchcase(str(caught.value), f"Only 1 of 2 exchanges came *{shown}")


def test_a_wait_with_a_wrong_duration_has_no_other_error_before_it(api: Api) -> None:
    with pytest.raises(ControlError, match="5 parsecs") as caught:
        api.journal.wait(timeout="5 parsecs")
    error: BaseException | None = caught.value
    while error is not None:
        assert "event loop" not in str(error)
        error = error.__context__
