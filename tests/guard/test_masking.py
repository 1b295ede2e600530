"""Rows of others are never seen, and neither is the key."""

from __future__ import annotations

import base64
import gzip
import html
import json
import logging
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import jsonschema_rs
import pytest

from contract_tests.document import Facts
from contract_tests.guard.account import Account
from contract_tests.guard.exchange import Exchange, Reply, Surface
from contract_tests.guard.guard import Guard
from contract_tests.guard.ledger import Marker
from contract_tests.guard.mask import HIDDEN, MARK, Mask, Redactor
from contract_tests.guard.upstream import GuardSettings
from contract_tests.judge.verdicts import Conformity
from contract_tests.target.api import TargetResponse
from mock_server.document import Document, plain
from tests.guard.account import ROWS, SECRET, Mocks, Target
from tests.guard.client import Client
from tests.guard.conftest import MakeGuard, through
from tests.guard.scripted import Asked, Said, Scripted, said

PRIVATE = {
    "id": 5,
    "type": "webhook",
    "name": "Private",
    "settings": {"webhook": f"https://{SECRET}/5"},
    "is_enabled": 1,
    "last_datetime": "2024-05-06 07:08:09",
    "datetime": "2023-01-02 03:04:05",
    "user_id": 4711,
    "user_email": f"me@{SECRET}",
    "nested": {"deep": [f"me@{SECRET}"]},
}


def test_rows_of_others_keep_their_ids_and_nothing_else(client: Client, target: Target) -> None:
    row = client.created("Mine")
    page = client.get("?results_per_page=100")
    assert [one["id"] for one in page.data] == [row, *range(ROWS, 0, -1)]
    assert [one["name"] for one in page.data] == ["Mine", *[MARK] * ROWS]
    assert page.json["meta"] == target.user().get("?results_per_page=100").json["meta"]
    assert SECRET.encode() not in page.body
    assert b"2023-01" not in page.body
    assert client.get("/7").data["name"] == MARK
    assert page.headers["content-length"] == str(len(page.body))


def test_masked_answers_are_valid_by_the_document(client: Client, document: Document) -> None:
    schema = {"$ref": "#/components/schemas/ListEnvelope", **plain(document.data)}
    jsonschema_rs.Draft202012Validator(schema).validate(client.get("?results_per_page=100").json)


def test_masked_answers_keep_the_services_escapes(client: Client) -> None:
    assert b"http:\\/\\/127.0.0.1" in client.get("").body


def test_another_runs_rows_are_not_ours(target: Target, make_guard: MakeGuard, tmp_path: Path) -> None:
    first, second = make_guard(target), make_guard(target, ledger_dir=tmp_path / "other")
    row = through(first).created("Theirs")
    assert through(second).get(f"/{row}").data["name"] == MARK
    assert through(second).delete(row).refused == "foreign"


@pytest.mark.parametrize(
    "tree",
    [
        {"data": [PRIVATE]}, {"data": PRIVATE}, PRIVATE, [PRIVATE], {"items": [PRIVATE]}, {"data": {"rows": [PRIVATE]}},
        {"data": [{key: value for key, value in PRIVATE.items() if key != "id"}]},
        {"data": [{**PRIVATE, "id": "5"}]}, {"data": [{**PRIVATE, "id": f"me@{SECRET}"}]},
        {"data": [f"me@{SECRET}"]}, {"data": [[PRIVATE]]}, {"data": {"5": PRIVATE}},
        {"data": [{"id": 5, "title": f"me@{SECRET}"}]}, {"errors": [{"title": "x", "row": PRIVATE}]},
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [200, 404, 500])
def test_rows_are_masked_wherever_a_faulty_service_puts_them(
    tree: Any, status: int, make_guard: MakeGuard
) -> None:
    with Scripted(lambda _: said(tree, status)) as target:
        client = through(make_guard(target.url))
        for reply in (client.get(""), client.get("/5")):
            assert reply.status == status
            assert SECRET.encode() not in reply.body
            assert b"4711" not in reply.body
            assert reply.json


@pytest.mark.parametrize(
    "body", [f"<p>{SECRET}</p>", f'{{"data": [{{"name": "{SECRET}",}}]}}', "[" * 50_000 + SECRET]
)
def test_an_answer_that_cannot_be_read_is_not_shown(body: str, make_guard: MakeGuard) -> None:
    with Scripted(lambda _: Said(200, body.encode())) as target:
        client = through(make_guard(target.url))
        for reply in (client.get(""), client.get("/5")):
            assert SECRET.encode() not in reply.body
            with pytest.raises(ValueError, match="Expecting"):
                json.loads(reply.body)


def test_compressed_answers_are_masked_too(make_guard: MakeGuard) -> None:
    packed = gzip.compress(json.dumps({"data": [PRIVATE]}).encode())
    with Scripted(lambda _: Said(200, packed, {"Content-Encoding": "gzip"})) as target:
        reply = through(make_guard(target.url)).get("")
        assert reply.data[0]["name"] == MARK
        assert "content-encoding" not in reply.headers


KEY = "mock-key-of-a-user"  # of each guard before a URL


def packed(body: bytes, times: int) -> Said:
    for _ in range(times):
        body = gzip.compress(body)
    return Said(401, body, {"Content-Encoding": ", ".join(["gzip"] * times)})


@pytest.mark.parametrize(
    "make",
    [
        lambda: packed(KEY.encode(), 2),
        lambda: packed(KEY.encode(), 4),
        lambda: Said(401, KEY.encode(), {"Content-Encoding": "br"}),
        lambda: Said(401, KEY.encode(), {"Content-Encoding": "gzip"}),
        lambda: packed(b"0" * 70_000_000, 2),
    ],
    ids=["two", "four", "br", "none", "bomb"],
)
def test_no_coding_hides_the_key(make: Callable[[], Said], make_guard: MakeGuard) -> None:
    reply = make()
    with Scripted(lambda _: reply) as target:
        seen = through(make_guard(target.url)).get("/5")
    assert "content-encoding" not in seen.headers
    assert len(seen.body) < 1000
    assert KEY.encode() not in seen.body


def test_a_marker_within_the_key_does_not_hide_it(make_guard: MakeGuard) -> None:
    with Scripted(lambda _: said({}, X_Told=f"{KEY[:5]}{guard.marker}-00001:{KEY[5:]}")) as target:
        guard = make_guard(target.url)
        assert KEY not in through(guard).get("").headers["x_told"]


def test_the_keys_that_a_foreign_row_has_still_show(make_guard: MakeGuard) -> None:
    with Scripted(lambda _: said({"data": [PRIVATE]})) as target:
        (row,) = through(make_guard(target.url)).get("").data
        assert row.keys() == PRIVATE.keys()
        assert row["nested"] == {}
        assert row["user_id"] == 0


def test_what_a_write_shows_beside_the_id_of_an_own_row_still_shows(make_guard: MakeGuard) -> None:
    rows: dict[int, dict[str, Any]] = {}

    def service(asked: Asked) -> Said:
        if asked.method == "POST":
            name = asked.body.decode().partition('name="name"')[2].split("\r\n")[2]
            rows[7] = {**PRIVATE, "id": 7, "name": name}
            return said({"data": {"id": 7, "object": "handler"}}, status=201)
        if asked.path.endswith("/7"):
            return said({"data": rows[7]}) if 7 in rows else said({}, status=404)
        if asked.path.endswith("/8"):
            return said({"data": {"id": 8, "object": "handler"}})
        return said({"data": [*rows.values()], "meta": {"total": len(rows)}, "links": {}})

    with Scripted(service) as target:
        client = through(make_guard(target.url))
        assert client.get("/8").data == {"id": 8, "object": ""}
        assert client.create("A", type="email").data == {"id": 7, "object": "handler"}


@pytest.fixture
def learned(document: Document) -> dict[str, Any]:
    """Return a document by which the settings of a webhook have a constant."""
    data: dict[str, Any] = deepcopy(plain(document.data))
    settings = data["components"]["schemas"]["WebhookSettings"]
    settings["properties"]["format"] = {"type": "string", "const": "json"}
    return data


@pytest.mark.parametrize(("shown", "masked"), [("json", "json"), (SECRET, HIDDEN), (None, None)])
def test_a_constant_of_the_document_is_not_masked(shown: Any, masked: Any, learned: dict[str, Any]) -> None:
    row = PRIVATE | {"settings": {"webhook": SECRET, "format": shown}}
    body = json.dumps({"data": [row]}).encode()
    tree = json.loads(Mask(Surface(learned)).apply(body, lambda _: False, risky=True))
    assert tree["data"][0]["settings"] == {"webhook": HIDDEN, "format": masked}


@pytest.mark.parametrize(
    ("shown", "is_wrong"), [("json", False), (HIDDEN, False), ("html", True), (None, True)]
)
def test_a_masked_text_is_judged_by_its_type_alone(
    shown: Any, is_wrong: bool, learned: dict[str, Any]
) -> None:
    row = PRIVATE | {"name": MARK, "settings": {"webhook": HIDDEN, "format": shown}}
    body = json.dumps({"data": row}).encode()
    answer = TargetResponse(200, {"content-type": "application/json"}, body)
    found = Conformity(Facts(learned)).success("retrieve", answer)
    assert any("settings.format" in one.sentence for one in found) is is_wrong


def echoing(asked: Asked) -> Said:
    """Show the whole request, as a debug page does."""
    return said({"you": asked.headers, "x": asked.path}, 500, **{"X-Echo": asked.headers["authorization"]})


def test_the_key_is_taken_out_of_answers(make_guard: MakeGuard) -> None:
    with Scripted(echoing) as target:
        guard = make_guard(target.url)
        seen: list[Exchange] = []
        guard.on_exchange(seen.append)
        for reply in (through(guard).get(""), through(guard).create()):
            assert b"mock-key-of-a-user" not in reply.body
            assert "mock-key-of-a-user" not in str(reply.headers)
        assert all(asked.headers["authorization"] == "Bearer mock-key-of-a-user" for asked in target.asked)
        assert "mock-key-of-a-user" not in repr(seen)


def test_the_key_is_in_no_artefact(
    target: Target, document: Document, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = GuardSettings(
        target=target.url, key=target.key, allow_writes=True, ledger_dir=tmp_path / "ledger"
    )
    seen: list[Exchange] = []
    with Guard(settings, document) as guard:
        guard.on_exchange(seen.append)
        client = through(guard)
        row = client.created()
        client.get("", authorization=f"Bearer {target.key}")
        client.create(target.key)
        client.update(row, name="y", email="me@real.com")
        texts = [repr(guard), repr(settings), repr(guard.stats()), repr(vars(guard).values())]
    texts += [repr(seen), *(one.as_curl() for one in seen), caplog.text]
    texts += [file.read_text() for file in tmp_path.rglob("*") if file.is_file()]
    assert len(texts) > 6
    for text in texts:
        assert target.key not in text
        assert target.key[5:20] not in text


def test_listing_with_another_key_shows_nobody(mocks: Mocks, make_guard: MakeGuard) -> None:
    target = mocks.target()
    client = through(make_guard(target))
    client.created("Ours")
    page = client.get("?results_per_page=100", authorization="Bearer mock-somebody-else-again")
    assert {row["name"] for row in page.data} == {MARK}


def spellings(key: str) -> dict[str, str]:
    """Return a text in every spelling from which anybody could read it."""
    signs = [ord(sign) for sign in key]
    found = {
        "plain": key,
        "percent": quote(key, safe=""),
        "percent, lower case": quote(key, safe="").lower() if key.islower() else key,
        "percent, all": "".join(f"%{code:02X}" for code in signs),
        "percent, twice": quote(quote(key, safe=""), safe=""),
        "form": quote_plus(key),
        "JSON": json.dumps(key),
        "JSON of PHP": json.dumps(key).replace("/", "\\/"),
        "JSON in JSON": json.dumps(json.dumps(key)),
        "JSON, all": "".join(f"\\u{code:04X}" for code in signs),
        "JSON, all, lower case": "".join(f"\\u{code:04x}" for code in signs),
        "JavaScript": "".join(f"\\x{code:02x}" for code in signs),
        "HTML": html.escape(key),
        "HTML, twice": html.escape(html.escape(key)),
        "HTML, decimal": "".join(f"&#{code};" for code in signs),
        "HTML, hexadecimal": "".join(f"&#x{code:X};" for code in signs),
        "quoted-printable": "".join(f"={code:02X}" for code in signs),
        "hexadecimal": key.encode().hex(),
        "hexadecimal, upper case": key.encode().hex().upper(),
        "UTF-16": key.encode("utf-16-le").decode(),
        "UTF-32": key.encode("utf-32-be").decode(),
    }
    for before in ("", "x", "Bearer ", "Authorization: Bearer "):
        found[f"Base64 after {before!r}"] = base64.b64encode(f"{before}{key}\r\n".encode()).decode()
        found[f"URL's Base64 after {before!r}"] = base64.urlsafe_b64encode(f"{before}{key}".encode()).decode()
    return found


@pytest.mark.parametrize("key", ["real-key-1-kept-secret", "a+b/c&d=e 'x\"<y>\\z", "mock-12"])
def test_a_key_is_taken_out_in_every_spelling(key: str) -> None:
    redactor = Redactor(key)
    for name, spelled in spellings(key).items():
        text = f"before {spelled} after"
        cleaned = redactor.clean(text)
        assert "[key]" in cleaned, (name, cleaned)
        assert len(cleaned) < len("before [key] after") + 40, (name, cleaned)
        assert redactor.clean_bytes(text.encode()) == cleaned.encode()
        assert redactor.carries(text)
        assert redactor.carries(text.encode())
    assert redactor.clean("nothing of the kind") == "nothing of the kind"
    assert key not in repr(redactor)


@pytest.mark.parametrize(
    ("query", "count", "total", "is_whole"),
    [
        ("", 3, 3, True),
        ("?results_per_page=10&page=1", 3, 3, True),
        ("?results_per_page=10", 10, 10, False),
        ("?results_per_page=10&page=2", 3, 3, False),
        ("?results_per_page=7", 3, 3, False),
        ("", 3, 4, False),
    ],
)
def test_only_a_first_page_with_room_is_the_whole_list(
    query: str, count: int, total: int, is_whole: bool
) -> None:
    account = Account(GuardSettings(target="http://127.0.0.1:1/api", key="k"), None, Marker())
    body = {"data": [{"id": n} for n in range(1, count + 1)], "meta": {"total": total}}
    reply = Reply(200, "OK", (), json.dumps(body).encode())
    assert account.is_whole(f"/api/notification-handlers/{query}", reply) is is_whole
