"""A suite sees through the guard what it would see without it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from contract_tests.guard.exchange import Exchange, FormField
from contract_tests.guard.guard import Guard
from contract_tests.guard.upstream import GuardSettings
from tests.guard.account import ROWS, SECRET, Mocks, Target
from tests.guard.client import Client, multipart, urlencoded
from tests.guard.conftest import MakeGuard, through


def test_a_row_lives_and_dies_as_without_a_guard(client: Client, target: Target) -> None:
    row = client.created("Work email", type="email", email="hey@example.com")
    assert client.get(f"/{row}").data["name"] == "Work email"
    assert client.update(row, name="Other", is_enabled="0").data == {"id": row}
    shown = client.get(f"/{row}").data
    assert (shown["name"], shown["is_enabled"]) == ("Other", False)
    assert b"bpm-" in target.rows[row]
    assert client.get("?results_per_page=100").data[0] == shown
    reply = client.delete(row)
    assert (reply.status, reply.body) == (200, b"")
    assert [client.get(f"/{row}").status, client.delete(row).status, client.update(row).status] == [404] * 3
    assert row not in target.rows


@pytest.mark.parametrize(
    "name",
    [
        "Example", "  outer blanks\t", "\N{NO-BREAK SPACE}no-break", "ünïcödé ☃ \U0001f600", "quotes ' and \"",
        "<b>bold</b>", "a\\b/c", "bpm-", "x" * 109, "0", "\N{COMBINING ACUTE ACCENT}combining", "line\r\nbreak",
        "z-Example",
    ],
)  # fmt: skip
@pytest.mark.parametrize("write", [multipart, urlencoded])
def test_names_are_seen_as_without_the_marker(
    name: str, write: Callable[..., tuple[bytes, str]], client: Client, target: Target
) -> None:
    body, content_type = write({"name": name, "type": "internal_notification"})
    headers = {"Content-Type": content_type}
    seen = []
    for one in (client, target.user()):
        row = one.call("POST", one.base, body, headers).data["id"]
        seen.append(one.get(f"/{row}").data["name"])
    assert seen[0] == seen[1]


def test_a_letter_before_the_marker_orders_names(client: Client, target: Target) -> None:
    rows = [client.created(name) for name in ("z-Example", "a-Example", "Example")]
    stored = [json.loads(target.rows[row])["name"] for row in rows]
    assert sorted(stored) == [stored[1], stored[2], stored[0]]


def test_the_room_for_a_name_shrinks_by_the_marker(client: Client, guard: Guard) -> None:
    row = client.created("x" * 300)
    assert client.get(f"/{row}").data["name"] == "x" * (128 - guard.marker_length)


def test_the_raw_answer_keeps_its_escapes(client: Client) -> None:
    row = client.created("sch\N{LATIN SMALL LETTER O WITH DIAERESIS}n/gut")
    assert rb'"name":"sch\u00f6n\/gut"' in client.get(f"/{row}").body
    assert rb'"name":"sch\u00f6n\/gut"' in client.get("?results_per_page=100").body


def test_a_file_name_does_not_hide_the_name(client: Client, target: Target) -> None:
    body, content_type = multipart({"name": "Example", "type": "slack"}, filename="a.txt")
    reply = client.call("POST", client.base, body, {"Content-Type": content_type})
    assert reply.refused == "unmarked", "a service may take a file for no name"
    assert len(target.rows) == ROWS


def test_both_spellings_of_every_path(client: Client) -> None:
    row = client.created()
    for slash in ("", "/"):
        assert client.get(slash).status == 200
        assert client.get(f"/{row}{slash}").status == 200
        assert client.post(f"/{row}{slash}", {"name": "n"}).status == 200
    assert client.post("/", {"name": "n", "type": "x"}).status == 201
    assert client.delete(f"{row}/").status == 200


def test_links_lead_back_through_the_guard(client: Client, guard: Guard, target: Target) -> None:
    links = client.get("?results_per_page=10").json["links"]
    assert links["next"] == f"{guard.url}/notification-handlers?results_per_page=10&page=2"
    assert target.url not in json.dumps(links)


def test_redirects_at_home_lead_back_through_the_guard(mocks: Mocks, make_guard: MakeGuard) -> None:
    reply = through(make_guard(mocks.target("trailing-slash=redirect"))).get("/1/")
    assert (reply.status, reply.headers["location"]) == (301, "/api/notification-handlers/1")


@pytest.mark.parametrize("body", [b"", b"name=&type=email", b"type=email", b"name=%20%09&type=email"])
def test_a_blank_name_is_refused_by_the_service(body: bytes, client: Client, target: Target) -> None:
    content_type = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.call("POST", client.base, body, content_type).status == 401
    assert len(target.rows) == ROWS


def test_blank_names_that_are_taken_are_cleaned_up(mocks: Mocks, make_guard: MakeGuard) -> None:
    target = mocks.target("blank-name=accepted")
    before = target.rows
    guard = make_guard(target)
    client = through(guard)
    row = client.created("   ", type="email", email="hey@example.com")
    shown = client.get(f"/{row}").data
    assert (shown["name"], shown["settings"]) == ("", {"email": "hey@example.com"})
    renamed = client.created("Example")
    assert client.update(renamed, name="").status == 200
    assert client.get("").data[0]["name"] == ""
    assert client.create("  ").refused == "unmarked", "no row is made that could not be told from others"
    assert client.post("", {}).status == 401, "this lack of a name is refused"
    done = guard.clean_up()
    assert {row, renamed} <= set(done.deleted)
    assert done.complete
    assert target.rows == before


@pytest.mark.parametrize(
    "form",
    [
        {"email": "new@example.com"},
        {"type": "internal_notification"},
        {"name": " ", "type": "slack"},
        {"is_enabled": "0"},
        {"name": "Named now", "type": "telegram", "telegram": "1:a", "telegram_chat_id": "1"},
    ],
)
def test_a_row_without_a_name_stays_provable(
    form: dict[str, str], mocks: Mocks, make_guard: MakeGuard
) -> None:
    target = mocks.target("blank-name=accepted")
    before, guard = target.rows, make_guard(target)
    client = through(guard)
    row = client.created("  ", type="email", email="hey@example.com")
    assert client.update(row, **form).status == 200
    assert client.get(f"/{row}").data["name"] == form.get("name", "").strip()
    assert client.update(row, name="", email="hey@example.com").status == 200
    assert client.update(row, email="hello@example.com").status == 200
    assert client.delete(row).status == 200
    assert client.create().status == 201
    assert (guard.alarms, guard.clean_up().complete) == ((), True)
    assert target.rows == before


def test_a_form_that_cannot_be_marked_passes_once_such_a_name_was_refused(
    client: Client, target: Target
) -> None:
    for form in ({}, {"type": "slack"}, {"name": "", "type": "telegram"}):
        assert client.post("", form).status == 401
    assert len([line for line in target.journal if line.startswith("POST")]) == 6, "three of the guard's own"
    assert len(target.rows) == ROWS


def test_a_json_body_bears_the_marker_too(mocks: Mocks, make_guard: MakeGuard) -> None:
    target = mocks.target("json-body=read")
    guard = make_guard(target)
    client = through(guard)
    body = b'{"name": "From JSON", "type": "email", "email": "hey@example.com"}'
    row = client.call("POST", client.base, body, {"Content-Type": "application/json"}).data["id"]
    assert client.get(f"/{row}").data["name"] == "From JSON"
    assert guard.marker.encode() in target.rows[row]


def test_wrong_keys_get_the_services_own_answers(client: Client, target: Target) -> None:
    row = client.created()
    for authorization in (None, "Bearer wrong", "Basic eDp5", "Bearer", "nonsense"):
        for method, target_path in (
            ("GET", client.base),
            ("GET", f"{client.base}/{row}"),
            ("POST", client.base),
            ("POST", f"{client.base}/{row}"),
            ("DELETE", f"{client.base}/{row}"),
        ):
            reply = client.call(method, target_path, authorization=authorization)
            assert (reply.status, reply.refused) == (401, ""), (method, authorization)
    assert client.call("GET", client.base, authorization=f"bearer {client.key}").status == 401
    assert row in target.rows


def test_another_accounts_key_reaches_only_what_is_ours(client: Client, target: Target) -> None:
    other = Client(target.url, "mock-somebody-else")
    theirs = other.created("Theirs")
    ours = client.created("Ours")
    assert theirs == ours  # each account of the mock counts its own ids
    authorization = "Bearer mock-somebody-else"
    assert client.delete(ours, authorization=authorization).refused == "other-account"
    assert client.post("", {"name": "n", "type": "x"}, authorization=authorization).refused == "other-account"
    assert client.get(f"/{ours}", authorization=authorization).data["name"] != "Theirs"
    assert other.get(f"/{theirs}").data["name"] == "Theirs"


def test_exchanges_show_what_the_suite_sent_and_saw(client: Client, guard: Guard, target: Target) -> None:
    seen: list[Exchange] = []
    guard.on_exchange(seen.append)
    client.created("O'Neill", type="email", email="hey@example.com")
    client.get("")
    client.delete(1)
    create, listed, refused = seen
    assert create.operation == "create_notification_handler"
    assert create.form[0] == FormField("name", "O'Neill")
    assert create.url == f"{target.url}/notification-handlers"
    curl = create.as_curl()
    assert f"--request POST {create.url}" in curl
    assert '--header "Authorization: Bearer $BITPEAK_API_KEY"' in curl
    assert "--form-string 'email=hey@example.com'" in curl or "--form-string email=hey@example.com" in curl
    assert listed.operation == "list_notification_handlers_without_slash"
    assert SECRET not in listed.body
    assert (refused.refused, refused.status) == ("foreign", 0)
    stats = guard.stats()
    assert (stats.created, stats.live) == (1, 1)


def test_a_listener_that_fails_harms_nobody(client: Client, guard: Guard) -> None:
    guard.on_exchange(lambda _: 1 / 0)  # type: ignore[arg-type]
    assert client.get("").status == 200


def test_making_a_guard_sends_nothing(target: Target, tmp_path: Path) -> None:
    Guard(GuardSettings(target=target.url, key=target.key, ledger_dir=tmp_path / "l"))
    assert target.journal == []
    assert not (tmp_path / "l").exists()
