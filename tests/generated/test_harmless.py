"""What is sent in place of generated forms: it contacts nobody, says whose it is, and is about what is documented."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_tests.document import Facts
from contract_tests.generated.engine import loosened
from contract_tests.generated.harmless import Harmless, harmless_form
from contract_tests.guard.body import contacts
from contract_tests.guard.ledger import Marker
from mock_server.document import load

PATHS = {"create": "/notification-handlers", "update": "/notification-handlers/{notification_handler_id}"}
MARK = "contract 7"
HOSTS = (
    "evil.org",
    "https://evil.org/x",
    "me@evil.org",
    "1.2.3.4",
    "evil。org",
    "//evil",
    "2130706433",
    "%65vil.org",
)


def made(kind: str, *answers: str) -> Harmless:
    facts = Facts(load(answers=answers).data)
    content = loosened(facts)["paths"][PATHS[kind]]["post"]["requestBody"]["content"]
    words = facts
    form = words.create_form if kind == "create" else words.update_form
    return harmless_form(facts, form, content["multipart/form-data"]["schema"])


CREATE, UPDATE = made("create"), made("update")
FIELDS = st.one_of(st.sampled_from(sorted(UPDATE.fields)), st.text(max_size=8))
VALUES = st.one_of(
    st.text(), st.sampled_from(HOSTS), st.integers(), st.none(), st.lists(st.sampled_from(HOSTS))
)


@pytest.mark.parametrize("form", [CREATE, UPDATE, made("create", "malformed-contact=refused")])
@pytest.mark.parametrize("host", HOSTS)
def test_no_field_contacts_a_host(form: Harmless, host: str) -> None:
    sent = form.apply(dict.fromkeys([*form.fields, "colour"], host), MARK)
    assert sent
    assert [value for value in sent.values() if contacts(value, address=True)] == []


@given(st.dictionaries(FIELDS, VALUES))
def test_any_form_is_texts_that_contact_nobody(body: dict[str, object]) -> None:
    for form in (CREATE, UPDATE):
        sent = form.apply(body, MARK)
        assert [text for pair in sent.items() for text in pair if contacts(text, address=True)] == []
        assert "_method" not in sent


@given(st.text())
def test_a_name_is_marked_or_blank(name: str) -> None:
    sent = CREATE.apply({"name": name}, MARK)["name"]
    assert sent.startswith(f"{MARK} ") or not sent.strip(" ")
    assert sent.isspace() or not sent or any(sign.isprintable() for sign in name)


@given(st.text(max_size=200))
def test_a_name_that_may_not_be_long_leaves_room_for_a_marker(name: str) -> None:
    sent = made_strict_about_length().apply({"name": name}, MARK)["name"]
    assert len(sent) <= 128 - Marker.LENGTH or len(sent) > 128


STRICT_ABOUT_LENGTH = made("create", "text-too-long=refused")


def made_strict_about_length() -> Harmless:
    return STRICT_ABOUT_LENGTH


def test_addresses_stay_addresses() -> None:
    sent = CREATE.apply({"email": "someone", "webhook": "a path", "slack": ""}, MARK)
    assert sent == {"email": "someone@example.com", "webhook": "https://example.com/a path", "slack": ""}


@pytest.mark.parametrize(("value", "right"), [("me", False), ("me@evil.org", True), ("", False)])
def test_a_malformed_address_stays_malformed(value: str, right: bool) -> None:
    sent = made("create", "malformed-contact=refused").apply({"type": "email", "email": value}, MARK)["email"]
    assert ("@example.com" in sent) is right
    assert ("@" in sent) is right


def test_fields_of_another_type_stay_where_they_are_ignored() -> None:
    sent = {"type": "email", "slack": "", "colour": "red"}
    assert CREATE.apply(sent, MARK) == sent
    assert made("create", "field-of-another-type=refused").apply(sent, MARK) == {
        "type": "email",
        "colour": "red",
    }


def test_a_rule_is_not_for_fields_of_another_type() -> None:
    sent = {"type": "email", "telegram": "t" * 999, "email": ""}
    assert STRICT_ABOUT_LENGTH.apply(sent, MARK) == {"type": "email", "email": ""}


@pytest.mark.parametrize(("answer", "sent"), [("ignored", ""), ("refused", "not listed")])
def test_an_empty_type_is_sent_only_where_it_is_ignored(answer: str, sent: str) -> None:
    form = made("update", f"update-type-not-allowed={answer}")
    assert form.apply({"type": ""}, MARK) == {"type": sent}


def test_required_fields_of_a_type_are_sent() -> None:
    form = made("create", "own-field-unsent=refused")
    assert form.apply({"type": "telegram"}, MARK).keys() == {"type", "telegram", "telegram_chat_id"}


@pytest.mark.parametrize("name", ["name[]", " name", "na\0me[", "_method", "x.type"])
def test_an_unknown_field_is_never_taken_for_another(name: str) -> None:
    sent = CREATE.apply({name: "red"}, MARK)
    assert list(sent.values()) == ["red"]
    assert not {"_method", *CREATE.fields} & sent.keys()
    assert "[" not in next(iter(sent))
