"""What passes and what does not; nobody else's row changes, whatever is sent."""

from __future__ import annotations

import pytest

from contract_tests.guard.guard import Guard
from contract_tests.guard.mask import MARK
from contract_tests.guard.policy import NOWHERE, readings
from tests.guard.account import Target
from tests.guard.client import Client
from tests.guard.conftest import Hurried, MakeGuard, through
from tests.guard.scripted import Asked, Said, Scripted, said

FOREIGN = [
    "7", "07", "0007", "+7", "%37", "%2537", " 7".replace(" ", "%20"), "%097", "%0A7", "%007", "7abc", "7.9", "7e0",
    "0.7e1", "70e-1", "7;x", "7,8", "7%00x", "%EF%BC%97", "%D9%A7", "0x7", "0o7", "0b111", "4294967303", "7%20", "7_0",
    "%C2%A07", "'7", "(7)", "7%3Fx",
]  # fmt: skip
HARMLESS = [
    "0",
    "-1",
    "abc",
    "999999999999",
    "9223372036854775807",
    "99999999999999999999999",
    "null",
    "-0",
]


@pytest.mark.parametrize("spelling", FOREIGN)
def test_no_spelling_of_a_foreign_id_is_written_to(spelling: str, client: Client, target: Target) -> None:
    before = target.rows
    for method in ("POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"):
        for slash in ("", "/"):
            reply = client.call(method, f"{client.base}/{spelling}{slash}")
            assert reply.headers["x-guard-refused"] in {"foreign", "path"}, (method, reply)
    assert target.rows == before
    assert {line.split()[0] for line in target.journal} <= {"GET"}


@pytest.mark.parametrize("spelling", HARMLESS)
def test_ids_that_nobody_can_have_pass_with_every_method(spelling: str, client: Client) -> None:
    for method in ("GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS", "HEAD", "PURGE"):
        reply = client.call(method, f"{client.base}/{spelling}")
        assert (reply.status, reply.refused) == (404, ""), (method, reply)


def test_own_ids_pass_in_any_spelling_while_they_mean_nothing_else(client: Client) -> None:
    row = client.created()
    for spelling in (
        f"{row}",
        f"{row}abc",
        f"{row}.9",
        f"%20{row}",
        f"+{row}",
        f"%3{str(row)[0]}{str(row)[1:]}",
    ):
        assert client.call("POST", f"{client.base}/{spelling}").status == 200, spelling
    assert client.call("PUT", f"{client.base}/{row}").status == 404
    assert client.delete(f"{row}abc").status == 200


@pytest.mark.parametrize(
    ("method", "path", "reason"),
    [
        ("DELETE", "", "method"), ("PUT", "", "method"), ("OPTIONS", "", "method"), ("HEAD", "/", "method"),
        ("TRACE", "", "method"), ("CONNECT", "/1", "method"), ("POST", "//", "path"), ("DELETE", "/%20", "path"),
        ("DELETE", "/%0A", "path"), ("POST", "/%00", "path"), ("GET", "/1/2", "path"), ("GET", "/..", "path"),
        ("GET", "/%2e%2e/1", "path"),
        ("DELETE", "/a%2F1", "path"), ("DELETE", "/a%252F1", "path"), ("DELETE", "/a%5C1", "path"),
        ("GET", "?_method=DELETE", "override"), ("GET", "/1?_method=DELETE", "override"),
        ("POST", "?name=x", "query"), ("DELETE", "/0?id=1", "query"), ("get", "/1", "foreign"),
        ("DELETE", "-x/1", "path"),
    ],
)  # fmt: skip
def test_what_is_not_documented_does_not_pass(
    method: str, path: str, reason: str, client: Client, target: Target
) -> None:
    assert client.call(method, client.base + path).refused == reason
    assert target.journal == []


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/", "/api/other", "/_mock/health", "/api/../notification-handlers"]
)
def test_other_paths_do_not_pass(path: str, client: Client) -> None:
    assert client.call("GET", path).refused == "path"


def test_one_path_is_there_to_be_unknown(client: Client) -> None:
    reply = client.call("GET", f"{client.prefix}/{NOWHERE}")
    assert (reply.status, reply.headers["content-type"]) == (404, "text/html")


def test_read_only_lets_documented_reads_pass_and_nothing_else(target: Target, make_guard: MakeGuard) -> None:
    guard = make_guard(target, allow_writes=False)
    client = through(guard)
    assert client.get("").status == client.get("/").status == client.get("/7").status == 200
    assert client.get("/0").status == client.get("/%00").status == 404
    for method in ("POST", "DELETE", "PUT", "HEAD", "OPTIONS"):
        for path in ("", "/7", "/0", "/abc"):
            assert client.call(method, client.base + path).refused == "read-only"
    assert guard.ledger_file is None
    assert not any(line.split()[0] != "GET" for line in target.journal)


def test_a_request_with_the_key_itself_is_refused(client: Client, target: Target) -> None:
    key = target.key
    assert client.get("", authorization=f"Bearer {key}").refused == "key"
    assert client.get(f"?search={key}").refused == "key"
    assert client.get(f"?search=%6D{key[1:]}").refused == "key"
    assert client.get("", headers={"X-Other": key}).refused == "key"
    assert client.create(key).refused == "key"
    assert target.journal == []


def test_headers_that_override_are_left_behind(client: Client, target: Target) -> None:
    before = target.rows
    overriding = {
        "X-HTTP-Method-Override": "DELETE",
        "X-Original-URL": "/api/notification-handlers/1",
        "Cookie": "a=b",
    }
    assert client.get("/7", headers=overriding).status == 200
    assert client.post("", {"name": "x", "type": "x", "_method": "DELETE"}).refused == "override"
    assert target.rows == before


def test_bodies_that_could_hide_a_name_are_refused(client: Client) -> None:
    hidden = b'{"name": "x", "type": "email"'
    for content_type in ("application/json", "text/plain", "multipart/form-data", "application/xml"):
        reply = client.call("POST", client.base, hidden, {"Content-Type": content_type})
        assert reply.refused == "form", content_type
    for content_type in ("application/json", "text/plain", "multipart/form-data; boundary=x"):
        assert client.call("POST", client.base, b"[1, 2]", {"Content-Type": content_type}).status == 401


def test_a_dead_id_that_another_row_has_is_let_alone(guard: Guard, client: Client, target: Target) -> None:
    row = client.created()
    client.delete(row)
    assert client.update(row).status == 404
    target.world.stores["handlers"].next_id = row  # a service that uses an id again
    assert target.user().created("The user's own") == row
    assert [client.delete(row).refused, client.update(row, name="x").refused] == ["foreign", "halted"]
    assert client.get(f"/{row}").data["name"] == MARK
    (alarm,) = guard.alarms
    assert (alarm.about, f"A retrieve of {row} no longer shows" in alarm.sentence) == ("ids", True)


@pytest.mark.parametrize(("seconds", "write", "looks"), [(9, False, 0), (11, False, 1), (0, True, 1)])
def test_a_look_proves_a_row_for_ten_seconds_and_until_the_next_write(
    seconds: int, write: bool, looks: int, target: Target, make_guard: MakeGuard
) -> None:
    time = Hurried()
    client = through(make_guard(target, clock=time.clock, sleep=time.sleep))
    other, row = client.created("Another one"), client.created()
    for _ in range(2):
        client.update(other, name="Settled, with the lists that come first")
    if write:
        client.get(f"/{row}")
        client.update(other, name="Renamed")
    else:
        client.get(f"/{other}")
        client.get(f"/{row}")
    before = len(target.journal)
    time.sleep(seconds)
    client.update(row, name="Renamed")
    assert [line.partition(" ")[0] for line in target.journal[before:]] == ["GET"] * looks + ["POST"]


def test_ids_are_impossible_only_far_above_those_that_exist(make_guard: MakeGuard) -> None:
    rows = [{"id": 5_000_000_000, "name": "Private", "type": "x"}]
    page = {"data": rows, "meta": {"total": 1}}
    with Scripted(lambda asked: said(page, 200 if "?" in asked.path else 404)) as target:
        client = through(make_guard(target.url))
        assert client.delete(5_000_000_000).refused == client.delete(999_999_999_999).refused == "foreign"
        assert client.delete(2**43).status == 404
        assert [asked.method for asked in target.asked] == ["GET", "DELETE"]


@pytest.mark.parametrize("tree", [{}, {"data": [], "meta": {"total": 1}}, {"data": {}}, "<p>"])
def test_nothing_is_written_if_the_list_cannot_be_read_whole(tree: object, make_guard: MakeGuard) -> None:
    with Scripted(lambda _: said(tree)) as target:
        guard = make_guard(target.url)
        client = through(guard)
        assert client.delete(7).refused == "foreign"
        assert [client.delete(2**43).refused, client.create().refused, client.delete(-1).refused] == [
            "halted"
        ] * 3
        assert {asked.method for asked in target.asked} == {"GET"}
        assert "nothing was written" in guard.alarms[0].sentence
        assert guard.clean_up().complete, "it has nothing to clean up"


def test_a_service_that_creates_where_it_should_not_is_cleaned_up(make_guard: MakeGuard) -> None:
    rows = {1: "The user's own"}

    def upsert(asked: Asked) -> Said:
        row = asked.path.partition("?")[0].rpartition("/")[2]
        if asked.method == "PUT":
            rows[int(row)] = asked.body.decode().partition("name=")[2].replace("%3A", ":")
        if not row.isdigit():
            shown = [{"id": one, "name": name} for one, name in rows.items()]
            return said({"data": shown, "meta": {"total": len(rows)}})
        if asked.method == "DELETE":
            rows.pop(int(row))
        return said({"data": {"id": int(row), "name": rows.get(int(row))}}, 200 if int(row) in rows else 404)

    with Scripted(upsert) as target:
        guard = make_guard(target.url)
        content_type = {"Content-Type": "application/x-www-form-urlencoded"}
        client = through(guard)
        assert client.call("PUT", f"{client.base}/8000000000", b"name=Example", content_type).status == 200
        assert len(rows) == 2
        assert guard.clean_up().deleted == [8_000_000_000]
        assert rows == {1: "The user's own"}


def test_live_rows_are_capped(target: Target, make_guard: MakeGuard) -> None:
    client = through(make_guard(target, live_rows=2))
    first = client.created()
    client.created()
    assert client.create().refused == "live-rows"
    client.delete(first)
    assert client.create().status == 201


@pytest.mark.parametrize(("text", "meant"), [
    ("12", {12}), ("1abc", {1}), ("01", {1}), ("010", {10, 8}), ("1.9", {1}), ("1e3", {1, 1000}), (" 1", {1}),
    ("abc", set()), ("-5", {-5}), ("%31", {1, 31}), ("1_0", {1, 10}), ("", set()), ("0x1A", {26}),
])  # fmt: skip
def test_readings(text: str, meant: set[int]) -> None:
    assert readings(text) - {0} == meant


def test_a_request_of_another_origin_reaches_the_service_and_one_of_another_host_does_not(
    client: Client,
) -> None:
    assert client.get("", headers={"Origin": "https://elsewhere.example"}).status == 200
    assert client.get("", headers={"Host": "elsewhere.example"}).refused
