"""What a broken expectation rests on, so that a service which is merely different contradicts nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import cast

import pytest

from contract_tests.document import Facts
from contract_tests.judge.statements import Statements
from contract_tests.judge.verdicts import Conformity, Judge
from contract_tests.oracle.expected import Expected
from contract_tests.oracle.listing import Listing, Page
from contract_tests.oracle.showing import Owned, Showing, is_before
from contract_tests.target.api import Spoken, TargetResponse
from mock_server.document import load, plain
from tests.probes.services import QUESTIONS

FORM = {
    "name": "A",
    "type": "x",
    "x_consumer_key": "consumer-key",
    "x_consumer_secret": "consumer-secret",
    "x_access_token": "access-token",
    "x_access_token_secret": "token-secret",
}
SENT = {key: text for key, text in FORM.items() if key.startswith("x_")}


@pytest.fixture(scope="module")
def facts() -> Facts:
    return Facts(load().data)


def found(facts: Facts, settings: object, *, sent: str = "A", name: str = "A") -> dict[str, bool]:
    """Return what is not shown as FORM sent it, and whether each is a finding if the page binds."""
    statements = Statements(facts, load().data, QUESTIONS)
    owned = Owned(1, Expected(facts, statements).created({**FORM, "name": sent}))
    row = {
        "id": 1,
        "type": "x",
        "name": name,
        "settings": settings,
        "is_enabled": True,
        "last_datetime": None,
    }
    differences = Showing(facts, statements).retrieved(owned, {**row, "datetime": "2026-01-01 00:00:00"})
    judge = Judge(statements, "page")
    return {
        key.removeprefix("settings."): judge.ruling(complaint.statement).is_finding
        for key, _, complaint in differences
    }


@pytest.mark.parametrize("shown", ["[hidden]", "****cret", "con…", "(none of your business)"])
def test_a_mask_on_some_settings_is_left_open(facts: Facts, shown: str) -> None:
    assert found(facts, {**SENT, "x_consumer_secret": shown}) == {"x_consumer_secret": False}


@pytest.mark.parametrize("shown", ["consumer", "Consumer-Secret", "token-secret", ""])
def test_a_part_of_a_text_or_another_setting_s_is_no_mask(facts: Facts, shown: str) -> None:
    assert found(facts, {**SENT, "x_consumer_secret": shown}) == {"x_consumer_secret": True}


@pytest.mark.parametrize(("rows", "is_finding"), [([], False), (["row"], True)])
def test_links_of_an_empty_list_are_left_open(facts: Facts, rows: list[str], is_finding: bool) -> None:
    statements = Statements(facts, load().data, QUESTIONS)
    shown = plain(load().data["components"]["examples"]["page_of_one"]["value"])
    shown["links"]["first"] = None
    shown["data"] = rows and shown["data"]
    response = TargetResponse(200, {"content-type": "application/json"}, json.dumps(shown).encode())
    complaints = Conformity(facts, statements).success("list", response)
    rulings = [Judge(statements, "page").ruling(each.statement).is_finding for each in complaints]
    assert rulings == [is_finding]


@pytest.mark.parametrize(("sent", "is_finding"), [({}, False), ({"email": "a@example.com"}, True)])
def test_a_type_may_demand_its_field_of_an_update(
    facts: Facts, sent: dict[str, str], is_finding: bool
) -> None:
    statements = Statements(facts, load().data, QUESTIONS)
    expected = Expected(facts, statements)
    prospect = expected.update(expected.created(FORM), {"type": "email", **sent})
    assert prospect.refusal is None
    assert Judge(statements, "page").ruling(prospect.rests_on).is_finding is is_finding


@pytest.mark.parametrize("write", [str, lambda text: "*" * len(text), lambda _: "[hidden]"])
def test_settings_may_stand_under_other_keys_but_must_be_there(
    facts: Facts, write: Callable[[str], str]
) -> None:
    short = {key.removeprefix("x_"): write(text) for key, text in SENT.items()}
    assert not any(found(facts, short).values())
    del short["access_token_secret"]
    assert found(facts, short)["x_access_token_secret"], "it is shown under no key"


@pytest.mark.parametrize(
    ("place", "value", "is_open"),
    [
        ("/components/schemas/EmailSettings/type", [], True),
        ("/components/schemas/EmailSettings/type", "", False),
        ("/components/schemas/EmailSettings/type", ["a"], False),
        ("/components/schemas/EmailSettings/properties/email/type", [], False),
        ("/components/schemas/NotificationHandler/properties/settings/type", [], True),
        ("/components/schemas/NotificationHandler/properties/settings/type", ["a"], False),
        ("/components/schemas/NotificationHandler/properties/settings/type", "none", False),
        ("/components/schemas/EmailSettings/properties/email/type", None, True),
        ("/components/schemas/NotificationHandler/properties/last_datetime/type", False, False),
        ("/components/schemas/NotificationHandler/properties/last_datetime/type", 1767393000, True),
    ],
)
def test_settings_without_a_key_may_be_a_list(
    facts: Facts, place: str, value: object, *, is_open: bool
) -> None:
    assert Statements(facts, load().data, QUESTIONS).violated(place, value, "").is_open is is_open


def test_settings_that_were_sent_are_not_lost_in_a_list(facts: Facts) -> None:
    assert found(facts, []) == dict.fromkeys(SENT, True)


@pytest.mark.parametrize(
    ("sent", "shown", "is_finding"),
    [
        ("Z🔥 a", "Z", False),
        ("Z 🔥 a", "Z", False),
        ("🔥a", "", False),
        ("Z🔥a", "Z?a", False),
        ("Z🔥a", "Z????a", False),
        ("Z🔥a", "Za", False),
        ("Z🔥a", "Z\ufffda", False),
        ("Zażó", "Zaż&oacute;", False),
        ("Zażó", "Za&#380;&#xf3;", False),
        ("Zażó", "Za?ó", True),
        ("Zażó", "Zaå¼Ã³", True),
        ("Z🔥a", "Zðé¥a", True),
        ("Z🔥a", "", True),
        ("Zażó", "Zaż", True),
    ],
)
def test_letters_that_a_service_has_no_room_for_are_its_own_affair(
    facts: Facts, sent: str, shown: str, *, is_finding: bool
) -> None:
    assert found(facts, SENT, sent=sent, name=shown) == {"name": is_finding}


def test_a_mask_does_not_show_nothing() -> None:
    masked = Facts(load(answers={"secrets-in-replies": "masked"}).data)
    assert found(masked, {**SENT, "x_consumer_secret": "****"}) == {}
    assert found(masked, {**SENT, "x_consumer_secret": ""}) == {"x_consumer_secret": True}


@pytest.mark.parametrize(
    ("changed", "created", "is_earlier"),
    [
        ("2026-01-01 00:00:00", "2026-01-02 00:00:00", True),
        ("2026-01-01 00:00:00", "2026-01-01 00:00:01", False),
        ("2026-01-01 00:00:00", "2025-12-31 23:59:59", False),
        ("2026-01-01T00:00:00Z", "2026-01-02 00:00:00", False),
        (None, "2026-01-02 00:00:00", False),
        (5, "2026-01-02 00:00:00", False),
    ],
)
def test_a_time_is_before_another_by_more_than_rounding(
    changed: object, created: object, *, is_earlier: bool
) -> None:
    assert is_before(changed, created) is is_earlier


def test_a_text_of_another_row_is_no_mask(facts: Facts) -> None:
    statements = Statements(facts, load().data, QUESTIONS)
    showing, judge = Showing(facts, statements), Judge(statements, "page")
    other = {key: f"{text}-2" for key, text in SENT.items()}
    found = []
    for number, form in enumerate([FORM, {**FORM, **other}], start=1):
        owned = Owned(number, Expected(facts, statements).created(form))
        row = {
            "id": number,
            "type": "x",
            "name": "A",
            "settings": SENT,
            "is_enabled": True,
            "last_datetime": None,
        }
        found += list(showing.retrieved(owned, {**row, "datetime": "2026-01-01 00:00:00"}))
    assert len(found) == len(SENT)
    assert all(judge.ruling(complaint.statement).is_finding for _, _, complaint in found)


def test_a_total_may_count_the_row_that_the_pages_lack(facts: Facts) -> None:
    statements = Statements(facts)
    listing = Listing(cast("Spoken", None), facts, statements, Conformity(facts, statements), lambda _: None)
    pages = [Page(1, 10, (), (1, 2), {"total": 4}), Page(2, 10, (), (4,), {"total": 4})]
    (complaint,) = listing.partition(pages, [3])
    assert complaint.sentence == "the pages do not show handler 3"
    assert len(listing.partition(pages, [])) == 2
