"""What a probe says of a service is what it has asked and seen, and no more."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from contract_tests.guard.account import Account
from contract_tests.guard.exchange import Exchange, Reply
from contract_tests.guard.ledger import CreateState, LedgerEntry, Marker
from contract_tests.guard.upstream import GuardSettings
from contract_tests.probes import PROBES, Answered, Finding, Outside, Prober, Terms, Unknown
from contract_tests.probes.reading import MISSING
from contract_tests.probes.rows import _Seen
from contract_tests.probes.trials import Trial, Tried
from contract_tests.target.api import TargetApi, TargetResponse
from mock_server.document.treatments import NOT_UTF_8, SentInput
from tests.probes.services import KEY, expectations, the_mock

Row = dict[str, Any]


class Twisted(TargetApi):
    """Shows a retrieved row in another way."""

    def __init__(self, api: TargetApi, twist: Callable[[Row], None]) -> None:
        super().__init__(api.base_url, api.key, api.facts)
        self.twist = twist

    def call(self, method: str, path: str, **parts: Any) -> TargetResponse:
        answer = super().call(method, path, **parts)
        if method != "GET" or answer.status != 200 or not path.rpartition("/")[2].isdigit():
            return answer
        body = answer.json()
        self.twist(body["data"])
        return answer._replace(body=json.dumps(body).encode())


def found(api: TargetApi, *questions: str) -> Finding:
    """Ask questions one after the other, and return what the last one finds."""
    prober = Prober(api, expectations(), Terms(can_write=True))
    for question in questions:
        finding, _ = PROBES[question].run(prober)
    prober.close()
    return finding


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("integer-cast", "`off` switches a handler off and `true` leaves a handler off"),
        ("php-truthiness", "`off` leaves a handler on and `true` switches a handler on"),
        ("any-spelling", "`off` switches a handler off and `true` switches a handler on"),
    ],
)
def test_only_the_texts_that_were_sent_are_told(answer: str, sentence: str) -> None:
    with the_mock({"is-enabled-text": answer}) as api:
        finding = found(api, "is-enabled-text")
    assert isinstance(finding, Answered)
    assert finding.answer == answer
    assert finding.said == f"Beside `1` and `0`, {sentence}. Others were not tried."


def test_the_link_of_page_0_is_told_as_it_is_shown() -> None:
    with the_mock({"page-not-valid": "first-page"}) as api:
        finding = found(api, "page-not-valid")
    assert isinstance(finding, Answered)
    assert "for `0`, `self` is" in finding.said
    assert "page=0" in finding.said


def test_an_input_that_changes_nothing_does_not_become_an_earlier_one() -> None:
    with the_mock({"update-empty-name": "ignored"}) as api:
        finding = found(api, "update-empty-name")
    assert isinstance(finding, Answered)
    assert finding.said == "`name`, empty: accepted, and changes nothing."


def test_a_switch_of_two_types_is_told_once_with_both() -> None:
    def as_number(row: Row) -> None:
        row["is_enabled"] = int(row["is_enabled"])

    with the_mock({}) as api:
        finding = found(Twisted(api, as_number), "is-enabled-in-replies")
    assert finding == Unknown("it is shown as `1` by a retrieve, and as `true` by the list")


SHORT = {"telegram": "token", "telegram_chat_id": "chat_id", "webhook": "url", "slack": "url"}


@pytest.mark.parametrize("text", ["", "****"])
@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("own-field-unsent", "empty"),
        ("own-field-unsent", "omitted"),
        ("update-keeps", "kept"),
        ("update-same-type", "kept"),
        ("update-same-type", "reset"),
        ("update-type-change", "merged"),
        ("update-type-change", "rebuilt"),
    ],
)
def test_settings_may_have_other_keys_than_the_form(question: str, answer: str, text: str) -> None:
    def renamed(row: Row) -> None:
        shown = row["settings"].items() if isinstance(row["settings"], dict) else ()
        row["settings"] = {SHORT.get(key, key): value and (text or value) for key, value in shown}

    with the_mock({question: answer}) as api:
        assert found(Twisted(api, renamed), question) == Answered(answer)


def test_a_time_that_only_a_change_of_type_sets_is_no_null() -> None:
    def by_type(row: Row) -> None:
        row["last_datetime"] = "2026-01-02 03:04:05" if row["type"] == "webhook" else None

    with the_mock({}) as api:
        finding = found(Twisted(api, by_type), "last-datetime")
    assert isinstance(finding, Outside)
    assert '`"2026-01-02 03:04:05"` after another type' in finding.sentence


def test_no_zone_is_days_away() -> None:
    def long_ago(row: Row) -> None:
        row["datetime"] = "2020-01-01 00:00:00"

    with the_mock({}) as api:
        finding = found(Twisted(api, long_ago), "time-zone")
    assert finding == Outside("The time of a new handler, 2020-01-01 00:00:00, is not now in any time zone.")


def test_links_may_repeat_any_size_but_the_default() -> None:
    class Sparing(TargetApi):
        def call(self, method: str, path: str, **parts: Any) -> TargetResponse:
            response = super().call(method, path, **parts)
            return response._replace(body=response.body.replace(b"results_per_page=25&", b""))

    with the_mock({}) as api:
        finding = found(Sparing(api.base_url, api.key, api.facts), "links-repeat-parameters")
    assert isinstance(finding, Answered)
    assert finding.said.startswith("Yes, but for the size of the default: ")


class Changed(TargetApi):
    """Gives each response in another way."""

    def __init__(self, api: TargetApi, change: Callable[[str, str, TargetResponse], TargetResponse]) -> None:
        super().__init__(api.base_url, api.key, api.facts)
        self.change = change

    def call(self, method: str, path: str, **parts: Any) -> TargetResponse:
        return self.change(method, path, super().call(method, path, **parts))


def test_there_may_be_more_totals_than_the_documented_one() -> None:
    def twice(_: str, __: str, response: TargetResponse) -> TargetResponse:
        return response._replace(body=response.body.replace(b'"total":', b'"total_results":0,"total":'))

    with the_mock({}) as api:
        assert found(Changed(api, twice), "meta-total") == Answered("total")


def test_a_slash_may_matter_to_a_create_alone() -> None:
    def strict(method: str, path: str, response: TargetResponse) -> TargetResponse:
        return (
            response._replace(status=308, body=b"") if method == "POST" and path.endswith("/") else response
        )

    with the_mock({}) as api:
        assert found(api, "trailing-slash") == Answered("same")
        finding = found(Changed(api, strict), "trailing-slash")
    assert finding == Outside("Nothing for a handler, but a create at `/notification-handlers/` returns 308.")


def test_two_refusals_of_one_status_are_told_apart_by_their_bodies() -> None:
    def one_status(method: str, _: str, response: TargetResponse) -> TargetResponse:
        text = b"No key." if response.status == 401 else b"No such method."
        is_refused = method == "PUT" or response.status == 401
        return response._replace(status=400, body=text) if is_refused else response

    with the_mock({}) as api:
        finding = found(Changed(api, one_status), "checks-order")
    assert finding != Answered("method-first")


def test_headers_of_another_quota_are_named() -> None:
    def other_names(_: str, __: str, response: TargetResponse) -> TargetResponse:
        headers = {name: text for name, text in response.headers.items() if "ratelimit" not in name}
        return response._replace(headers={**headers, "ratelimit-limit": "100"})

    with the_mock({}) as api:
        finding = found(Changed(api, other_names), "rate-limit")
    assert isinstance(finding, Answered)
    assert finding.said.endswith("header, but `ratelimit-limit: 100`.")


def test_names_do_not_ascend_with_time() -> None:
    with the_mock({}) as api:
        prober = Prober(api, expectations(), Terms(can_write=False))
        first = prober.name()
        prober.list()
        assert prober.name() < first


def test_what_is_not_shown_has_a_name() -> None:
    assert f"{MISSING!r}, {MISSING}" == "nothing, nothing"


@pytest.mark.parametrize(
    ("body", "state", "about", "fault"),
    [
        (b'{"data": {"id": 5,}}', CreateState.LIVE, "json", "it returns 200, and not with JSON"),
        (b'{"data": {"id": 6, "name": "x"}}', CreateState.LIVE, "ids", "it shows the row 6"),
        (b'{"data": {"id": 5, "name": "x"}}', CreateState.LIVE, "ids", "it shows another row"),
        (b'{"data": {"id": 5, "name": null}}', CreateState.LIVE, "mark", "it shows no name"),
        (b'{"data": {"id": 5, "name": "x"}}', CreateState.CLAIMED, "mark", "its name is not the one sent"),
    ],
)
def test_why_a_look_proves_nothing_is_told(body: bytes, state: CreateState, about: str, fault: str) -> None:
    account = Account(GuardSettings(target="http://127.0.0.1:1/api", key=KEY), None, Marker())
    entry = LedgerEntry(1, "m", 0.0, id=5, state=state)
    assert account.fault_in(Reply(200, "OK", (), body), entry) == (about, fault)


@pytest.mark.parametrize("others", [("Otto", "Anna", "Emil"), ()])
@pytest.mark.parametrize(("is_by_name", "expected"), [(False, Answered), (True, Outside)])
def test_a_list_by_name_is_not_told_as_one_by_time(
    is_by_name: bool, expected: type[Finding], others: Sequence[str]
) -> None:
    class Sorted(TargetApi):
        def call(self, method: str, path: str, **parts: Any) -> TargetResponse:
            answer = super().call(method, path, **parts)
            if not is_by_name or method != "GET" or answer.status != 200 or not path.endswith("/"):
                return answer
            body = answer.json()
            body["data"].sort(key=lambda row: row["name"])
            return answer._replace(body=json.dumps(body).encode())

    with the_mock({}) as api:
        names = api.facts.form
        for name in others:
            api.create({names["name"]: name, names["type"]: "internal_notification"})
        finding = found(Sorted(api.base_url, api.key, api.facts), "list-order")
    assert isinstance(finding, expected)


def test_bytes_that_are_not_utf_8_are_not_told_as_kept() -> None:
    trial = Trial(
        "update", "name", "not-utf-8", SentInput("A\ufffd", ("A\ufffd",), frozenset({NOT_UTF_8})), "email"
    )
    exchange = Exchange("POST", "http://service.invalid", "", (), "", (), "", 200, (), "", 0)
    for shown, ending in (("A\ufffd", "kept, with U+FFFD in place of what is not"), ("A", 'becomes `"A"`')):
        tried = Tried(trial, TargetResponse(200, {}, b""), exchange, 1, shown, "before", {"name": shown})
        assert _Seen("name", tried).how.endswith(f": {ending}")
