"""The commands of the API's page, pasted into a shell. Only host, key and id are changed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.clients.conftest import Api
from tests.examples.running import needs

_COMMANDS = Path(__file__).with_name("page.txt").read_text(encoding="utf-8").split("\n\n")
_LIST, _RETRIEVE, _CREATE, _UPDATE, _DELETE = _COMMANDS

_HANDLER = {
    "id": 1,
    "type": "email",
    "name": "Work email",
    "settings": {"email": "hey@example.com"},
    "is_enabled": True,
    "last_datetime": None,
    "datetime": "2025-12-05 15:32:34",
}

pytestmark = needs("curl")


def run(command: str, api: Api, handler_id: int = 1) -> str:
    """Run a command of the page, with the backslash that ends its last line, as after a paste."""
    pasted = command.replace("https://bitpeak.ru/api", api.url).replace("{api_key}", api.key)
    pasted = pasted.replace("{notification_handler_id}", str(handler_id))
    done = subprocess.run(["sh", "-c", pasted + "\n"], capture_output=True, text=True, check=True, timeout=30)
    return done.stdout


def test_the_list_is_the_example_of_the_page(api: Api) -> None:
    site = f"{api.url}/notification-handlers?page=1"
    assert json.loads(run(_LIST, api)) == {
        "data": [_HANDLER],
        "meta": {"page": 1, "results_per_page": 25, "total": 1, "total_pages": 1},
        "links": {"first": site, "last": site, "next": None, "prev": None, "self": site},
    }


def test_the_keys_have_the_order_of_the_page(api: Api) -> None:
    row = json.loads(run(_RETRIEVE, api))["data"]
    assert list(row) == list(_HANDLER)
    assert list(json.loads(run(_LIST, api))) == ["data", "meta", "links"]


def test_the_handler_is_the_example_of_the_page(api: Api) -> None:
    assert json.loads(run(_RETRIEVE, api)) == {"data": _HANDLER}


def test_create_returns_the_new_id(api: Api) -> None:
    assert json.loads(run(_CREATE, api)) == {"data": {"id": 2}}
    created = json.loads(run(_RETRIEVE, api, 2))["data"]
    assert (created["name"], created["settings"]) == ("Example", {"email": "hello@example.com"})


def test_update_returns_the_id_and_changes_the_name(api: Api) -> None:
    assert json.loads(run(_UPDATE, api)) == {"data": {"id": 1}}
    updated = json.loads(run(_RETRIEVE, api))["data"]
    assert updated == {**_HANDLER, "name": "Example new name", "last_datetime": updated["last_datetime"]}
    assert updated["last_datetime"] is not None


def test_delete_returns_an_empty_body(api: Api) -> None:
    assert run(_DELETE, api) == ""
    assert json.loads(run(_RETRIEVE, api))["errors"][0]["status"] == 404


def test_the_empty_body_of_a_delete_has_a_json_content_type(api: Api) -> None:
    head = run(_DELETE.replace("curl", "curl --silent --include", 1), api)
    assert head.splitlines()[0] == "HTTP/1.1 200 OK"
    assert "content-type: application/json" in head.lower()
    assert "content-length: 0" in head.lower()
