"""One server for this folder. Each test has its own key, and so its own world."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

import pytest

from mock_server.app import create_app
from mock_server.server import Server

_KEYS = count()


class Api(NamedTuple):
    """The API's address and a key for it."""

    url: str  # with the base path
    host: str  # host and port
    key: str


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with Server(create_app()) as running:
        yield running


@pytest.fixture
def api(server: Server) -> Api:
    key = f"mock-client-{next(_KEYS)}"
    return Api(f"{server.url}/api", f"127.0.0.1:{server.port}", key)
