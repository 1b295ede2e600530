"""An update changes what is sent and keeps what is not; a change of type rebuilds the settings."""

from __future__ import annotations

from itertools import product

import pytest

from tests.semantics.client import BASE, Client
from tests.semantics.types import FIELDS, OWN_FIELDS, TYPES, shown

NOON = 1772366400.0
STAMP = "2026-03-01 12:00:00"


@pytest.fixture(autouse=True)
def _noon(client: Client) -> None:
    """Hold the time still, so that what an update does to it is known."""
    client.world.clock.freeze(NOON)


@pytest.mark.parametrize("type_name", TYPES)
def test_a_type_is_created_with_settings_of_its_own(client: Client, type_name: str) -> None:
    own = OWN_FIELDS[type_name]
    assert client.created(name="N", type=type_name, **own) == {
        "id": 2,
        "type": type_name,
        "name": "N",
        "settings": shown(type_name, **own),
        "is_enabled": True,
        "last_datetime": None,
        "datetime": STAMP,
    }


@pytest.mark.parametrize("type_name", TYPES)
def test_fields_of_all_other_types_are_ignored(client: Client, type_name: str) -> None:
    everything = {key: text for fields in OWN_FIELDS.values() for key, text in fields.items()}
    made = client.created(name="N", type=type_name, **everything)
    assert made["settings"] == shown(type_name, **OWN_FIELDS[type_name])


@pytest.mark.parametrize("type_name", TYPES)
@pytest.mark.parametrize(
    ("field", "text", "value"), [("name", "M", "M"), ("name", "", ""), ("is_enabled", "0", False)]
)
def test_one_fact_changes_and_nothing_else(
    client: Client, type_name: str, field: str, text: str, value: object
) -> None:
    made = client.created(name="N", type=type_name, **OWN_FIELDS[type_name])
    assert client.update(2, **{field: text}).json == {"data": {"id": 2}}
    assert client.handler(2) == {**made, field: value, "last_datetime": STAMP}


@pytest.mark.parametrize(("type_name", "field"), FIELDS)
@pytest.mark.parametrize("text", ["other", ""])
def test_one_setting_changes_and_nothing_else(client: Client, type_name: str, field: str, text: str) -> None:
    made = client.created(name="N", type=type_name, **OWN_FIELDS[type_name])
    client.update(2, **{field: text})
    settings = {**made["settings"], field: text}
    assert client.handler(2) == {**made, "settings": settings, "last_datetime": STAMP}


@pytest.mark.parametrize(("before", "after"), list(product(TYPES, TYPES)))
def test_a_type_named_again_keeps_and_another_rebuilds(client: Client, before: str, after: str) -> None:
    made = client.created(name="N", type=before, **OWN_FIELDS[before])
    client.update(2, type=after)
    settings = made["settings"] if before == after else shown(after)
    assert client.handler(2) == {**made, "type": after, "settings": settings, "last_datetime": STAMP}


@pytest.mark.parametrize(("before", "after"), list(product(TYPES, TYPES)))
def test_a_change_of_type_takes_the_fields_of_the_new_one(client: Client, before: str, after: str) -> None:
    client.created(name="N", type=before, **OWN_FIELDS[before])
    client.update(2, type=after, **{**OWN_FIELDS[before], **OWN_FIELDS[after]})
    assert client.handler(2)["settings"] == shown(after, **OWN_FIELDS[after])


@pytest.mark.parametrize(("type_name", "field"), FIELDS)
def test_there_and_back_again_forgets_the_settings(client: Client, type_name: str, field: str) -> None:
    client.created(name="N", type=type_name, **OWN_FIELDS[type_name])
    client.update(2, type="internal_notification")
    client.update(2, type=type_name, **{field: "new"})
    assert client.handler(2)["settings"] == shown(type_name, **{field: "new"})


def test_an_update_without_a_body_only_stamps(client: Client) -> None:
    made = client.created(name="N", type="slack", slack="a")
    assert client.call("POST", f"{BASE}/2").status == 200
    assert client.handler(2) == {**made, "last_datetime": STAMP}


def test_a_refused_update_changes_nothing(client: Client) -> None:
    client.other("real-key").update(1, name="M")
    client.post("/1", [(f"field{number}", "") for number in range(1001)])
    assert client.handler(1)["name"] == "Work email"
    assert client.handler(1)["last_datetime"] is None
