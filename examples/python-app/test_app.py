"""A service that is started once: `pytest`, or `pytest -n 4`, when each worker starts one."""

from __future__ import annotations

import json
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from mock_server.client import Api


def ask(service: str, email: str) -> tuple[int, dict[str, int]]:
    """Give status and body of the service's response."""
    try:
        with urlopen(f"{service}/on-call?email={email}", b"", timeout=10) as response:
            return response.status, json.load(response)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.mark.parametrize("email", ["first@example.com", "second@example.com"])
def test_a_handler_is_created(service: str, world: Api, email: str) -> None:
    assert ask(service, email) == (201, {"handler": 2})
    (call,) = world.journal
    assert call.request.form["email"] == email


def test_an_outage_is_passed_on(service: str, world: Api) -> None:
    world.fail(status=503)
    assert ask(service, "first@example.com") == (502, {"bitpeak": 503})
    assert len(world.snapshot()["handlers"]) == 1
