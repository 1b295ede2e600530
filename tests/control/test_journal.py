"""The journal: what was asked, with its parts as the parser saw them; bounded, and honest about what is gone."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from pathlib import Path
from typing import Any

import pytest

import mock_server
from mock_server import Server, Settings, create_app, php
from mock_server.api import form
from mock_server.control.about import control_document
from mock_server.php import FormLimits, SentForm
from mock_server.state import journal
from mock_server.state.journal import OVERHEAD, Archive, Exchange, Journal
from tests.control.conftest import Steered
from tests.semantics.client import BASE, multipart
from tests.server.wire import wait_until


def exchange(size: int = 0) -> Exchange:
    return Exchange("GET", "/x", 200, body=b"x" * size, size=size, memory=OVERHEAD + size)


def test_an_exchange_tells_all(client: Steered) -> None:
    client.steer("PATCH", "/clock", {"now": "2026-01-01T00:00:00Z", "frozen": True})
    client.create(name="Zażółć", type="slack", slack="https://example.com/h", nme="?")
    (found,) = client.journal()
    assert {
        key: found[key] for key in ("number", "time", "method", "path", "status", "operation", "refusal")
    } == {
        "number": 1,
        "time": "2026-01-01T00:00:00.000Z",
        "method": "POST",
        "path": BASE,
        "status": 201,
        "operation": "create_notification_handler",
        "refusal": None,
    }
    assert [(part["name"], part["kind"], part["preview"]) for part in found["request"]["parts"]] == [
        ("name", "text", "Zażółć"),
        ("type", "text", "slack"),
        ("slack", "text", "https://example.com/h"),
        ("nme", "text", "?"),
    ]
    first = found["request"]["parts"][0]
    assert (first["bytes"], first["sha256"]) == (10, hashlib.sha256("Zażółć".encode()).hexdigest())
    assert found["violations"] == [
        {
            "code": "unknown-field",
            "sentence": "Unknown field 'nme' is ignored. Remove it.",
        }
    ]
    assert json.loads(found["answer"]["body"]) == {"data": {"id": 2}}


def test_a_body_that_is_wrong_is_told_with_the_remedy(client: Steered) -> None:
    body, _ = multipart([("name", "a"), ("type", "email")])
    client.call("POST", BASE, body, "multipart/form-data")
    client.call("POST", BASE, b'{"name": "a"}', "application/json")
    sentences = [each["violations"][0]["sentence"] for each in client.journal("?violation=any")]
    assert "boundary" in sentences[0]
    assert "let the" in sentences[0]
    assert sentences[1] == (
        "The body is JSON, which this API does not read: send multipart/form-data or application/x-www-form-urlencoded."
    )


def test_a_file_is_seen_as_one(client: Steered) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="email"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n'
        b"\xff\xfe\r\n--b--\r\n"
    )
    client.call("POST", BASE, body, "multipart/form-data; boundary=b")
    (part,) = client.journal()[0]["request"]["parts"]
    assert (part["kind"], part["file_name"], part["content_type"], part["bytes"]) == (
        "file",
        "a.txt",
        "text/plain",
        2,
    )


def test_keys_are_redacted(client: Steered) -> None:
    client.get()
    client.get("", HTTP_AUTHORIZATION="Bearer mock-another-long-key", HTTP_COOKIE="session=secret")
    client.get("", HTTP_AUTHORIZATION="Bearer a-real-key-of-mine")
    client.get("", HTTP_AUTHORIZATION="a-real-key-of-mine")
    other = client.steer("GET", "/journal?key=mock-another-long-key")
    lobby = client.steer("GET", "/journal?lobby=true")
    assert other["exchanges"][0]["request"]["headers"]["Authorization"] == "Bearer mock-a…21"
    said = json.dumps([client.journal(), other, lobby])
    for secret in (client.key, "mock-another-long-key", "a-real-key-of-mine", "session=secret"):
        assert secret not in said


def test_a_request_without_a_good_key_is_in_the_lobby(client: Steered) -> None:
    before = client.steer("GET", "/journal?lobby=true")["next"]
    client.get("", HTTP_AUTHORIZATION="Bearer wrong")
    client.get("", HTTP_AUTHORIZATION=None)
    client.call("GET", "/api/none")
    found = client.journal(f"?lobby=true&since={before}")
    assert [each["refusal"] for each in found] == ["no_access", "missing_bearer"]
    assert found[0]["time"] > "2026", "the lobby has a clock, too"
    assert [each["status"] for each in client.journal()] == [404], "a good key is told from a wrong path"


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [1, 2, 3, 4]),
        ("?method=POST", [3, 4]),
        (f"?path={BASE}/1", [1, 4]),
        ("?status=404", [2]),
        ("?status=2xx", [1, 3, 4]),
        ("?operation=retrieve_notification_handler", [1, 2]),
        ("?refusal=not_found", [2]),
        ("?violation=any", [4]),
        ("?violation=unknown-field", [4]),
        ("?violation=file", []),
        ("?method=post", [3, 4]),
        ("?path=/notification-handlers", [3]),
        ("?path=/notification-handlers/&operation=create_notification_handler", [3]),
        ("?path=/notification-handlers/1", [1, 4]),
        ("?defect=true", []),
        ("?defect=false&since=2", [3, 4]),
        ("?since=3", [4]),
        ("?since=4", []),
        ("?limit=2", [3, 4]),
        ("?method=POST&limit=1", [4]),
    ],
)
def test_filters(client: Steered, query: str, numbers: list[int]) -> None:
    client.get("/1")
    client.get("/99")
    client.create(name="a", type="email")
    client.update(1, nme="b")
    assert [each["number"] for each in client.journal(query)] == numbers


@pytest.mark.parametrize("lobby", ["", "&lobby=true"])
def test_a_misspelt_name_is_refused(client: Steered, lobby: str) -> None:
    for query, known in (
        (
            "?operation=list_notification_handler",
            "create_notification_handler, retrieve_notification_handler",
        ),
        ("?refusal=rate_limit&wait=5s", "rate_limited"),
        ("?refusal=outage-200", "outage-500, outage-502, outage-503"),
        ("?method=PSOT", "Unknown method 'PSOT' (did you mean 'POST'?)"),
    ):
        reply = client.control("GET", f"/journal{query}{lobby}")
        assert reply.status == 400
        assert re.match(
            r"Unknown (operation|refusal|method) '[\w-]+'( \(did you mean '[\w-]+'\?\))?\. Choose from ",
            reply.title,
        ), reply.title
        assert known in reply.title


@pytest.mark.parametrize(
    "query", ["?operation=delete_notification_handler", "?refusal=outage-503", "?operation="]
)
def test_a_name_that_there_is_may_have_come_never(client: Steered, query: str) -> None:
    client.get("/1")
    assert client.journal(query) == []


def test_what_came_is_known_even_where_the_document_has_it_no_more() -> None:
    client = Steered(app=create_app(Settings(answers=("rate-limit=none",))))
    client.steer("PATCH", "/questions", {"rate-limit": "sixty-a-minute"})
    client.steer("PATCH", "/quota", {"requests": 1, "used": 1})
    client.get("/1")
    client.steer("PATCH", "/questions", {"rate-limit": "none"})
    assert [each["status"] for each in client.journal("?refusal=rate_limited")] == [429]
    client.control("DELETE", "/journal")
    assert client.control("GET", "/journal?refusal=rate_limited").status == 400


def test_bodies_come_whole_where_asked(client: Steered) -> None:
    body, kind = multipart([("name", "a"), ("type", "email")])
    client.call("POST", BASE, body, kind)
    client.steer("PUT", "/state", {"handlers": [{"type": "email", "name": "n" * 100}] * 500})
    client.get("?results_per_page=1000")
    created, listed = client.journal("?bodies=true")
    assert base64.b64decode(created["request"]["base64"]) == body
    assert json.loads(base64.b64decode(created["answer"]["base64"])) == {"data": {"id": 2}}
    assert listed["answer"]["bytes"] > 100_000
    assert listed["answer"]["base64"] is None, "too long to be remembered whole"
    assert "base64" not in client.journal()[0]["request"]


def test_a_long_body_is_parsed_before_it_is_forgotten(client: Steered) -> None:
    client.create(name="a", type="email", email=b"e" * 400_000)
    (found,) = client.journal("?bodies=true")
    assert [part["bytes"] for part in found["request"]["parts"]] == [1, 5, 400_000]
    assert found["request"]["base64"] is None
    assert client.world.journal.exchanges[-1].memory < 10_000


@pytest.mark.parametrize("size", [5_000, 300_000])
def test_a_body_is_read_once_for_the_journal(
    client: Steered, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes the parser long must not take it as long again with each look at the journal."""
    read: list[int] = []

    def count(
        content_type: str | None, body: bytes, limits: FormLimits, readable: frozenset[str]
    ) -> SentForm:
        read.append(len(body))
        return php.read(content_type, body, limits, readable)

    monkeypatch.setattr(form, "read", count)
    monkeypatch.setattr(journal, "read", count)
    client.create(name="x" * size, type="email")
    assert [len(client.journal()[0]["request"]["parts"]) for _ in range(3)] == [2] * 3
    assert len(read) == (1 if size > journal.WHOLE_REQUEST else 2)
    assert client.world.journal.exchanges[0].memory > min(2 * size, OVERHEAD)


def test_a_body_that_is_refused_for_its_size_is_not_read(
    client: Steered, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> SentForm:
        raise AssertionError("it is read")

    monkeypatch.setattr(journal, "read", fail)
    assert client.call("POST", BASE, b"a=b&" * (3 << 20)).status == 413
    assert client.journal()[0]["request"]["parts"] == []


def test_a_query_past_the_bound_says_evicted(client: Steered) -> None:
    client.create(name="a", type="email")
    for _ in range(1005):
        client.get("/1")
    answer = client.steer("GET", "/journal?limit=1")
    assert (answer["total"], answer["evicted"], answer["next"]) == (1006, 6, 1006)
    created = "?operation=create_notification_handler"
    for query in (created, "?since=2", f"{created}&wait=5s"):
        reply = client.control("GET", f"/journal{query}")
        assert reply.status == 410, "never zero"
        assert "6 exchanges are forgotten" in reply.title
    assert client.journal("?since=6&operation=create_notification_handler") == []
    partial = client.steer("GET", f"/journal{created}&partial=true")
    assert (partial["exchanges"], partial["evicted"]) == ([], 6)
    vain = client.control("GET", f"/journal{created}&partial=true&wait=1ms")
    assert vain.title.endswith("\n  … and 990 others\n  … 6 earlier exchanges are no longer remembered")


def test_violations_and_defects_are_counted_when_their_exchanges_are_forgotten(client: Steered) -> None:
    client.get("/?colour=red")
    for _ in range(1005):
        client.get("/1")
    page = client.steer("GET", "/journal?limit=1")
    assert (page["evicted"], page["violated"], page["defects"]) == (6, 1, 0)


def test_what_was_cleared_is_not_evicted(client: Steered) -> None:
    client.get("/1")
    assert client.control("DELETE", "/journal").status == 204
    lobby = client.steer("GET", "/journal?lobby=true")["total"]
    assert client.steer("GET", "/journal?operation=retrieve_notification_handler") == {
        "exchanges": [], "total": 1, "cleared": 1, "evicted": 0, "violated": 0, "defects": 0, "lobby": lobby, "next": 1,
    }  # fmt: skip
    client.get("/1")
    assert [each["number"] for each in client.journal()] == [2]


def test_numbers_from_before_a_world_was_dropped_begin_anew(client: Steered) -> None:
    client.get("/1")
    assert client.steer("GET", "/journal?since=500&wait=5s")["next"] == 1


def test_a_wait_ends_when_it_comes_and_blocks_nobody() -> None:
    with Server(create_app()) as server:
        first, second = _over_http(server.url), _over_http(server.url)
        found: list[Any] = []
        waiting = threading.Thread(
            target=lambda: found.append(first("GET", "/_mock/journal?status=404&count=2&wait=20s"))
        )
        waiting.start()
        for _ in range(2):
            assert second("GET", "/api/notification-handlers/99")[0] == 404
        waiting.join(15)
        ((status, answer),) = found
        assert (status, len(answer["exchanges"])) == (200, 2)


def test_a_wait_in_vain_is_a_conflict_that_says_how_many_came() -> None:
    with Server(create_app()) as server:
        ask = _over_http(server.url)
        ask("GET", "/api/notification-handlers/99")
        status, answer = ask("GET", "/_mock/journal?status=404&count=2&wait=50ms")
        assert status == 409
        assert answer["errors"][0]["title"].splitlines() == [
            "Only 1 of 2 exchanges came within 50ms. GET /_mock/journal lists all.",
            "  These fit:",
            "  <1: GET /api/notification-handlers/99 404 not_found>",
        ]


def test_a_server_that_stops_ends_a_wait() -> None:
    server = Server(create_app())
    server.start()
    ask, found = _over_http(server.url), []
    waiting = threading.Thread(target=lambda: found.append(ask("GET", "/_mock/journal?wait=1h")))
    waiting.start()
    wait_until(lambda: any(not each.idle for each in server.connections))  # until the wait has begun
    server.stop(0.05)
    waiting.join(10)
    assert found[0][0] == 409


def test_a_wait_under_another_server_is_one_too(client: Steered) -> None:
    reply = client.control("GET", "/journal?wait=30ms")
    assert (reply.status, reply.title[:9]) == (409, "Only 0 of")


def _over_http(url: str) -> Any:
    import http.client

    def ask(method: str, path: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
        connection.request(method, path, headers={"Authorization": "Bearer mock-key"})
        response = connection.getresponse()
        body = json.loads(response.read())
        connection.close()
        return response.status, body

    return ask


def test_a_journal_is_bounded_by_count_and_bytes() -> None:
    journal = Journal(capacity=3, most=20_000)
    for _ in range(5):
        journal.add(exchange())
    assert (len(journal.exchanges), journal.evicted, journal.total) == (3, 2, 5)
    journal.add(exchange(17_000))
    assert (len(journal.exchanges), journal.evicted) == (1, 5)
    journal.add(exchange(50_000))
    assert (len(journal.exchanges), journal.evicted) == (1, 6), "the last one is always there"


def test_all_journals_together_are_bounded() -> None:
    archive = Archive(most=100_000)
    idle, busy = Journal(archive), Journal(archive)
    for _ in range(3):
        idle.add(exchange(10_000))
    for _ in range(10):
        busy.add(exchange(10_000))
    assert (len(idle.exchanges), idle.evicted) == (0, 3)
    assert busy.exchanges
    idle.add(exchange(1))
    idle.leave()
    busy.clear()
    assert (busy.evicted, busy.total) == (0, 10)
    for _ in range(40):
        busy.add(exchange(5_000))
    assert sum(each.memory for each in busy.exchanges) > 100_000, "alone, a journal has its own bound"


@pytest.mark.parametrize(
    ("query", "says"),
    [
        (
            "path=/api/notification-handler",
            "(did you mean '/api/notification-handlers'?). No operation and no request",
        ),
        ("path=notification-handlers", "Unknown path 'notification-handlers'"),
        (
            "path=http://127.0.0.1/api/notification-handlers",
            "Choose from /api/notification-handlers/, /api/not",
        ),
        (
            "violation=unknown-feild",
            "Invalid violation 'unknown-feild' (did you mean 'unknown-field'?): use any, array-field",
        ),
        (
            "method=GET&operation=create_notification_handler",
            "create_notification_handler is a POST, not a GET.",
        ),
        (
            "operation=list_notification_handlers&refusal=plan_limit",
            "Choose from missing_bearer, no_access, rate_limited.",
        ),
        (
            "operation=create_notification_handler&refusal=not_found",
            "Unknown refusal of create_notification_handler 'not_found'.",
        ),
        (
            "operation=list_notification_handlers_without_slash&status=201",
            "Unknown status of list_notification_handlers_without_slash '201' (did you mean '200'?). "
            "Choose from 200, 2xx, 4xx, 5xx.",
        ),
        ("operation=create_notification_handler&status=3xx", "'3xx'"),
        (
            "operation=delete_notification_handler&violation=unknown-field",
            "delete_notification_handler reads no form, so it never has the violation 'unknown-field'. Remove one",
        ),
        (
            "operation=create_notification_handler&violation=loose-parameter",
            "create_notification_handler reads no query, so it never has the violation 'loose-parameter'. Remove one",
        ),
    ],
)
def test_a_filter_that_nothing_can_match_is_refused(client: Steered, query: str, says: str) -> None:
    reply = client.control("GET", f"/journal?{query}")
    assert reply.status == 400
    assert says in reply.title


@pytest.mark.parametrize(
    "query",
    [
        "operation=list_notification_handlers&status=4xx",
        "operation=list_notification_handlers&status=418",
        "operation=list_notification_handlers&refusal=violation",
        "operation=list_notification_handlers&refusal=outage-503",
        "operation=list_notification_handlers&violation=any",
        "operation=retrieve_notification_handler&violation=mutation-missed",
        "operation=list_notification_handlers&violation=loose-parameter",
        "operation=update_notification_handler&violation=unknown-field",
    ],
)
def test_a_filter_that_something_could_match_is_empty(client: Steered, query: str) -> None:
    assert client.journal(f"?{query}") == []


def test_what_an_operation_had_it_can_have(client: Steered) -> None:
    wanted = "?operation=list_notification_handlers&refusal=invalid_parameter"
    client.steer("PATCH", "/questions", {"page-not-valid": "refused"})
    assert client.journal(wanted) == []
    client.get("?page=0")
    client.steer("PATCH", "/questions", {"page-not-valid": "first-page"})
    assert [each["number"] for each in client.journal(wanted)] == [1]
    client.steer("PATCH", "/questions", {"create-status": "ok"})
    client.create(name="a", type="email")
    client.steer("PATCH", "/questions", {"create-status": "created"})
    wanted = "?operation=create_notification_handler&status=200"
    assert [each["number"] for each in client.journal(wanted)] == [2]


def test_a_redirect_is_no_call_of_the_operation(client: Steered) -> None:
    client.steer("PATCH", "/questions", {"trailing-slash": "redirect"})
    assert [client.get("/1/").status, client.get("/1").status] == [301, 200]
    wanted = "?operation=retrieve_notification_handler"
    assert [each["number"] for each in client.journal(wanted)] == [2]


def test_a_call_that_is_refused_early_has_its_operation(client: Steered) -> None:
    client.steer("PATCH", "/quota", {"enforced": True, "requests": 1})
    client.get("")
    client.get("")
    wanted = "?operation=list_notification_handlers&refusal=rate_limited"
    assert [each["number"] for each in client.journal(wanted)] == [2]


def test_a_path_that_was_asked_for_is_known(client: Steered) -> None:
    client.call("GET", "/api/none")
    assert [each["number"] for each in client.journal("?path=/none")] == [1]


@pytest.mark.parametrize("name", ["list_notification_handlers", "list_notification_handlers_without_slash"])
def test_an_operation_means_all_its_spellings(client: Steered, name: str) -> None:
    client.get("/")
    client.get("")
    client.get("/1")
    assert [each["number"] for each in client.journal(f"?operation={name}&wait=5s&count=2")] == [1, 2]
    for target in ("/", ""):
        client.steer("POST", "/faults", {"status": 503, "operation": name})
        assert client.get(target).status == 503
    assert {each["operation"] for each in client.steer("GET", "/faults")["faults"]} == {
        "list_notification_handlers"
    }


def test_the_control_knows_the_code_of_every_violation() -> None:
    """A code that openapi/control.yaml does not list would make the journal fail."""
    known = control_document()["components"]["schemas"]["ViolationCode"]["enum"]
    source = "".join(path.read_text() for path in Path(mock_server.__file__).parent.rglob("*.py"))
    found = set(re.findall(r'(?:violate|remark|Remark|Violation)\(\s*"([a-z0-9-]+)"', source))
    assert found == set(known) - {"any"}
    schema = control_document()["components"]["schemas"]["ViolationCode"]
    assert {*schema["x-of-all"], *schema["x-of-lists"]} <= set(known)
