"""A mock per module, and a world per test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from flask import Flask

from mock_server import create_app
from tests.semantics.client import Client, Reply

_NUMBERS = count(1)


class Steered(Client):
    """A client that also steers its world."""

    def control(self, method: str, path: str, body: Any = None, **environ: Any) -> Reply:
        """Send a control request; the body is JSON, or bytes as they are."""
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.call(method, f"/_mock{path}", data, **environ)

    def steer(self, method: str, path: str, body: Any = None) -> Any:
        """Send a control request that must be taken, and return its JSON."""
        reply = self.control(method, path, body)
        assert 200 <= reply.status < 300, reply
        return reply.json if reply.body else None

    def journal(self, query: str = "") -> list[Any]:
        """Return the exchanges that fit."""
        found: list[Any] = self.steer("GET", f"/journal{query}")["exchanges"]
        return found


@pytest.fixture(scope="module")
def app() -> Flask:
    return create_app()


@pytest.fixture
def client(app: Flask) -> Iterator[Steered]:
    """Give a client with a world of its own, in whose journal no defect may stand after the test."""
    steered = Steered(app=app, key=f"mock-control-{next(_NUMBERS)}")
    yield steered
    assert not [each for each in steered.world.journal.exchanges if each.defect]
