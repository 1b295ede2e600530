"""Nobody real is ever contacted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_tests.guard.body import contacts
from tests.guard.account import ROWS, Target
from tests.guard.client import Client

REAL = [
    "me@gmail.com", "https://hooks.slack.com/services/T0", "http://evil.ru", "evil.ru/hook", "see www.evil.com now",
    "//evil.com", "http://example.com@evil.com/", "http://evil.com\\@example.com", "https://example.com.evil.org/",
    "http://intranet/hook", "root@intranet", "http://8.8.8.8/", "8.8.8.8", "http://[::1]/", "http://2130706433/",
    "http://0x7f000001/", "http%3A%2F%2Fevil.com", "http://%65vil.com", "evil&#46;com", "evil.<b>com", "evil.\u200bcom",
    "evil。com", "ｅｖｉｌ．ｃｏｍ", "http://пример.рф", "http://xn--e1afmkfd.xn--p1ai", "EVIL.COM", "evil.com.",
    "a@example.com,b@evil.com", "http://evilexample.com", "http://example.community", "exam\0ple.\0ru", "ftp://evil",
]  # fmt: skip
HARMLESS = [
    "", "Example", "hey@example.com", "HEY@EXAMPLE.COM", "https://example.com/slack/T0/B0/secret", "http://localhost:80/x",
    "https://a.b.example.net:8443/?q=1", "me@mail.invalid", "http://hook.test", "https://example.com.", "http://example/",
    "123456:secret", "-1001234567890", "not-an-email", "@channel", "v1.2.3", "consumer-key", "1.5", "a.b",
    "O'Neill & Co.",
    "a/b/c", "50%", "e.g. this", "<example.org>", "see https://example.org.",
]  # fmt: skip


@pytest.mark.parametrize("value", REAL)
def test_real_hosts_are_found(value: str) -> None:
    assert contacts(value)


@pytest.mark.parametrize("value", HARMLESS)
def test_reserved_names_and_plain_texts_pass(value: str) -> None:
    assert not contacts(value)


@pytest.mark.parametrize("value", ["2130706433", "0x7f.1", "127.1", "http:2130706433", " 134744072/hook"])
def test_numbers_are_addresses_where_addresses_belong(value: str) -> None:
    assert contacts(value, address=True)
    assert not contacts("12", address=True)


@given(st.text(), st.booleans())
def test_any_text_is_judged(value: str, address: bool) -> None:
    assert all(contacts(value, address=address))


@pytest.mark.parametrize("value", ["me@gmail.com", "https://hooks.slack.com/x", "evil.com"])
@pytest.mark.parametrize("field", ["email", "webhook", "name", "telegram", "unknown", "email[]", " email"])
def test_a_real_contact_never_leaves(field: str, value: str, client: Client, target: Target) -> None:
    row = client.created()
    fields = [("name", "Example"), ("type", "email"), (field, value)]
    assert client.post("", fields).refused == "contact"
    assert client.post(f"/{row}", fields).refused == "contact"
    assert client.post("/0", fields).refused == "contact"
    assert len(target.rows) == ROWS + 1


def test_a_contact_in_an_unread_body_never_leaves(client: Client) -> None:
    for content_type in ("text/plain", "application/json", "multipart/form-data; boundary=x", ""):
        reply = client.call("POST", client.base, b"[me@gmail.com", {"Content-Type": content_type})
        assert reply.refused == "contact", content_type
    nested = b'{"type": "email", "settings": {"email": "me@gmail.com"}}'
    assert client.call("POST", client.base, nested, {"Content-Type": "application/json"}).refused == "contact"
