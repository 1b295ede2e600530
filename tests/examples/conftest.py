"""A mock for the whole folder: each test of an example takes a world of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mock_server.app import create_app
from mock_server.server import Server


@pytest.fixture(scope="session")
def mock_url() -> Iterator[str]:
    with Server(create_app()) as server:
        yield server.url
