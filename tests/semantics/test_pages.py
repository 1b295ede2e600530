"""The arithmetic of pages, for every size that the page allows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mock_server import Settings
from mock_server.app import create_app
from tests.semantics.client import Client
from tests.semantics.filling import fill

SIZES = (10, 25, 50, 100, 250, 500, 1000)
SITE = "http://127.0.0.1:4055/api/notification-handlers"


def expected(page: int, size: int, total: int) -> Any:
    """Return what a page must be, found in another way than the mock's: by cutting a list."""
    ids = list(range(total, 0, -1))
    pages = [ids[start : start + size] for start in range(0, total, size)]

    def link(number: int | None) -> str | None:
        return None if number is None else f"{SITE}?results_per_page={size}&page={number}"

    return {
        "data": pages[page - 1] if page <= len(pages) else [],
        "meta": {"page": page, "results_per_page": size, "total": total, "total_pages": len(pages)},
        "links": {
            "first": link(1),
            "last": link(len(pages) or None),
            "next": link(page + 1 if page < len(pages) else None),
            "prev": link(page - 1 if page > 1 else None),
            "self": link(page),
        },
    }


def listed(client: Client, query: str) -> Any:
    """Return a page with ids for its rows."""
    body = client.get(query).json
    return {**body, "data": [row["id"] for row in body["data"]]}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("total", ["0", "1", "size-1", "size", "size+1", "3*size+1"])
def test_pages(client: Client, size: int, total: str) -> None:
    count = {"0": 0, "1": 1, "size-1": size - 1, "size": size, "size+1": size + 1}.get(total, 3 * size + 1)
    fill(client, count)
    last = max(1, -(-count // size))
    for page in sorted({1, 2, (last + 1) // 2, last - 1 or 1, last, last + 1, last + 7}):
        assert listed(client, f"?results_per_page={size}&page={page}") == expected(page, size, count)


def test_pages_of_handlers_made_over_http(client: Client) -> None:
    for number in range(2, 32):
        assert client.create(name=str(number), type="email").data == {"id": number}
    for page in (1, 2, 3, 4, 5):
        assert listed(client, f"?results_per_page=10&page={page}") == expected(page, 10, 31)


def test_without_parameters_a_page_has_25(client: Client) -> None:
    fill(client, 26)
    body = listed(client, "")
    assert body["data"] == list(range(26, 1, -1))
    assert body["meta"] == {"page": 1, "results_per_page": 25, "total": 26, "total_pages": 2}
    assert body["links"] == {
        "first": f"{SITE}?page=1",
        "last": f"{SITE}?page=2",
        "next": f"{SITE}?page=2",
        "prev": None,
        "self": f"{SITE}?page=1",
    }


@pytest.mark.parametrize(
    ("text", "shown", "number"),
    [
        ("0", 0, 1), ("-3", -3, 1), ("abc", 0, 1), ("", 0, 1), ("2abc", 2, 2), ("1e1", 10, 10),
        ("%202", 2, 2),
        ("02", 2, 2), ("2.9", 2, 2), ("%2B2", 2, 2), ("9223372036854775807", 2**63 - 1, 2**63 - 1),
        ("9" * 30, 2**63 - 1, 2**63 - 1), ("-" + "9" * 30, -(2**63), 1), ("%D9%A2", 0, 1),
    ],
)  # fmt: skip
def test_a_page_is_cast_as_php_casts(client: Client, text: str, shown: int, number: int) -> None:
    fill(client, 26)
    body = client.get(f"?page={text}").json
    assert (body["meta"]["page"], body["links"]["self"]) == (number, f"{SITE}?page={shown}")
    assert len(body["data"]) == {1: 25, 2: 1}.get(number, 0)


@pytest.mark.parametrize(
    "text", ["7", "0", "-10", "010", "10.0", "1e1", "%2010", "10abc", "", "2500", "%D9%A1%D9%A0"]
)
def test_a_size_that_is_not_listed_is_ignored(client: Client, text: str) -> None:
    body = client.get(f"?results_per_page={text}").json
    assert body["meta"]["results_per_page"] == 25
    assert body["links"]["self"] == f"{SITE}?page=1"


def test_a_page_of_the_empty_list_is_a_page_all_the_same(client: Client) -> None:
    client.delete(1)
    body = client.get().json
    assert body["data"] == []
    assert body["meta"] == {"page": 1, "results_per_page": 25, "total": 0, "total_pages": 0}
    assert body["links"]["last"] is None
    assert body["links"]["first"] == body["links"]["self"] == f"{SITE}?page=1"


def test_a_page_that_is_asked_for_again_is_as_the_handlers_are_now(client: Client) -> None:
    ids, whole = [client.created(name="First", type="slack")["id"]], "?results_per_page=1000"
    for number in range(3):
        before = client.get(whole)
        assert client.get(whole).body == before.body
        ids.append(client.created(name=f"More {number}", type="slack")["id"])
        assert client.get(whole).json["meta"]["total"] == before.json["meta"]["total"] + 1
    client.update(ids[1], name="Renamed")
    assert "Renamed" in {row["name"] for row in client.get(whole).json["data"]}
    client.delete(ids[2])
    assert ids[2] not in listed(client, whole)["data"]


def test_a_page_that_is_asked_for_again_is_for_the_host_that_asks_and_says_what_it_ignored(
    client: Client,
) -> None:
    for _ in range(2):
        assert client.get("?odd=1", HTTP_HOST="one.test").json["links"]["self"].startswith("http://one.test/")
        assert [violation.code for violation in client.last.violations] == ["unknown-parameter"]
        assert client.get("?odd=1", HTTP_HOST="two.test").json["links"]["self"].startswith("http://two.test/")
        for host in ("one.test", "two.test"):
            assert client.get("?page=1", HTTP_HOST=host).json["links"]["self"].startswith(f"http://{host}/")


ROWS_ONLY = """
overlay: 1.1.0
info: {title: Rows only, version: "1"}
actions:
  - target: $.paths['/notification-handlers'].get.responses['200']
    remove: true
  - target: $.paths['/notification-handlers'].get.responses
    update:
      '200':
        description: Rows only.
        content:
          application/json:
            schema:
              type: object
              required: [data]
              additionalProperties: false
              properties:
                data: {type: array, x-value: rows, items: {$ref: '#/components/schemas/NotificationHandler'}}
"""


def test_each_spelling_is_answered_as_the_document_says_of_it(tmp_path: Path) -> None:
    overlay = tmp_path / "rows.yaml"
    overlay.write_text(ROWS_ONLY, encoding="utf-8")
    ask = create_app(Settings(overlays=(str(overlay),))).test_client().get
    for _ in range(2):
        for path, keys in (("/", {"data", "meta", "links"}), ("", {"data"})):
            answer = ask(f"/api/notification-handlers{path}", headers={"Authorization": "Bearer mock-key"})
            assert answer.json is not None
            assert set(answer.json) == keys
