"""The revision: how a page follows a world without asking all the time, and both documents as JSON."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import requests
import yaml

from mock_server import Server, create_app
from tests.control.conftest import Steered
from tests.semantics.client import BASE


def revision(client: Steered) -> int:
    found: int = client.steer("GET", "/changes")["revision"]
    return found


CHANGES: list[tuple[str, str, Any]] = [
    ("POST", "/reset", None),
    ("PUT", "/state", {"handlers": []}),
    ("POST", "/faults", {"status": 503}),
    ("DELETE", "/faults", None),
    ("PATCH", "/clock", {"advance": "1h"}),
    ("PATCH", "/quota", {"requests": 60}),
    ("PATCH", "/rules", {"strict": True}),
    ("PATCH", "/questions", {"create-status": "ok"}),
    ("DELETE", "/journal", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES, ids=[f"{m} {p}" for m, p, _ in CHANGES])
def test_each_change_by_the_control_is_another_revision(
    client: Steered, method: str, path: str, body: Any
) -> None:
    before = revision(client)
    client.steer(method, path, body)
    assert revision(client) > before


def test_an_exchange_is_another_revision_and_looking_is_not(client: Steered) -> None:
    before = revision(client)
    for path in ("/state", "/journal", "/faults", "/clock", "/coverage"):
        client.steer("GET", path)
    assert revision(client) == before
    client.get("/1")
    assert revision(client) > before


def test_a_request_that_reached_no_world_is_another_revision_for_all(client: Steered) -> None:
    before = revision(client)
    client.call("GET", BASE, HTTP_AUTHORIZATION="Bearer real")
    assert revision(client) > before


def test_another_world_is_no_change(client: Steered) -> None:
    before = revision(client)
    client.other(f"{client.key}-b").get("/1")
    assert revision(client) == before


def test_what_is_refused_is_no_change(client: Steered) -> None:
    before = revision(client)
    assert client.control("PATCH", "/clock", {"advance": "soon"}).status == 400
    assert revision(client) == before


def test_it_waits_until_something_changes() -> None:
    with Server(create_app()) as server:
        base, key = f"{server.url}/_mock", {"key": "mock-waits"}
        known = requests.get(f"{base}/changes", params=key, timeout=5).json()["revision"]
        found: list[int] = []

        def wait() -> None:
            query: dict[str, str | int] = {**key, "since": known, "wait": "5s"}
            found.append(requests.get(f"{base}/changes", params=query, timeout=10).json()["revision"])

        waiting = threading.Thread(target=wait)
        waiting.start()
        requests.patch(f"{base}/clock", params=key, json={"frozen": True}, timeout=5)
        waiting.join(timeout=10)
        assert found
        assert found[0] > known


def test_it_ends_with_the_same_revision_where_nothing_does(client: Steered) -> None:
    started = time.monotonic()
    known = revision(client)
    assert client.steer("GET", f"/changes?since={known}&wait=30ms") == {"revision": known}
    assert time.monotonic() - started >= 0.03


def test_a_clear_says_up_to_where(client: Steered) -> None:
    client.get("/1")
    client.get("/2")
    client.steer("DELETE", "/journal")
    client.get("/3")
    found = client.steer("GET", "/journal")
    assert (found["total"], found["cleared"], found["evicted"]) == (3, 2, 0)


@pytest.mark.parametrize("path", ["/openapi.yaml", "/control.yaml"])
def test_a_document_is_json_where_that_is_asked_for(client: Steered, path: str) -> None:
    query = f"?key={client.key}" if path == "/openapi.yaml" else ""
    as_yaml = client.control("GET", path + query)
    as_json = client.control("GET", path + query, HTTP_ACCEPT="text/html, application/json;q=0.9, */*")
    assert as_yaml.headers["content-type"] == "application/yaml"
    assert as_json.headers["content-type"] == "application/json"
    assert as_json.json == yaml.safe_load(as_yaml.body)
    assert client.control("GET", path + query, HTTP_ACCEPT="*/*").body == as_yaml.body


def test_the_json_document_has_the_worlds_answers(client: Steered) -> None:
    client.steer("PATCH", "/questions", {"create-status": "ok"})
    document = client.control("GET", "/openapi.yaml", HTTP_ACCEPT="application/json").json
    (create,) = (item["post"] for path, item in document["paths"].items() if path == "/notification-handlers")
    assert "201" not in create["responses"]
