"""The list may be redirected to its other spelling, alone of all paths, and links may repeat all that was sent."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from contract_tests.learning.draft import Draft
from contract_tests.learning.spellings import learn_create_spelling, learn_list_spellings
from contract_tests.target.api import TargetResponse
from mock_server.document import dump_yaml, load, plain
from tests.document_obeyed.client import Client

LIST = "/notification-handlers"
WORDS = {
    "status": 301, "location": "path", "of": {"list": 302}, "after": "key", "media-type": "text/html",
    "text": '<a href="{location}">Moved</a>.',
}  # fmt: skip


@pytest.fixture
def data() -> dict[str, Any]:
    data: dict[str, Any] = deepcopy(plain(load().data))
    data["x-service"] |= {"trailing-slash": "distinct", "head": "as-get"}
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
        assert (response.status_code, response.text) == (302, body)
        assert response.headers["Location"] == "/api/notification-handlers/?page=2&a=b"
    assert client.send("GET", f"{LIST}/").status_code == 200
    assert client.send("GET", f"{LIST}/1/").status_code == 404, "a row has one spelling"
    assert client.http.get(f"/api{LIST}").status_code == 401


def test_a_head_may_be_redirected_although_it_is_refused_otherwise(
    data: dict[str, Any], tmp_path: Path
) -> None:
    del data["paths"][LIST]["get"], data["x-service"]["head"]
    file = tmp_path / "redirect.yaml"
    for words, status in ((WORDS, 404), (WORDS | {"heads": True}, 302)):
        data["x-service"]["redirect"] = words
        file.write_text(dump_yaml(data), encoding="utf-8")
        client = Client(document=file)
        assert client.send("HEAD", LIST).status_code == status
        assert client.send("HEAD", f"{LIST}/").status_code == 404


def test_a_path_that_redirects_a_get_allows_it(data: dict[str, Any], tmp_path: Path) -> None:
    del data["paths"][LIST]["get"]
    data["x-service"]["redirect"] = WORDS
    file = tmp_path / "redirect.yaml"
    file.write_text(dump_yaml(data), encoding="utf-8")
    client = Client(document=file, answers=("other-methods=not-allowed",))
    allowed = [client.send("PUT", path).headers["Allow"] for path in (LIST, f"{LIST}/", f"{LIST}/1")]
    assert allowed == ["GET, POST", "GET", "DELETE, GET, POST"]


def test_links_repeat_what_is_taken_as_it_was_sent_and_a_count_may_be_a_text(
    data: dict[str, Any], tmp_path: Path
) -> None:
    for path in (LIST, f"{LIST}/"):
        data["paths"][path]["get"]["x-paging"]["link-repeats"] = "as-sent"
    data["components"]["parameters"]["results_per_page"]["x-rows"] = [
        {"when": "not-listed", "change": ["next-listed"]}
    ]
    meta = data["components"]["schemas"]["ListEnvelope"]["properties"]["meta"]
    meta["properties"]["count"] = {"type": "string", "x-value": "count"}
    file = tmp_path / "links.yaml"
    file.write_text(dump_yaml(data), encoding="utf-8")
    client = Client(document=file)
    shown: Any = [client.send("GET", f"{LIST}?results_per_page={size}").json for size in (10, 30)]
    assert ["results_per_page=10" in each["links"]["self"] for each in shown] == [True, False]
    assert [(each["meta"]["results_per_page"], each["meta"]["count"]) for each in shown] == [
        (10, "1"),
        (50, "1"),
    ]


def test_links_repeat_all_that_was_sent(data: dict[str, Any], tmp_path: Path) -> None:
    for path in (LIST, f"{LIST}/"):
        data["paths"][path]["get"]["x-paging"]["link-repeats"] = "sent"
    file = tmp_path / "links.yaml"
    file.write_text(dump_yaml(data), encoding="utf-8")
    shown: Any = Client(document=file).send("GET", f"{LIST}?filter=a+b&page=1&results_per_page=10&x=").json
    assert shown["links"]["first"].endswith("?filter=a%20b&results_per_page=10&page=1")


def test_a_create_is_redirected_or_unknown_whatever_other_paths_do(
    data: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "create.yaml"
    for slash, of, status, of_a_row in (
        ("same", 308, 308, 200), ("same", "distinct", 404, 200), ("redirect", "distinct", 404, 301),
        ("distinct", 308, 308, 404),
    ):  # fmt: skip
        data["x-service"] |= {
            "trailing-slash": slash,
            "redirect": {"status": 301, "location": "path", "of": {"create": of}},
        }
        file.write_text(dump_yaml(data), encoding="utf-8")
        client = Client(document=file)
        assert client.send("POST", f"{LIST}/").status_code == status
        assert client.send("GET", f"{LIST}/1/").status_code == of_a_row


def test_a_redirect_of_the_list_is_learned(data: dict[str, Any]) -> None:
    def send(_: str, __: str, *, authorization: str | None = "", **___: Any) -> TargetResponse:
        if authorization is None:
            return TargetResponse(401, {}, b"")
        headers = {"location": "/api/notification-handlers/", "content-type": "text/html"}
        return TargetResponse(302, headers, b'<a href="/api/notification-handlers/">Moved</a>.')

    api = SimpleNamespace(base_url="http://service.invalid/api")
    prober: Any = SimpleNamespace(
        send=send, api=api, url=api.base_url, spares=False, watch=lambda ask: (ask(prober), ())
    )
    refusing = deepcopy(data)
    del refusing["x-service"]["head"]
    draft = Draft(refusing)
    learn_list_spellings(prober, draft)
    assert draft.tree["x-service"]["redirect"] == WORDS | {"status": 302, "heads": True}
    draft = Draft(data)
    learn_list_spellings(prober, draft)
    assert draft.tree["x-service"]["redirect"] == {**WORDS, "status": 302}
    assert "get" not in draft.tree["paths"][LIST]


def _create_at_the_other_spelling(data: dict[str, Any], status: int) -> Draft:
    prober: Any = SimpleNamespace(
        once=lambda _: TargetResponse(401, {}, b""),
        kinds=SimpleNamespace(mailbox="email", form=lambda *_: {}),
        create_raw=lambda *_, **__: (TargetResponse(status, {"location": "/"}, b""), None),
        exchanges=[],
    )
    draft = Draft(data)
    learn_create_spelling(prober, draft)
    return draft


def test_a_create_at_the_other_spelling_follows_what_is_learned_of_a_create(data: dict[str, Any]) -> None:
    draft = _create_at_the_other_spelling(data, 401)
    learned = {"description": "Learned later."}
    draft.learn(
        "rows", "", (), lambda tree: tree["paths"][LIST]["post"]["responses"].update({"418": learned})
    )
    assert draft.tree["paths"][f"{LIST}/"]["post"]["responses"]["418"] == learned
    assert draft.facts.operation("create").path == LIST, "tests keep to the documented path"


@pytest.mark.parametrize(
    ("slash", "status", "of"),
    [("same", 404, "distinct"), ("distinct", 308, 308), ("distinct", 404, None), ("same", 401, None)],
)
def test_it_is_learned_that_a_create_has_a_spelling_of_its_own(
    data: dict[str, Any], slash: str, status: int, of: Any
) -> None:
    data["x-service"]["trailing-slash"] = slash
    service = _create_at_the_other_spelling(data, status).tree["x-service"]
    assert service.get("redirect", {}).get("of", {}).get("create") == of
