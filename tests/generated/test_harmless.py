"""Generated forms contact nobody, have one odd part, and are about what is documented."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_tests.document import Facts
from contract_tests.generated.inputs import ODD, Inputs, OddForm, harmless
from contract_tests.guard.body import contacts
from contract_tests.oracle.expected import Samples
from mock_server.document import load

HOSTS = (
    "evil.org", "https://evil.org/x", "me@evil.org", "1.2.3.4", "evil。org", "//evil", "2130706433", "%65vil.org",
)  # fmt: skip


def made(*answers: str) -> Inputs:
    facts = Facts(load(answers=answers).data)
    return Inputs(facts, Samples(facts))


INPUTS, STRICT = made(), made("malformed-contact=refused")


@pytest.mark.parametrize("inputs", [INPUTS, STRICT])
@pytest.mark.parametrize("kind", ["create", "update"])
@pytest.mark.parametrize("host", HOSTS)
def test_no_field_contacts_a_host(inputs: Inputs, kind: str, host: str) -> None:
    for odd in inputs.odd_forms(kind):
        sent = inputs.made(kind, odd._replace(text=host))
        assert [value for value in sent.values() if contacts(value, address=True)] == []


@given(st.text() | st.sampled_from(HOSTS))
def test_any_text_contacts_nobody(text: str) -> None:
    assert contacts(harmless(text), address=True) == []


@pytest.mark.parametrize("kind", ["create", "update"])
def test_each_field_is_sent_each_odd_text_and_a_few_forms_have_all_of_them(kind: str) -> None:
    forms = INPUTS.odd_forms(kind)
    fields = {odd.field for odd in forms}
    assert len(forms) == len(set(forms)) == len(fields) * len(ODD)
    assert {odd.text for odd in forms[: len(fields) + len(ODD)]} == {*ODD}


def test_one_part_of_a_create_is_odd() -> None:
    whole = Samples(Facts(load().data)).form("email")
    assert INPUTS.made("create", OddForm("email", "name", "odd")).keys() == whole.keys()
    assert INPUTS.made("create", OddForm("email", "name", None)).keys() == whole.keys() - {"name"}
    assert INPUTS.made("update", OddForm("email", "name", "odd")) == {"name": "odd"}


@pytest.mark.parametrize(("value", "right"), [("me", False), ("me@evil.org", True), ("", False)])
def test_a_malformed_address_stays_malformed(value: str, right: bool) -> None:
    sent = STRICT.made("create", OddForm("email", "email", value))["email"]
    assert ("@" in sent) is right


@pytest.mark.parametrize(("answer", "sent"), [("ignored", ""), ("refused", "not listed")])
def test_an_empty_type_is_sent_only_if_it_is_ignored(answer: str, sent: str) -> None:
    inputs = made(f"update-type-not-allowed={answer}")
    assert inputs.made("update", OddForm("email", "type", "")) == {"type": sent}
