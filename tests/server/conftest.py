"""A server per test: starting one takes a millisecond."""

import logging
from collections.abc import Iterator

import pytest

from mock_server.server import Server, ServerLimits
from tests.server.wire import Client, echo


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(echo, limits=ServerLimits(body_bytes=100_000)) as running:
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
    """Fail if the server logs what the test does not expect."""
    yield
    if "logged" not in request.fixturenames:
        # Not `caplog.records`, which are those of this phase.
        records = [*caplog.get_records("setup"), *caplog.get_records("call")]
        assert not [record for record in records if _counts(record)]


def _counts(record: logging.LogRecord) -> bool:
    # asyncio's TLS transport does not tell that its client is gone, but warns when something is sent to it.
    late = record.name == "asyncio" and record.getMessage() == "socket.send() raised exception."
    return record.name in ("asyncio", "mock_server.server") and not late
