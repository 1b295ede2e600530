"""A change is kept only if the world can still be shown."""

from __future__ import annotations

from typing import Any

import pytest

from mock_server import create_app
from mock_server.control import world
from mock_server.document import dump_yaml
from tests.control.conftest import Steered

# A change, and the function that shows it.
BROKEN: list[tuple[str, str, Any, tuple[object, str]]] = [
    ("PATCH", "/clock", {"now": "2030-01-01T00:00:00Z", "frozen": True}, (world, "show_clock")),
    ("PATCH", "/quota", {"requests": 5, "used": 3}, (world, "_quota_of")),
    ("PATCH", "/rules", {"strict": True}, (world, "show_rules")),
    ("PATCH", "/questions", {"create-status": "ok"}, (world, "list_questions")),
    ("POST", "/faults", {"status": 503}, (world, "_shown_fault")),
    ("PUT", "/state", {"handlers": [], "faults": [{"status": 503}]}, (world, "show_state")),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "shown_by"), BROKEN, ids=[f"{m} {p}" for m, p, *_ in BROKEN]
)
def test_a_change_that_cannot_be_shown_is_undone(
    method: str, path: str, body: Any, shown_by: tuple[object, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Steered(app=create_app())
    client.steer("PATCH", "/clock", {"frozen": True})
    before = client.steer("GET", "/state")
    with monkeypatch.context() as patch:
        patch.setattr(*shown_by, lambda *_: {"nonsense": True})
        assert client.control(method, path, body).status == 500
    assert client.steer("GET", "/state") == before
    assert client.get("/1").status == 200


def test_the_document_is_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[object] = []

    def write(data: object) -> str:
        written.append(data)
        return dump_yaml(data)

    monkeypatch.setattr("mock_server.document.effective.dump_yaml", write)
    client = Steered(app=create_app())
    texts = {client.control("GET", "/openapi.yaml").body for _ in range(3)}
    assert (len(texts), len(written)) == (1, 1)
    client.steer("PATCH", "/questions", {"create-status": "ok"})
    assert client.control("GET", f"/openapi.yaml?key={client.key}").body not in texts
