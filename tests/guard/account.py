"""A mock as the target, with an account that holds somebody's thirty handlers."""

from __future__ import annotations

import secrets
from pathlib import Path

from flask import Flask

from mock_server import Rules, Settings
from mock_server.app import create_app, mock_of
from mock_server.document import dump_yaml
from mock_server.server import Server
from mock_server.state.world import World
from tests.guard.client import Client

SECRET = "hooks.private-company.ru"
ROWS = 30


def seed(folder: Path) -> Path:
    """Write thirty handlers that nobody but their user may see."""
    file = folder / "seed.yaml"
    rows = [
        {
            "id": number,
            "type": "webhook",
            "name": f"Private {number}",
            "settings": {"webhook": f"https://{SECRET}/{number}"},
            "is_enabled": bool(number % 2),
            "last_datetime": "2024-05-06 07:08:09" if number % 3 else None,
            "datetime": "2023-01-02 03:04:05",
        }
        for number in range(1, ROWS + 1)
    ]
    file.write_text(dump_yaml(rows))
    return file


class Mocks:
    """Running mocks, one for each set of answers and rules."""

    def __init__(self, folder: Path) -> None:
        self._seed = seed(folder)
        self._servers: dict[object, tuple[Flask, Server]] = {}

    def target(self, *answers: str, rules: Rules | None = None) -> Target:
        """Return the account of a new key."""
        kind = (answers, rules)
        if kind not in self._servers:
            app = create_app(Settings(seed=self._seed, answers=answers, rules=rules or Rules()))
            server = Server(app)
            server.start()
            self._servers[kind] = (app, server)
        return Target(*self._servers[kind])

    def stop(self) -> None:
        for _, server in self._servers.values():
            server.stop(grace=0)


class Target:
    """An account of a running mock. `rows` are the bytes of every handler in it, its user's and others."""

    def __init__(self, app: Flask, server: Server) -> None:
        self.app = app
        self.url = server.url + "/api"
        self.key = f"mock-a-real-users-key-{secrets.token_hex(8)}"

    @property
    def world(self) -> World:
        return mock_of(self.app).worlds.of(self.key)

    @property
    def rows(self) -> dict[int, bytes]:
        return {item.id: item.wire for item in self.world.stores["handlers"]}

    @property
    def journal(self) -> list[str]:
        """Method and target of what reached the key's world, oldest first."""
        return [f"{exchange.method} {exchange.target}" for exchange in self.world.journal.exchanges]

    def user(self) -> Client:
        """Return the user of the account, behind no guard."""
        return Client(self.url, self.key)
