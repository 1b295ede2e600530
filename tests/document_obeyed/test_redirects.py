"""The list may be redirected to its other spelling, alone of all paths, and links may repeat all that was sent."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from contract_tests.learning.doors import learn_slashes
from contract_tests.learning.draft import Draft
from contract_tests.learning.pages import learn_spellings
from contract_tests.target.api import TargetResponse
from mock_server.document import dump_yaml, load, plain
from tests.document_obeyed.client import Client

LIST = "/notification-handlers"
WORDS = {
    "status": 301, "location": "path", "of": "list", "after": "key", "media-type": "text/html",
    "text": '<a href="{location}">Moved</a>.',
}  # fmt: skip


@pytest.fixture
def data() -> dict[str, Any]:
    data: dict[str, Any] = deepcopy(plain(load().data))
    data["x-service"]["trailing-slash"] = "distinct"
    return data


def test_the_list_alone_is_redirected(data: dict[str, Any], tmp_path: Path) -> None:
    del data["paths"][LIST]["get"]
    data["x-service"]["redirect"] = WORDS
    file = tmp_path / "redirect.yaml"
    file.write_text(dump_yaml(data), encoding="utf-8")
    client = Client(document=file)
    for method, body in (
        ("GET", '<a href="/api/notification-handlers/?page=2&amp;a=b">Moved</a>.'),
        ("HEAD", ""),
    ):
        response = client.send(method, f"{LIST}?page=2&a=b")
        assert (response.status_code, response.text) == (301, body)
        assert response.headers["Location"] == "/api/notification-handlers/?page=2&a=b"
    assert client.send("GET", f"{LIST}/").status_code == 200
    assert client.send("GET", f"{LIST}/1/").status_code == 404, "a row has one spelling"
    assert client.http.get(f"/api{LIST}").status_code == 401


def test_a_path_that_redirects_a_get_allows_it(data: dict[str, Any], tmp_path: Path) -> None:
    del data["paths"][LIST]["get"]
    data["x-service"]["redirect"] = WORDS
    file = tmp_path / "redirect.yaml"
    file.write_text(dump_yaml(data), encoding="utf-8")
    client = Client(document=file, answers=("other-methods=not-allowed",))
    allowed = [client.send("PUT", path).headers["Allow"] for path in (LIST, f"{LIST}/", f"{LIST}/1")]
    assert allowed == ["GET, POST", "GET", "DELETE, GET, POST"]


def test_links_repeat_all_that_was_sent(data: dict[str, Any], tmp_path: Path) -> None:
    for path in (LIST, f"{LIST}/"):
        data["paths"][path]["get"]["x-paging"]["link-repeats"] = "sent"
    file = tmp_path / "links.yaml"
    file.write_text(dump_yaml(data), encoding="utf-8")
    shown: Any = Client(document=file).send("GET", f"{LIST}?filter=a+b&page=1&results_per_page=10&x=").json
    assert shown["links"]["first"].endswith("?filter=a%20b&results_per_page=10&page=1")


def test_it_is_learned(data: dict[str, Any]) -> None:
    def send(_: str, __: str, *, authorization: str | None = "", **___: Any) -> TargetResponse:
        if authorization is None:
            return TargetResponse(401, {}, b"")
        headers = {"location": "/api/notification-handlers/", "content-type": "text/html"}
        return TargetResponse(301, headers, b'<a href="/api/notification-handlers/">Moved</a>.')

    api = SimpleNamespace(base_url="http://service.invalid/api")
    prober: Any = SimpleNamespace(send=send, api=api, watch=lambda ask: (ask(prober), ()))
    draft = Draft(data)
    learn_spellings(prober, draft)
    assert draft.tree["x-service"]["redirect"] == WORDS
    assert "get" not in draft.tree["paths"][LIST]


def test_a_create_at_the_other_spelling_follows_what_is_learned_of_a_create(data: dict[str, Any]) -> None:
    def create_raw(name: str, **_: Any) -> tuple[TargetResponse, int]:
        return TargetResponse(201, {}, name.encode()), 1

    kinds = SimpleNamespace(plain="email", form=lambda kind, name: {"type": kind, "name": name})
    prober: Any = SimpleNamespace(
        kinds=kinds, name=lambda: "A", create_raw=create_raw, exchanges=[], retrieve=int, discard=int
    )
    draft = Draft(data)
    learn_slashes(prober, draft)
    learned = {"description": "Learned later."}
    draft.learn(
        "rows", "", (), lambda tree: tree["paths"][LIST]["post"]["responses"].update({"418": learned})
    )
    assert draft.tree["paths"][f"{LIST}/"]["post"]["responses"]["418"] == learned
    assert draft.facts.operation("create").path == LIST, "tests keep to the documented path"
