"""Both services are true to the API's page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.other_services import bean_style, serializer_style

KEY = {"Authorization": "Bearer live-key"}
ROWS = "/api/notification-handlers"


@pytest.mark.parametrize("create_service", [serializer_style.create_service, bean_style.create_service])
def test_what_the_page_shows_is_there(create_service: Callable[[], Flask]) -> None:
    client = create_service().test_client()

    def ask(method: str, path: str, **fields: str) -> Any:
        data = fields or None
        kind = "multipart/form-data" if fields else None
        return client.open(path, method=method, headers=KEY, data=data, content_type=kind)

    before = ask("GET", f"{ROWS}/").json["meta"]["total"]
    created = ask("POST", ROWS, name="Work email", type="email", email="hey@example.com")
    assert created.status_code == 201
    row = created.json["data"]["id"]
    shown = ask("GET", f"{ROWS}/{row}").json["data"]
    assert (shown["type"], shown["name"], shown["is_enabled"]) == ("email", "Work email", True)
    assert shown["settings"] == {"email": "hey@example.com"}
    assert ask("POST", f"{ROWS}/{row}", is_enabled="0").json == {"data": {"id": row}}
    assert ask("GET", f"{ROWS}/{row}").json["data"]["is_enabled"] is False
    listed = ask("GET", f"{ROWS}/").json
    assert listed["data"][0]["id"] == row
    assert listed["meta"]["total"] == before + 1
    assert listed["links"]["next"] is None
    for fields in ({"type": "email"}, {"name": "A"}, {"name": "A", "type": "pigeon"}):
        assert ask("POST", ROWS, **fields).status_code == 400
    assert ask("DELETE", f"{ROWS}/{row}").status_code == 204
    assert ask("GET", f"{ROWS}/{row}").status_code == 404
    assert client.get(f"{ROWS}/").status_code == 401
    assert ask("PUT", ROWS).status_code == 405
