"""What `learn` says in words of what it has seen."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from contract_tests.learning import beyond, spellings
from contract_tests.learning.draft import Draft
from contract_tests.target.api import TargetResponse
from mock_server.document import load, plain


@pytest.mark.parametrize(
    ("location", "sentence"),
    [
        ("http://service.invalid/1", "Redirects are 307 with an absolute Location."),
        ("/1", "Redirects are 307 with a path as Location."),
    ],
)
def test_a_redirect(location: str, sentence: str) -> None:
    draft = Draft(plain(load(answers={"trailing-slash": "redirect"}).data))
    moved = TargetResponse(307, {"location": location}, b"")
    prober: Any = SimpleNamespace(
        api=SimpleNamespace(path_of=lambda _, row: f"/notification-handlers/{row}"),
        once=lambda _: SimpleNamespace(id=1),
        watch=lambda _: (moved, ()),
    )
    spellings.learn_row_redirect(prober, draft)
    assert [lesson.says for lesson in draft.lessons] == [sentence]


def test_a_number_that_may_be_that_of_all_rows_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = plain(load().data)
    meta = tree["components"]["schemas"]["ListEnvelope"]["properties"]["meta"]
    meta["properties"] |= {"total_rows": {}, "rows": {}}
    numbers = {"page": 1, "size": 9, "total": 3, "pages": 1, "count": 3}
    monkeypatch.setattr(beyond, "_pages", lambda _: iter([(numbers, {"total_rows": 3, "rows": 3})]))
    draft, prober = Draft(tree), SimpleNamespace(exchanges=[])
    beyond.learn_page_facts(prober, draft)  # type: ignore[arg-type]
    assert [lesson.says for lesson in draft.lessons] == [
        "meta.total_rows is the number of all rows; meta.rows is the number of rows on the page."
    ]


def test_the_facts_of_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = plain(load().data)
    meta = tree["components"]["schemas"]["ListEnvelope"]["properties"]["meta"]
    meta["properties"] |= {"count": {"type": "string"}, "has_more": {"type": "boolean"}}
    numbers = {"page": 1, "size": 2, "total": 3, "pages": 2, "count": 2}
    pages = [
        (numbers, {"count": "2", "has_more": True}),
        ({**numbers, "page": 2, "count": 1}, {"count": "1", "has_more": False}),
    ]
    monkeypatch.setattr(beyond, "_pages", lambda _: iter(pages))
    draft, prober = Draft(tree), SimpleNamespace(exchanges=[])
    beyond.learn_page_facts(prober, draft)  # type: ignore[arg-type]
    assert [lesson.says for lesson in draft.lessons] == [
        "meta.count is the number of rows on the page; meta.has_more says whether another page follows."
    ]
