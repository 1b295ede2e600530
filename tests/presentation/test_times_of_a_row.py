"""Rows that tell when they were made and changed, in any format, and how often."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from mock_server.document import DocumentError
from mock_server.state.clock import read_time, write_moment
from tests.presentation.test_presentation import KEY, ROWS, client_of

TYPE = {"name": "A", "type": "internal_notification"}
ROW = "$.components.schemas.NotificationHandler"
NOW = "2026-01-02T03:04:05Z"


def with_row(folder: Path, **properties: Any) -> FlaskClient:
    client = client_of(folder, {"target": f"{ROW}.properties", "update": properties})
    clock = client.patch("/_mock/clock", json={"now": NOW, "frozen": True}, query_string={"key": "mock-key"})
    assert clock.status_code == 200, clock.text
    return client


def written(client: FlaskClient, path: str = "", **form: str) -> dict[str, Any]:
    answer = client.post(ROWS + path, data=form, headers=KEY)
    assert answer.status_code < 300, answer.text
    row = client.get(f"{ROWS}/{answer.get_json()['data']['id']}", headers=KEY).get_json()["data"]
    assert isinstance(row, dict)
    return row


def later(client: FlaskClient) -> None:
    client.patch("/_mock/clock", json={"advance": "1h"}, query_string={"key": "mock-key"})


def test_a_row_shows_its_times_in_other_formats_and_counts_its_changes(tmp_path: Path) -> None:
    client = with_row(
        tmp_path,
        created_at={"type": "string", "x-text": "{created:iso-offset}"},
        updated_at={"type": "string", "x-text": "{changed:iso-us}"},
        updated_ms={"type": "integer", "x-text": "{changed:unix-ms}"},
        version={"type": "integer", "x-text": "{version}"},
        edits={"type": "integer", "x-text": "{changes}"},
    )
    row = written(client, **TYPE)
    keys = ("created_at", "updated_at", "updated_ms", "version", "edits")
    assert [row[key] for key in keys] == [
        "2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05.000000Z", 1767323045000, 1, 0,
    ]  # fmt: skip
    later(client)
    row = written(client, f"/{row['id']}", name="B")
    assert [row[key] for key in keys] == [
        "2026-01-02T03:04:05+00:00", "2026-01-02T04:04:05.000000Z", 1767326645000, 2, 1,
    ]  # fmt: skip

    # A state that is put back is the same account.
    state = client.get("/_mock/state?key=mock-key").get_json()
    answer = client.put("/_mock/state?key=mock-other", json=state)
    assert answer.status_code < 300, answer.text
    other = client.get(f"{ROWS}/{row['id']}", headers={"Authorization": "Bearer mock-other"}).get_json()[
        "data"
    ]
    assert other == row


def test_a_time_of_the_last_change_shows_its_default_until_then(tmp_path: Path) -> None:
    client = with_row(
        tmp_path,
        updated_at={"type": "string", "x-text": "{changed:iso}", "default": ""},
        updated_ms={"type": ["integer", "string"], "x-text": "{changed:unix-ms}", "default": "never"},
        updated={"type": "integer", "x-text": "{changed:unix}", "default": 0},
    )
    keys = ("updated_at", "updated_ms", "updated")
    row = written(client, **TYPE)
    assert [row[key] for key in keys] == ["", "never", 0]
    later(client)
    changed = written(client, f"/{row['id']}", name="B")
    assert [changed[key] for key in keys] == ["2026-01-02T04:04:05Z", 1767326645000, 1767326645]
    written(client, **TYPE)

    state = client.get("/_mock/state?key=mock-key").get_json()
    assert client.put("/_mock/state?key=mock-other", json=state).status_code < 300
    assert client.get("/_mock/state?key=mock-other").get_json()["handlers"] == state["handlers"]


def test_a_documented_time_has_another_format(tmp_path: Path) -> None:
    client = with_row(
        tmp_path,
        last_datetime={"pattern": "Z$", "x-text": "{changed:iso}"},
        datetime={"type": "integer", "x-text": "{created:unix}", "pattern": ""},
    )
    row = written(client, **TYPE)
    assert (row["last_datetime"], row["datetime"]) == (None, 1767323045)
    later(client)
    assert written(client, f"/{row['id']}", name="B")["last_datetime"] == "2026-01-02T04:04:05Z"


def test_a_format_must_be_that_of_the_same_time(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="x-text can only give a time another format"):
        with_row(tmp_path, last_datetime={"x-text": "{created:iso}"})


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("", "2026-01-02 06:04:05"), ("iso", NOW), ("iso-ms", "2026-01-02T03:04:05.000Z"),
        ("iso-offset", "2026-01-02T06:04:05+03:00"), ("iso-offset-us", "2026-01-02T06:04:05.000000+03:00"),
        ("unix", "1767323045"), ("unix-ms", "1767323045000"), ("http", "Fri, 02 Jan 2026 03:04:05 GMT"),
    ],
)  # fmt: skip
def test_what_is_written_is_read(form: str, text: str) -> None:
    assert write_moment(1767323045, form, 10800) == text
    assert read_time(text, 10800) == 1767323045


def test_a_row_that_never_changed_stays_so(tmp_path: Path) -> None:
    client = with_row(tmp_path, updated_at={"type": "string", "x-text": "{changed:iso}"})
    rows = [
        {
            **TYPE,
            "datetime": "2026-01-01 00:00:00",
            "last_datetime": None,
            "updated_at": "2026-01-01T00:00:00Z",
        }
    ]
    assert client.put("/_mock/state?key=mock-key", json={"handlers": rows}).status_code < 300
    (row,) = client.get(ROWS, headers=KEY).get_json()["data"]
    assert (row["last_datetime"], row["updated_at"]) == (None, "2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("counted", "versions"),
    [
        ("any", [2, 3, 4, 5]),
        ("other-values", [1, 2, 3, 4]),
        ("other-type", [1, 1, 2, 2]),
        ("switch", [1, 1, 1, 2]),
    ],
)
def test_which_updates_count_as_a_change(tmp_path: Path, counted: str, versions: list[int]) -> None:
    version = {"type": "integer", "x-text": "{version}"}
    client = client_of(
        tmp_path,
        {"target": f"{ROW}.properties", "update": {"version": version}},
        {"target": "$.paths.*.post['x-update']", "update": {"counts-as-change": counted}},
    )
    row = written(client, **TYPE)
    forms = (
        {"name": "A"}, {"name": "B"}, {"type": "email", "email": "a@example.com"}, {"is_enabled": "0"},
    )  # fmt: skip
    rows = [written(client, f"/{row['id']}", **form) for form in forms]
    assert [row["version"] for row in rows] == versions
    assert [row["last_datetime"] is not None for row in rows] == [number > 1 for number in versions]
