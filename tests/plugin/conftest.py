"""One mock for all inner runs of pytest, and a consumer to test with it."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator

import pytest
from flask import Flask

import mock_server.cli.options  # noqa: F401 - it must have its own create_app before the plugin is given another
from mock_server import Server, Settings, create_app
from mock_server.client import HTTPChannel, RunningMock

# What a consumer has: a client of its own, which is the thing under test.
CONSUMER = '''
import json
import urllib.error
import urllib.request
from urllib.parse import urlencode


class Client:
    """A consumer's own little client."""

    def __init__(self, base_url, api_key, timeout=5.0):
        self.base_url, self.api_key, self.timeout = base_url, api_key, timeout

    def ask(self, method, path, **fields):
        request = urllib.request.Request(
            self.base_url + path,
            urlencode(fields).encode() if fields else None,
            {"Authorization": f"Bearer {self.api_key}"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                error.read()
            raise

    def create(self, **fields):
        return self.ask("POST", "/notification-handlers", **fields)["data"]["id"]

    def get(self, number):
        return self.ask("GET", f"/notification-handlers/{number}")["data"]

    def names(self):
        return [row["name"] for row in self.ask("GET", "/notification-handlers/")["data"]]
'''

FIXTURE = """
import pytest
from consumer import Client

@pytest.fixture
def client(bitpeak):
    return Client(bitpeak.base_url, bitpeak.api_key)
"""


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """Start a mock that the inner runs share. Each takes worlds of its own."""
    with Server(create_app()) as server:
        yield server.url


@pytest.fixture
def mock(url: str) -> Iterator[RunningMock]:
    with RunningMock(HTTPChannel(url)) as mock:
        yield mock


@functools.cache
def compiled(settings: Settings) -> Flask:
    """Compile a mock once for all inner runs, since they take worlds of their own."""
    return create_app(settings)


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Make a consumer's folder, without other plugins, which take longer to load than the tests."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:schemathesis -p no:hypothesispytest -p no:anyio -W error")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(pytester.path), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.syspath_prepend(pytester.path)
    monkeypatch.setattr("mock_server.app.create_app", compiled)
    pytester.makepyfile(consumer=CONSUMER)
    pytester.makeconftest(FIXTURE)
    return pytester
