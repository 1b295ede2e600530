"""The service is started once for all tests. It has one key, so the tests share one world, and each begins it anew."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mock_server.client import Api


@pytest.fixture(scope="session")
def service(bitpeak_session: Api) -> Iterator[str]:
    """Start the service, and give its URL."""
    environment = {"BITPEAK_API_URL": bitpeak_session.base_url, "BITPEAK_API_KEY": bitpeak_session.api_key}
    program = [sys.executable, str(Path(__file__).with_name("app.py"))]
    with subprocess.Popen(
        program, env=os.environ | environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


@pytest.fixture
def world(bitpeak_session: Api) -> Api:
    """Give the shared world as a test likes to find it."""
    bitpeak_session.reset()
    return bitpeak_session
