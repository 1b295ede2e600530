"""The mutants as objects: there are enough, each says what it is, and each can be told from the service it spoils."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contract_tests.document import Facts
from contract_tests.target.api import TargetApi, TargetResponse
from mock_server.document import load, plain, read_text
from mock_server.document.rows import parse_rows
from tests.mutants.catalogue import catalogue, written_rows
from tests.mutants.matrix import explained
from tests.mutants.trial import SabotageProxy, changed_document, service
from tests.mutants.wire import Kind, Mutant, Trip

MUTANTS = {mutant.id: mutant for mutant in catalogue()}
FACTS = Facts(load().data)
REWRITTEN = [mutant for mutant in MUTANTS.values() if mutant.actions]

Look = Callable[[TargetApi], Any]


def test_there_are_enough() -> None:
    kinds = Counter(mutant.kind for mutant in catalogue())
    assert len(catalogue()) >= 60
    assert set(kinds) == set(Kind)
    assert min(kinds.values()) >= 8


def test_ids_are_unique_words() -> None:
    ids = [mutant.id for mutant in catalogue()]
    assert len(set(ids)) == len(ids)
    assert not [one for one in ids if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", one)]


def test_each_says_what_it_is() -> None:
    assert not [m.id for m in catalogue() if not re.fullmatch(r"[^.]\S*( \S+)+\.", m.sentence)]


def test_only_mutants_are_explained() -> None:
    reasons = explained()
    assert set(reasons) <= set(MUTANTS)
    assert all(reason.endswith(".") for reason in reasons.values())


@pytest.mark.parametrize("mutant", REWRITTEN, ids=lambda mutant: mutant.id)
def test_documents_differ(mutant: Mutant, tmp_path: Path) -> None:
    assert changed_document(mutant, tmp_path) != plain(load().data)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with service() as port:
        yield port


def seen(port: int, mutant: Mutant | None, look: Look, key: str) -> Any:
    """Return what a look shows, through a mutant or through a proxy that changes nothing."""
    spoil = mutant.spoil if mutant else Trip.passed
    with SabotageProxy(port, spoil) as proxy:
        api = TargetApi(proxy.url + FACTS.base_path, key, FACTS)
        try:
            return look(api)
        finally:
            api.close()


def _created(api: TargetApi, **changes: str) -> Any:
    example = next(iter(FACTS.examples.values()))
    return api.create({**example, **changes}).json()["data"]["id"]


def listing(api: TargetApi) -> TargetResponse:
    return _timeless(api.list())


def shown(api: TargetApi) -> TargetResponse:
    return _timeless(api.retrieve(_created(api, name="Zażółć 🔔 " + "n" * 80)))


def updated(api: TargetApi) -> TargetResponse:
    handler = _created(api)
    api.update(handler, {"name": "another", "email": "b@example.com", "is_enabled": "0"})
    return _timeless(api.retrieve(handler))


def deleted(api: TargetApi) -> tuple[int, int]:
    handler = _created(api)
    api.retrieve(handler)
    api.delete(handler)
    return api.retrieve(handler).status, api.list().json()["meta"]["total"]


def nobody(api: TargetApi) -> int:
    api.list()
    return api.call("GET", FACTS.operation("list").path, authorization=None).status


def page_two(api: TargetApi) -> Any:
    for number in range(12):
        _created(api, name=f"row {number}")
    data = api.list(2, min(FACTS.sizes)).json()
    return [row["name"] for row in data["data"]], data["links"]["next"], data["meta"]["results_per_page"]


def _timeless(answer: TargetResponse) -> TargetResponse:
    body = re.sub(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", b"-", answer.body)
    return answer._replace(body=re.sub(rb":\d{4,5}\\/", b"", body), headers={})


SAMPLE: dict[str, Look] = {
    "row-name-missing": shown, "row-is-enabled-retyped": shown, "enabled-inverted": shown, "name-cut-at-64": shown,
    "texts-without-unicode": shown, "create-drops-email": shown, "crash-on-emoji": lambda api: api.create(
        {**next(iter(FACTS.examples.values())), "name": "🔔"}).status,
    "list-meta-total-off-by-one": listing, "list-links-self-null": listing, "extra-in-meta": listing,
    "keys-in-another-order": listing, "newest-not-listed": listing, "list-odd-status": listing,
    "update-forgets-name": updated, "update-forgets-is-enabled": updated, "update-empties-email": updated,
    "delete-does-nothing": deleted, "deleted-still-shown": deleted, "create-makes-two": deleted,
    "update-makes-row": lambda api: (updated(api), api.list().json()["meta"]["total"])[1],
    "list-open-to-nobody": nobody, "page-repeats-row": page_two, "second-page-reversed": page_two,
    "page-skips-row": page_two, "size-ignored": page_two, "next-for-ever": page_two,
    "absent-rows-written": lambda api: api.delete(999999).status,
    "html-for-errors": lambda api: api.retrieve(999999).body,
}  # fmt: skip


@pytest.mark.parametrize("name", SAMPLE)
def test_a_mutant_can_be_told_from_the_service(port: int, name: str) -> None:
    faithful = seen(port, None, SAMPLE[name], f"mock-faithful-{name}")
    assert faithful == seen(port, None, SAMPLE[name], f"mock-twice-{name}"), "the look itself is steady"
    assert faithful != seen(port, MUTANTS[name], SAMPLE[name], f"mock-mutant-{name}")


def test_rows_are_written_as_they_are_read() -> None:
    text = (
        "- {when: {longer-than: 3}, refuse: long, item: {field: '{field}'}, with: {rule: size}, rank: 2, x-grade: B}\n"
        "- {when: {is: [a, b]}, value: null, x-question: [text-cleaning]}\n"
        "- {when: any, change: [trim, {cut: 3}]}\n"
        "- {when: empty, keep: true}\n"
    )
    rows = parse_rows(read_text(text, "o.yaml"))
    again = parse_rows(written_rows(rows))
    assert [(row.place is None, str(row)) for row in again] == [(True, str(row)) for row in rows]
    assert [(row.item, row.told, row.rank, row.grade, row.questions) for row in again] == [
        (row.item, row.told, row.rank, row.grade, row.questions) for row in rows
    ]
