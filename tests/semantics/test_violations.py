"""What the service accepts in silence, the mock notes in a sentence, and refuses if it is strict."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import mock_server
from mock_server import Rules, Settings
from mock_server.app import create_app
from tests.semantics.client import BASE, Client, answering, assert_ours
from tests.semantics.types import OWN_FIELDS, TYPES
from tests.semantics.violations import VIOLATIONS

STRICT = create_app(Settings(rules=Rules(strict=True)))
REMEDY = re.compile(r"\b(send|let|end|give|drop|remove|use|leave)\b", re.IGNORECASE)
# For these it is plain what to do from what is read instead.
EFFECTS = {"name-changed", "duplicate-field"}
PREFIX = "Refused because the mock is strict: "


@pytest.fixture
def strict(client: Client) -> Client:
    return Client(app=STRICT, key=client.key)


def codes(client: Client) -> list[str]:
    """Return the codes of the violations of the last request."""
    return [violation.code for violation in client.last.violations]


@pytest.mark.parametrize("code", VIOLATIONS)
def test_a_violation_is_noted_and_the_request_served(client: Client, code: str) -> None:
    reply = VIOLATIONS[code](client)
    assert_ours(reply)
    assert reply.status == 200
    assert code in codes(client)


@pytest.mark.parametrize("code", VIOLATIONS)
def test_a_sentence_says_what_is_wrong_and_what_to_do(client: Client, code: str) -> None:
    VIOLATIONS[code](client)
    (sentence, *_) = (violation.sentence for violation in client.last.violations if violation.code == code)
    assert re.fullmatch(r"[A-Za-z].{20,250}\.", sentence)
    assert sentence.isprintable()
    assert REMEDY.search(sentence) or code in EFFECTS


@pytest.mark.parametrize("code", VIOLATIONS)
def test_a_strict_mock_refuses_and_changes_nothing(strict: Client, code: str) -> None:
    before = strict.get().body
    reply = VIOLATIONS[code](strict)
    assert_ours(reply)
    assert reply.status == 400
    (violation,) = strict.last.violations
    assert reply.title == PREFIX + violation.sentence
    assert strict.last.refusal == "violation"
    assert strict.get().body == before
    assert strict.store.next_id == 2


@pytest.mark.parametrize("code", VIOLATIONS)
def test_a_strict_mock_refuses_for_this_reason(strict: Client, code: str) -> None:
    VIOLATIONS[code](strict)
    assert codes(strict) == [code]


def test_every_code_of_the_package_has_a_request() -> None:
    told = re.compile(r'(?:Remark|Violation|(?:form|self)\.remark|violate)\(\s*"([a-z0-9-]+)"')
    package = Path(mock_server.__file__).parent
    found = {code for file in package.rglob("*.py") for code in told.findall(file.read_text())}
    # JSON bodies are read under an answer only; their requests stand in the test below.
    assert found - {"json-broken", "json-no-object"} == set(VIOLATIONS)


@pytest.mark.parametrize(
    ("text", "code"), [(b"{", "json-broken"), (b"[]", "json-no-object"), (b'{"a": NaN}', "json-broken")]
)
@pytest.mark.parametrize("is_strict", [False, True])
def test_what_is_wrong_with_a_json_body(text: bytes, code: str, is_strict: bool) -> None:
    client = answering("json-body=read", rules=Rules(strict=is_strict))
    reply = client.call("POST", f"{BASE}/1", text, "application/json")
    assert reply.status == (400 if is_strict else 200)
    assert codes(client) == [code]


@pytest.mark.parametrize("type_name", TYPES)
def test_a_strict_mock_serves_who_keeps_to_the_page(strict: Client, type_name: str) -> None:
    made = strict.created(name="N", type=type_name, **OWN_FIELDS[type_name])
    assert strict.update(made["id"], name="M", is_enabled="1", type=type_name).status == 200
    assert strict.get("?page=1&results_per_page=25").status == 200
    assert strict.delete(made["id"]).status == 200
    assert not [exchange for exchange in strict.world.journal.exchanges if exchange.violations]


def test_a_strict_mock_refuses_as_the_service_does_where_that_refuses(strict: Client) -> None:
    assert strict.create(name="", type="email").title == "You must fill all the required fields."
    assert strict.get("/9").status == 404


def test_of_many_violations_twenty_are_noted(client: Client) -> None:
    client.post("/1", [(f"field{number}", "") for number in range(100)])
    assert codes(client) == ["unknown-field"] * 20


def test_a_sentence_quotes_no_more_than_it_needs(client: Client) -> None:
    long = "x" * 5000
    client.get(f"?{long}=1&page={long}&results_per_page={long}")
    client.post("/1", [(long, ""), ("type", long), ("is_enabled", long)])
    exchanges = client.world.journal.exchanges
    sentences = [violation.sentence for exchange in exchanges for violation in exchange.violations]
    assert len(sentences) == 6
    assert all(len(sentence) < 300 for sentence in sentences)


def test_a_type_that_is_refused_is_not_noted(client: Client) -> None:
    assert client.create(name="N", type="pigeon").status == 401
    assert codes(client) == []


@pytest.mark.parametrize("ending", [b"", b"\r\n"])
def test_an_empty_form_is_no_violation(strict: Client, ending: bytes) -> None:
    reply = strict.call("POST", f"{BASE}/1", b"--b--" + ending, "multipart/form-data; boundary=b")
    assert reply.status == 200
    assert codes(strict) == []


@pytest.mark.parametrize("page", ["99999999999999999999", "9223372036854775807"])
def test_a_page_of_any_size_is_no_violation(strict: Client, page: str) -> None:
    assert strict.get(f"?page={page}").json["meta"]["page"] == 9223372036854775807
    assert codes(strict) == []
    assert strict.get("?page=+1").status == 400


def test_a_method_that_is_not_allowed_names_those_that_are() -> None:
    client = Client(app=create_app(Settings(answers=("other-methods=not-allowed",))), key="mock-405")
    for path, methods in ((BASE, "GET, POST"), (f"{BASE}/1", "DELETE, GET, POST")):
        reply = client.call("PUT", path)
        assert (reply.status, reply.headers["allow"]) == (405, methods)
