"""A generated service is true to the API's page, whatever its house decides."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from mock_server.document import load, plain
from tests.generated_service import CHOICES, GeneratedService, draw
from tests.generated_service import plain as plain_house
from tests.generated_service.bugs import BUGS
from tests.generated_service.forms import FIELDS

KEY = {"Authorization": "Bearer live-key"}
ROWS = "/api/notification-handlers"
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def ask(service: GeneratedService, method: str, path: str, **options: Any) -> TestResponse:
    return Client(service).open(path, method=method, headers=KEY, **options)


def created(service: GeneratedService, kind: str, **fields: str) -> int:
    data = {"name": f"A {kind}", "type": kind, **fields}
    answer = ask(service, "POST", ROWS, data=data, content_type="multipart/form-data")
    assert 200 <= answer.status_code < 300, (service.house, answer.get_data(as_text=True))
    body = json.loads(answer.data)
    assert isinstance(body["data"]["id"], int)
    return int(body["data"]["id"])


@pytest.mark.parametrize("seed", range(60))
def test_what_the_page_shows_is_there(seed: int) -> None:
    service = GeneratedService(draw(seed))
    ids = []
    for kind, names in FIELDS.items():
        fields = {name: f"https://example.com/{name}" for name in names}
        if kind == "email":
            fields["email"] = "hey@example.com"
        ids.append(created(service, kind, **fields))
    row = json.loads(ask(service, "GET", f"{ROWS}/{ids[0]}").data)["data"]
    shown = {name: row[name] for name in ("id", "type", "name", "is_enabled", "last_datetime")}
    assert shown == {
        "id": ids[0],
        "type": "email",
        "name": "A email",
        "is_enabled": service.house["switch-unsent"] == "on",
        "last_datetime": None,
    }
    assert row["settings"]["email"] == "hey@example.com"
    assert TIME.fullmatch(row["datetime"])
    listed = json.loads(ask(service, "GET", f"{ROWS}/").data)
    assert {ids[0], ids[-1]} <= {each["id"] for each in listed["data"]}
    assert (
        listed["meta"].items() >= {"page": 1, "results_per_page": 25, "total": 12, "total_pages": 1}.items()
    )
    assert listed["links"]["first"].startswith(f"http://localhost{ROWS}?")
    assert listed["links"]["next"] is listed["links"]["prev"] is None
    for fields in ({"name": "Renamed"}, {"is_enabled": "0"}, {"is_enabled": "1"}):
        answer = ask(service, "POST", f"{ROWS}/{ids[0]}", data=fields, content_type="multipart/form-data")
        assert json.loads(answer.data)["data"] == {"id": ids[0]}
    assert json.loads(ask(service, "GET", f"{ROWS}/{ids[0]}").data)["data"]["name"] == "Renamed"
    assert 200 <= ask(service, "DELETE", f"{ROWS}/{ids[0]}").status_code < 300
    assert ask(service, "GET", f"{ROWS}/{ids[0]}").status_code in {404, 400, 410}


@pytest.mark.parametrize("seed", range(30))
def test_a_request_without_a_good_key_or_a_required_field_is_refused(seed: int) -> None:
    service = GeneratedService(draw(seed))
    assert Client(service).get(f"{ROWS}/").status_code == 401
    assert Client(service).get(f"{ROWS}/", headers={"Authorization": "Bearer x"}).status_code in {401, 403}
    for data in ({"type": "email"}, {"name": "A"}, {"name": "A", "type": "pigeon"}):
        answer = ask(service, "POST", ROWS, data=data, content_type="multipart/form-data")
        assert 400 <= answer.status_code < 500


def test_the_types_are_the_document_s() -> None:
    assert list(FIELDS) == plain(load().data)["components"]["schemas"]["HandlerType"]["enum"]


def test_every_option_of_every_dimension_is_drawn() -> None:
    drawn = {(name, option) for seed in range(200) for name, option in draw(seed).items()}
    assert drawn == {(name, option) for name, options in CHOICES.items() for option in options}


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_fault_changes_a_response(bug: str) -> None:
    """A tour of one key and of the other is answered differently once a fault is planted."""
    assert tour(bug) != tour("")


def tour(bug: str) -> list[tuple[int, str]]:
    service = GeneratedService(plain_house(), {"live-key": 30, "other-key": 1}, bug)
    foreign = next(iter(service.accounts["other-key"].rows))
    calls: list[tuple[str, str, dict[str, str] | None]] = [
        ("POST", ROWS, {"name": "A", "type": "email", "email": "a@example.com"}),
        ("POST", ROWS, {"name": "B", "type": "discord"}),
        ("POST", f"{ROWS}/41", {"name": "C", "is_enabled": "0"}),
        ("GET", f"{ROWS}/41", None),
        ("GET", f"{ROWS}/{foreign}", None),
        ("GET", f"{ROWS}?page=2", None),
        ("DELETE", f"{ROWS}/42", None),
        ("GET", f"{ROWS}/42", None),
    ]
    seen = [
        ask(service, method, path, data=data, content_type="multipart/form-data" if data else None)
        for method, path, data in calls
    ]
    stranger = Client(service).get(f"{ROWS}/41", headers={"Authorization": "Bearer stranger"})
    return [(answer.status_code, TIME.sub("", answer.get_data(as_text=True))) for answer in (*seen, stranger)]
