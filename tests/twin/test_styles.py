"""Services in the styles of other frameworks are learned: the mock answers a tour of calls as they do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests
from flask import Flask

from contract_tests.document import by_form, fits
from contract_tests.learning.handlers import mask_of
from contract_tests.learning.presentation import SeenResponse, look_of
from mock_server import Settings, create_app
from mock_server.server import Server
from tests.other_services import bean_style, serializer_style
from tests.twin.running import learned

ROWS = "/notification-handlers"
MULTIPART = "name=Work email&type=email&email=hey@example.com"

# What a call sends, and as which of the rows made so far: method, path, form. `{0}` is the first row made.
TOUR: tuple[tuple[str, str, str | None], ...] = (
    ("POST", ROWS, MULTIPART),
    ("POST", ROWS, "name=Bot&type=telegram&telegram=123456:secret-token&telegram_chat_id=-555666777"),
    ("POST", ROWS, "name=Bare&type=x"),
    ("GET", f"{ROWS}/{{0}}", None),
    ("GET", f"{ROWS}/{{1}}", None),
    ("GET", f"{ROWS}/{{2}}", None),
    ("GET", f"{ROWS}?results_per_page=10", None),
    ("GET", f"{ROWS}?page=1&results_per_page=25", None),
    ("GET", f"{ROWS}?page=99", None),
    ("GET", f"{ROWS}?page=0", None),
    ("GET", f"{ROWS}?page=no-page", None),
    ("GET", f"{ROWS}?results_per_page=7", None),
    ("POST", ROWS, "type=email"),
    ("POST", ROWS, "name=A"),
    ("POST", ROWS, "name=A&type=pigeon"),
    ("POST", ROWS, "name=&type=email"),
    ("POST", f"{ROWS}/{{0}}", "name=Renamed"),
    ("POST", f"{ROWS}/{{0}}", "is_enabled=0"),
    ("POST", f"{ROWS}/{{0}}", "is_enabled=perhaps"),
    ("POST", f"{ROWS}/{{0}}", "type=pigeon"),
    ("GET", f"{ROWS}/{{0}}", None),
    ("POST", f"{ROWS}/{{1}}", "type=slack&slack=https://example.com/hook"),
    ("GET", f"{ROWS}/{{1}}", None),
    ("PUT", ROWS, None),
    ("GET", f"{ROWS}/2000000011", None),
    ("GET", f"{ROWS}/no-such-id", None),
    ("DELETE", f"{ROWS}/{{2}}", None),
    ("DELETE", f"{ROWS}/{{2}}", None),
)  # fmt: skip


class Service(NamedTuple):
    """A service at a base URL. Its key belongs to an account with some rows; the empty one has none left."""

    url: str
    key: str


def emptied(service: Service) -> Service:
    """Delete the rows that an account begins with. Ids go on from there, far above the other numbers of responses."""
    head = {"Authorization": f"Bearer {service.key}"}
    listed = requests.get(f"{service.url}{ROWS}/", headers=head, timeout=30).json()
    for row in listed["data"]:
        requests.delete(f"{service.url}{ROWS}/{row['id']}", headers=head, timeout=30)
    return service


def toured(service: Service) -> Iterator[tuple[str, Any]]:
    """Make the calls of the tour, and yield each with what was answered, ids and times left out."""
    rows: list[int] = []
    for method, path, form in TOUR:
        files = [tuple(pair.split("=", 1)) for pair in form.split("&")] if form else None
        answer = requests.request(
            method, service.url + path.format(*rows), timeout=30, allow_redirects=False,
            headers={"Authorization": f"Bearer {service.key}"},
            files=[(name, (None, text)) for name, text in files] if files else None,
        )  # fmt: skip
        if method == "POST" and path == ROWS and answer.ok:
            rows.append(answer.json()["data"]["id"])
        yield f"{method} {path} {form or ''}", shown(answer, service, rows)


def shown(answer: requests.Response, service: Service, rows: list[int]) -> Any:
    """Return status, media type, headers and body of a response, as far as two services can share them."""

    def told(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: told(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [told(each) for each in value]
        if key in {"etag", "url"}:  # a service's own affair: the version of a row, and its address
            return type(value)
        if isinstance(value, int) and value in rows:
            return f"row {rows.index(value)}"
        if not isinstance(value, str):
            return value
        text = by_form(value.replace(service.url, "(base)"))
        for number, row in enumerate(rows):
            text = text.replace(str(row), f"row {number}")
        return text

    try:
        body = answer.json()
    except ValueError:
        body = answer.text
    headers = [answer.headers.get(name) for name in ("WWW-Authenticate", "X-Frame-Options", "Cache-Control")]
    return (
        answer.status_code,
        (answer.headers.get("Content-Type") or "").replace(" ", ""),
        headers,
        told(body),
    )


@pytest.mark.parametrize("create_service", [serializer_style.create_service, bean_style.create_service])
def test_the_mock_becomes_a_service_in_another_style(
    create_service: Callable[[], Flask], tmp_path: Path
) -> None:
    with Server(create_service()) as server:
        _, file = learned(f"{server.url}/api", tmp_path, key="live-key")
        real = dict(toured(emptied(Service(f"{server.url}/api", "other-key"))))
    with Server(create_app(Settings(overlays=(str(file),)))) as server:
        # High ids, so that no other number of a response is taken for one.
        state = {"handlers": [], "next_id": 7001}
        requests.put(f"{server.url}/_mock/state?key=mock-key", json=state, timeout=30).raise_for_status()
        mock = dict(toured(Service(f"{server.url}/api", "mock-key")))
    different = [
        f"{call}\n  service {real[call]}\n  mock    {mock[call]}" for call in real if mock[call] != real[call]
    ]
    assert not different, "\n".join(different)


def test_what_differs_each_time_is_recognized() -> None:
    facts = {"field": "no-such-field", "path": "/api/rows/2000000011", "id": "2000000011", "method": "PUT"}
    body = {
        "path": "/api/rows/2000000011", "detail": "Row 2000000011 has no no-such-field", "method": 'Method "PUT"',
        "trace": "9f86d081884c7d659a2feaa0c55ad015", "id": "a3bb189e-8bf9-4888-9912-ace4e6543002",
        "at": "2026-11-30T09:26:38.123Z", "unix": 1796030798, "status": 404,
    }  # fmt: skip
    look = look_of(
        SeenResponse(404, {"content-type": "application/problem+json"}, json.dumps(body).encode(), facts)
    )
    assert look.value == {
        "path": "{path}", "detail": "Row {id} has no {field}", "method": 'Method "{method}"',
        "trace": "{hex:32}", "id": "{uuid}", "at": "{now:iso}", "unix": "{now:unix}", "status": 404,
    }  # fmt: skip
    assert fits(look.value, body)
    assert not fits(look.value, {**body, "status": 400})
    assert not fits(look.value, {**body, "more": 1})


@pytest.mark.parametrize(
    ("pairs", "mask"),
    [
        ([("abcdefgh", "********"), ("abc", "***")], {"each": "*"}),
        ([("abcdefgh", "****efgh"), ("abcdefghij", "******ghij")], {"each": "*", "keep-last": 4}),
        ([("abcdefgh", "ab…"), ("xyz", "xy…")], {"text": "…", "keep-first": 2}),
        ([("abcdefgh", "****efgh"), ("abcdefghij", "****ghij")], {"text": "****", "keep-last": 4}),
        ([("abcdefgh", "hgfedcba")], None),
    ],
)
def test_a_mask_is_inferred_from_what_was_sent_and_shown(
    pairs: list[tuple[str, str]], mask: dict[str, Any] | None
) -> None:
    found = mask_of(pairs)
    assert found == mask or (mask is None and found is not None and found.get("text") == "hgfedcba")
