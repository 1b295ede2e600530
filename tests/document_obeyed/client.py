"""A client of a mock in this process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from werkzeug.test import TestResponse

from mock_server import Settings
from mock_server.app import create_app, mock_of
from mock_server.contract import Contract
from mock_server.state.world import World

KEY = "mock-key"


class Client:
    """Speaks to one mock with one key. Paths begin after the base path."""

    def __init__(
        self, document: Path | None = None, overlays: Sequence[Path | str] = (), answers: Sequence[str] = ()
    ) -> None:
        app = create_app(Settings(document, tuple(map(str, overlays)), tuple(answers)))
        self.mock = mock_of(app)
        self.http = app.test_client()

    @property
    def contract(self) -> Contract:
        return self.mock.contract

    @property
    def world(self) -> World:
        return self.mock.worlds.of(KEY)

    @property
    def remarks(self) -> list[str]:
        """Code and sentence of each violation in the last exchange of the journal."""
        return [
            f"{code}: {sentence}"
            for code, sentence in map(_pair, self.world.journal.exchanges[-1].violations)
        ]

    def send(self, method: str, path: str, form: dict[str, str] | None = None) -> TestResponse:
        return self.http.open(
            self.contract.base_path + path,
            method=method,
            headers={"Authorization": f"Bearer {KEY}"},
            data=form,
            content_type=None if form is None else "multipart/form-data",
        )

    def list(self, **query: str | int) -> Any:
        response = self.send(
            "GET", f"/notification-handlers?{urlencode(query)}" if query else "/notification-handlers/"
        )
        assert response.status_code == 200, response.text
        return response.json

    def create(self, **form: str) -> int:
        response = self.send("POST", "/notification-handlers", form)
        assert response.status_code in {200, 201}, response.text
        handler_id: int = response.get_json()["data"]["id"]
        return handler_id

    def retrieve(self, handler_id: int) -> Any:
        response = self.send("GET", f"/notification-handlers/{handler_id}")
        assert response.status_code == 200, response.text
        return response.get_json()["data"]

    def update(self, handler_id: int, **form: str) -> TestResponse:
        return self.send("POST", f"/notification-handlers/{handler_id}", form)

    def delete(self, handler_id: int) -> TestResponse:
        return self.send("DELETE", f"/notification-handlers/{handler_id}")


def _pair(violation: Any) -> tuple[str, str]:
    return violation.code, violation.sentence
