"""A fresh world for each test, in a mock that is compiled once."""

from itertools import count

import pytest
from flask import Flask

from mock_server.app import create_app
from tests.semantics.client import Client

_NUMBERS = count()


@pytest.fixture(scope="session")
def app() -> Flask:
    return create_app()


@pytest.fixture
def client(app: Flask) -> Client:
    """Return a user whose key no other test has, and so a world of its own."""
    return Client(app=app, key=f"mock-{next(_NUMBERS)}")
