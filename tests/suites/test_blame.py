"""A fault of one answer is told of that answer, and not of the correct ones that follow from it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from contract_tests.generated.sampler import Sampler
from contract_tests.judge.statements import MULTIPART
from contract_tests.target.api import Spoken, TargetResponse
from tests.suites.judging import OTHER_KEY, complaint, judge
from tests.suites.services import mock, second_opinion, texts


def test_a_reused_id_is_not_told_as_a_row_that_is_back() -> None:
    with second_opinion(bugs=["id-reused"]) as service:
        told = complaint(judge(service.url, suites=["lifecycle"]))
    assert "was in use" in told
    assert "which was deleted" not in told


@pytest.mark.parametrize(
    ("what", "sentence"),
    [("a create's id", "is not of type"), ("a retrieve's switch", "is not of type")],
)
def test_a_type_of_one_answer_is_told_of_that_answer_alone(
    what: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = Spoken.call

    def twisted(self: Spoken, method: str, path: str, **parts: object) -> TargetResponse:
        answer = call(self, method, path, **parts)
        is_row = path.rpartition("/")[2].isdigit()
        if answer.status // 100 != 2 or not answer.body:
            return answer
        body = answer.json()
        if what == "a create's id" and method == "POST" and not is_row:
            body["data"]["id"] = str(body["data"]["id"])
        elif what == "a retrieve's switch" and method == "GET" and is_row:
            body["data"]["is_enabled"] = int(body["data"]["is_enabled"])
        return answer._replace(body=json.dumps(body).encode())

    monkeypatch.setattr(Spoken, "call", twisted)
    with mock() as url:
        told = complaint(judge(url, suites=["lifecycle", "paging"]))
    assert sentence in told
    assert "which no call should have made" not in told
    assert "in the answer to a list" not in told
    assert "the id in the response to a create" not in told


def test_a_page_size_that_is_ignored_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fetch = Spoken.call

    def ignoring(self: Spoken, method: str, path: str, **parts: Any) -> TargetResponse:
        query = {name: text for name, text in (parts.get("query") or {}).items() if name == "page"}
        return fetch(self, method, path, **(parts | {"query": query} if "query" in parts else parts))

    monkeypatch.setattr(Spoken, "call", ignoring)
    with mock() as url:
        failed = judge(url, suites=["paging"]).failed
    for text in failed.values():
        assert "`meta.results_per_page`" in text
        assert not any(word in text for word in ("`meta.total_pages`", "`links.", "the number of rows"))
    assert failed


def test_a_page_too_many_shows_no_row_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    fetch = Spoken.call

    def one_more(self: Spoken, method: str, path: str, **parts: Any) -> TargetResponse:
        response = fetch(self, method, path, **parts)
        if method != "GET" or path.rpartition("/")[2].isdigit() or response.status != 200:
            return response
        body = response.json()
        body["meta"]["total_pages"] += 1
        return response._replace(body=json.dumps(body).encode())

    monkeypatch.setattr(Spoken, "call", one_more)
    answers = {"page-beyond-last": "last-page"}
    with mock(answers) as url:
        told = complaint(judge(url, texts(answers), suites=["paging"]))
    assert "`meta.total_pages`" in told
    assert "is on two pages" not in told


@pytest.mark.parametrize(("seen", "does"), [("kept", "empties"), ("reset", "keeps")])
def test_an_update_treats_settings_of_all_types_alike(seen: str, does: str) -> None:
    other = "reset" if seen == "kept" else "kept"
    with mock({"update-same-type": other}) as url:
        told = complaint(judge(url, [f"update-same-type={seen}"], suites=["lifecycle"]))
    assert f"without settings {does} `" in told


def test_a_handler_that_a_delete_does_not_find_was_not_deleted_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fetch = Spoken.call

    def twice(self: Spoken, method: str, path: str, **parts: Any) -> TargetResponse:
        response = fetch(self, method, path, **parts)
        return (
            fetch(self, method, path, **parts) if method == "DELETE" and response.status < 300 else response
        )

    monkeypatch.setattr(Spoken, "call", twice)
    with mock() as url:
        told = complaint(judge(url, suites=["lifecycle"]))
    assert "and no call deleted it before" in told
    assert "The documented way to delete succeeds" not in told


def test_a_deleted_handler_is_gone_for_updates_too(monkeypatch: pytest.MonkeyPatch) -> None:
    fetch, deleted = Spoken.call, set[str]()

    def writable(self: Spoken, method: str, path: str, **parts: Any) -> TargetResponse:
        response = fetch(self, method, path, **parts)
        if method == "DELETE" and response.status == 200:
            deleted.add(path)
        return response._replace(status=200) if method == "POST" and path in deleted else response

    monkeypatch.setattr(Spoken, "call", writable)
    with mock() as url:
        told = complaint(judge(url, suites=["refusals"]))
    assert "is accepted, one of an id that never was returns 404, and a retrieve 404" in told


def test_a_refusal_that_is_labelled_as_json_has_nothing_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    fetch = Spoken.call

    def noticed(self: Spoken, method: str, path: str, **parts: Any) -> TargetResponse:
        response = fetch(self, method, path, **parts)
        return (
            response._replace(body=b"<b>Notice</b>: " + response.body) if response.status == 404 else response
        )

    monkeypatch.setattr(Spoken, "call", noticed)
    with mock() as url:
        told = complaint(judge(url, suites=["refusals"]))
    assert "the body of the refusal of a retrieve of" in told
    assert "and should be JSON alone" in told


def test_an_update_takes_a_type_that_a_create_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    post = Spoken.post

    def choosy(self: Spoken, path: str, form: Mapping[str, str], media: Any = MULTIPART) -> TargetResponse:
        is_refused = path.rpartition("/")[2].isdigit() and form.get("type") == "x"
        return TargetResponse(422, {}, b"{}") if is_refused else post(self, path, form, media)

    monkeypatch.setattr(Spoken, "post", choosy)
    with mock() as url:
        told = complaint(judge(url, suites=["lifecycle"]))
    assert "with type='x', x_consumer_key=" in told
    assert "returns 422 `{}` and should return 200" in told


def test_a_key_with_more_behind_it_must_not_open(monkeypatch: pytest.MonkeyPatch) -> None:
    fetch = Spoken.call

    def by_its_beginning(self: Spoken, method: str, path: str, **parts: Any) -> TargetResponse:
        header = parts.get("authorization")
        sent = {"authorization": header.removesuffix("-x")} if isinstance(header, str) else {}
        return fetch(self, method, path, **(parts | sent))

    monkeypatch.setattr(Spoken, "call", by_its_beginning)
    with mock() as url:
        failed = judge(url, suites=["refusals"]).failed
    assert list(failed) == ["refusals::a_key_with_more_behind_it_does_not_show_the_account"]


def test_a_run_has_a_page_in_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    fetch, pages = Spoken.call, set()

    def listening(self: Spoken, method: str, path: str, **parts: Any) -> TargetResponse:
        pages.add((parts.get("query") or {}).get("page"))
        return fetch(self, method, path, **parts)

    monkeypatch.setattr(Spoken, "call", listening)
    with mock() as url:
        judge(url, suites=["paging"])
    assert 3 in pages


Body = dict[str, Any]


def _floor(body: Body, page: int) -> None:
    """Count the full pages alone."""
    pages = max(1, body["meta"]["total"] // 10)
    body["meta"]["total_pages"] = pages
    body["links"]["last"] = re.sub("page=[0-9]+$", f"page={pages}", body["links"]["last"])
    if page >= pages:
        body["links"]["next"] = None


# A list's body and the query, the body as a faulty service shows it, what is told of that, and of what it is not told.
LISTS: dict[str, tuple[Callable[[Body, Mapping[str, Any]], object], str, str]] = {
    "a size is cut": (
        lambda body, query: body.update(data=body["data"][:25]) if query.get("results_per_page") == 50 else None,
        "the number of rows on page 1 of size 50 is 25 and should be 26", "`meta.",
    ),
    "a link loses the size": (
        lambda body, _: body["links"].update(
            next=re.sub("results_per_page=[0-9]+&", "", body["links"]["next"] or "") or None
        ),
        "and should be a link to page 2 of size 10", "`links.prev`",
    ),
    "a link has another size": (
        lambda body, _: body["links"].update(
            first=re.sub("results_per_page=10\\b", "results_per_page=25", body["links"]["first"])
        ),
        "and should be a link to page 1 of size 10", "`links.last`",
    ),
    "the last page is not counted": (
        lambda body, query: _floor(body, query["page"]) if query.get("results_per_page") == 10 else None,
        "`meta.total_pages`", "`links.next`",
    ),
    "a later page is turned round": (
        lambda body, query: body["data"].reverse() if query.get("page", 1) > 1 else None,
        "pages of different sizes show the handlers in different orders", "is on two pages",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", LISTS)
def test_a_list_has_its_size_and_order(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch, (twist, told, untold) = Spoken.call, LISTS[what]

    def twisted(self: Spoken, method: str, path: str, **parts: Any) -> TargetResponse:
        response = fetch(self, method, path, **parts)
        if method != "GET" or path.rpartition("/")[2].isdigit() or response.status != 200:
            return response
        body = response.json()
        twist(body, parts.get("query") or {})
        return response._replace(body=json.dumps(body).encode())

    monkeypatch.setattr(Spoken, "call", twisted)
    with mock() as url:
        found = complaint(judge(url, suites=["paging"]))
    assert told in found
    assert untold not in found


def test_a_total_counts_the_rows_of_its_own_account(monkeypatch: pytest.MonkeyPatch) -> None:
    fetch = Spoken.call

    def both(self: Spoken, method: str, path: str, **parts: Any) -> TargetResponse:
        response = fetch(self, method, path, **parts)
        if method != "GET" or path.endswith("/") is False or response.status != 200:
            return response
        body = response.json()
        body["meta"]["total"] += parts.get("authorization") == f"Bearer {OTHER_KEY}"
        return response._replace(body=json.dumps(body).encode())

    monkeypatch.setattr(Spoken, "call", both)
    with mock() as url:
        told = complaint(judge(url, suites=["refusals"]))
    assert "the only page of another account is 2 and should be 1, as many as it shows" in told


def test_settings_of_another_handler_are_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    post, call, sent = Spoken.post, Spoken.call, {"email": b""}

    def noting(self: Spoken, path: str, form: Mapping[str, str], media: Any = MULTIPART) -> TargetResponse:
        sent["email"] = form.get("email", "").encode() or sent["email"]
        return post(self, path, form, media)

    def mixing(self: Spoken, method: str, path: str, **parts: Any) -> TargetResponse:
        """Show the e-mail address that was sent last in each handler."""
        response = call(self, method, path, **parts)
        return response._replace(body=re.sub(rb"[^\"]+@example\.com", sent["email"], response.body))

    monkeypatch.setattr(Spoken, "post", noting)
    monkeypatch.setattr(Spoken, "call", mixing)
    with mock() as url:
        told = complaint(judge(url, suites=["lifecycle"]))
    assert "which was sent to handler" in told


def test_rows_are_created_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    fetch = Spoken.call

    def backwards(self: Spoken, method: str, path: str, **parts: Any) -> TargetResponse:
        response = fetch(self, method, path, **parts)
        if method != "GET" or response.status != 200:
            return response
        body = response.json()
        rows = body["data"] if isinstance(body["data"], list) else [body["data"]]
        for row in rows:
            row["datetime"] = f"2026-01-{28 - row['id'] % 28:02} 00:00:00"
        return response._replace(body=json.dumps(body).encode())

    monkeypatch.setattr(Spoken, "call", backwards)
    with mock() as url:
        told = complaint(judge(url, suites=["lifecycle"]))
    assert "shows a time of creation before that" in told


@pytest.mark.parametrize("kind", ["retrieve", "update", "delete"])
@pytest.mark.parametrize("status", [400, 404, 410])
def test_a_generated_request_may_meet_a_row_that_is_gone(kind: str, status: int) -> None:
    class RejectedPositiveData(Exception):
        pass

    sampler = Sampler.__new__(Sampler)
    sampler.pool = cast("Any", {8})
    gone, case = TargetResponse(status, {}, b""), cast("Any", SimpleNamespace(path_parameters={"id": 7}))
    assert not [*sampler._of_failure(RejectedPositiveData(), kind, case, gone)]
