"""Any document is either served or rejected with a sentence that names the file and the line."""

import os

import pytest
from flask import Flask

import mock_server.app
from mock_server import Settings
from mock_server.app import create_app, mock_of
from mock_server.contract import compile_contract
from mock_server.document import Document, DocumentError
from tests.document_obeyed.client import KEY
from tests.document_obeyed.mutations import WAYS, Path, base, mutant, paths

# Every node in every way takes some minutes: `EVERY_MUTATION=1 pytest tests/document_obeyed`.
EVERY = os.environ.get("EVERY_MUTATION") == "1"


def mutations(way: str) -> list[Path]:
    """Return the nodes to change in this way: all, or a part. The ways together reach every node."""
    share = list(WAYS).index(way)
    return [path for index, path in enumerate(paths()) if EVERY or index % len(WAYS) == share]


def complaint(document: Document) -> DocumentError | None:
    """Compile a document and return what is wrong with it. Any error but DocumentError fails the test."""
    try:
        compile_contract(document)
    except DocumentError as error:
        return error
    return None


@pytest.mark.parametrize("way", WAYS)
def test_a_changed_node_gives_a_sentence_or_a_mock(way: str) -> None:
    complaints = [complaint(mutant(path, way)) for path in mutations(way)]
    told = [error for error in complaints if error is not None]
    assert all(error.place is not None and "\n" not in str(error) for error in told)
    assert len(complaints) > 100
    assert told
    assert len(told) < len(complaints)


def test_the_sample_reaches_every_node() -> None:
    reached = {path for way in WAYS for path in mutations(way)}
    assert len(reached) == len(list(paths())) > 1000


# Words that can demand what no mock can fulfil, such as a total of at least five. That shows when it happens.
IMPOSSIBLE = {"minimum", "maxItems"}


def test_what_compiles_is_served_without_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    served = 0
    for way in WAYS:
        for path in mutations(way)[:: 1 if EVERY else 10]:
            if path[-1] in IMPOSSIBLE:
                continue
            document = mutant(path, way)
            monkeypatch.setattr(mock_server.mock, "load", lambda *_, answer=document: answer)
            app = started()
            if app is not None:
                assert defects(app) == [], (path, way)
                served += 1
    assert served > 10


def started() -> Flask | None:
    """Start a mock, or return None if it says why it cannot start. Its seed counts too."""
    try:
        return create_app(Settings())
    except DocumentError:
        return None


def defects(app: Flask | None) -> list[str]:
    """Call a mock in many ways, and return the defects in its journal."""
    assert app is not None
    mock, http = mock_of(app), app.test_client()
    before, headers = mock.contract.base_path + "/notification-handlers", {"Authorization": f"Bearer {KEY}"}
    for query in (
        "/?page=0&results_per_page=7",
        "?results_per_page=10&page=1",
        "?page=x&results_per_page=x&q=1",
    ):
        http.get(before + query, headers=headers)
    for type_name in (*mock.contract.resources["handlers"].types, "fax", ""):
        form = {"name": "n", "type": type_name, "email": "e", "telegram": "t"}
        http.post(before, headers=headers, data=form)
    for form in ({}, {"type": "email"}, {"name": " ", "type": "email"}):
        http.post(before, headers=headers, data=form)
    for form in (
        {},
        {"name": ""},
        {"type": "slack"},
        {"type": "fax"},
        {"is_enabled": "zz"},
        {"name": "x" * 600},
    ):
        http.post(f"{before}/1", headers=headers, data=form)
    for method in ("GET", "PUT", "DELETE", "DELETE"):
        http.open(f"{before}/1", method=method, headers=headers)
    http.get(f"{before}/abc", headers=headers)
    http.get(before)
    return [exchange.defect for exchange in mock.worlds.of(KEY).journal.exchanges if exchange.defect]


def test_a_defect_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    path = ("components", "schemas", "ListEnvelope", "properties", "meta", "properties", "total", "minimum")
    monkeypatch.setattr(mock_server.mock, "load", lambda *_: mutant(path, "number"))
    assert "1 is less than the minimum of 5" in defects(started())[0]
    monkeypatch.setattr(mock_server.mock, "load", lambda *_: base())
    assert defects(started()) == []
