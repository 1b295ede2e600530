"""A running mock, of which each test takes a world."""

from __future__ import annotations

import secrets
from functools import cached_property
from typing import Any

from mock_server.client.channel import Channel, HTTPChannel
from mock_server.client.control import Control
from mock_server.client.world import Api, Watcher


class Mock:
    """A mock that runs somewhere. As a context manager it gives back its connections, and stops nothing."""

    def __init__(self, where: str | Channel, token: str | None = None) -> None:
        self.channel: Channel = HTTPChannel(where) if isinstance(where, str) else where
        self.control = Control(self.channel, token)

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return self.channel.url

    @cached_property
    def info(self) -> Any:
        """What is served, and by which rules, by `show_info` of openapi/control.yaml. Raises ControlError."""
        return self.control.ask("GET", "/info")

    @property
    def base_url(self) -> str:
        """What a client of the API is given."""
        return self.url + str(self.info["base_path"])

    def world(self, key: str | None = None, watcher: Watcher | None = None) -> Api:
        """Return a world: that of the key, or a new one that no other test has."""
        if key is None:
            key = f"{self.info['key']['prefix']}-{secrets.token_hex(8)}"
        return Api(self, key, watcher)

    def document(self) -> str:
        """Return the effective OpenAPI document in YAML."""
        return str(self.control.ask("GET", "/openapi.yaml"))

    def coverage(self) -> Any:
        """Return which behaviours were exercised in the whole mock, by `show_coverage` of openapi/control.yaml."""
        return self.control.ask("GET", "/coverage")

    def close(self) -> None:
        """Give back the connections."""
        self.channel.close()

    def __enter__(self) -> Mock:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
