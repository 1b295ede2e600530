"""A server per test: starting one takes a millisecond."""

from collections.abc import Iterator

import pytest

from mock_server.server import Limits, Server
from tests.server.wire import Client, echo


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(echo, limits=Limits(body_bytes=100_000)) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(server) as open_client:
        yield open_client


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Return what the server logs; a test that asks for it expects something."""
    return caplog


@pytest.fixture(autouse=True)
def _nothing_logged(caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail where the server logs what the test does not expect."""
    yield
    if "logged" not in request.fixturenames:
        assert not [record for record in caplog.records if record.name in ("asyncio", "mock_server.server")]
