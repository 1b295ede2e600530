"""A change is kept only if the world can still be shown."""

from __future__ import annotations

from typing import Any

import pytest

from mock_server import Settings, create_app
from mock_server.control import faults, world
from mock_server.document import effective
from tests.control.conftest import Steered

BROKEN: list[tuple[str, str, Any, object, str]] = [
    ("PATCH", "/clock", {"now": "2030-01-01T00:00:00Z", "frozen": True}, world, "show_clock"),
    ("PATCH", "/quota", {"requests": 5, "used": 3}, world, "_quota_of"),
    ("PATCH", "/rules", {"strict": True}, world, "show_rules"),
    ("PATCH", "/questions", {"create-status": "ok"}, world, "list_questions"),
    ("POST", "/faults", {"status": 503}, faults, "_shown"),
    ("PUT", "/state", {"handlers": [], "faults": [{"status": 503}]}, world, "show_state"),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "module", "name"), BROKEN, ids=[f"{m} {p}" for m, p, *_ in BROKEN]
)
def test_a_change_that_cannot_be_shown_is_undone(
    method: str, path: str, body: Any, module: object, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Steered(app=create_app())
    client.steer("PATCH", "/clock", {"frozen": True})
    before = client.steer("GET", "/state")
    with monkeypatch.context() as patch:
        patch.setattr(module, name, lambda *_: {"nonsense": True})
        assert client.control(method, path, body).status == 500
    assert client.steer("GET", "/state") == before
    assert client.get("/1").status == 200


def test_the_document_is_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[object] = []
    write = effective.dump_yaml
    monkeypatch.setattr(effective, "dump_yaml", lambda data: written.append(data) or write(data))
    client = Steered(app=create_app(Settings()))
    texts = {client.control("GET", "/openapi.yaml").body for _ in range(3)}
    assert (len(texts), len(written)) == (1, 1)
    client.steer("PATCH", "/questions", {"create-status": "ok"})
    assert client.control("GET", f"/openapi.yaml?key={client.key}").body not in texts
