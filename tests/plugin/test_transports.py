"""Clients without a socket meet what they would meet on the wire."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from mock_server import bitpeak_mock
from mock_server.client import Api
from mock_server.transports import httpx_transport, requests_adapter

Ask = Callable[[Api, bool, float], Any]

LIST = "/notification-handlers/"
# Seconds that a client waits: so short where it is to give up, so long where a busy machine must not make it.
SHORT, LONG = 0.15, 30.0

FAULTS: Mapping[str, Mapping[str, Any]] = {
    "none": {},
    "refusal": {"refusal": "rate_limited"},
    "outage": {"status": 503},
    "drop": {"wire": "drop", "times": 1},
    "reset": {"wire": "reset", "times": 1},
    "empty": {"wire": "empty"},
    "truncate": {"wire": "truncate"},
    "slow": {"wire": "slow", "latency": "10ms"},
    "too-slow": {"wire": "slow", "latency": SHORT * 20},
    "late": {"latency": "15ms"},
    "too-late": {"latency": SHORT * 2},
}


def with_requests(api: Api, app: bool, patience: float) -> Any:
    with requests.Session() as session:
        if app and api.app is not None:
            session.mount(api.base_url, requests_adapter(api.app))
        answer = session.get(api.base_url + LIST, headers=api.headers, timeout=(5, patience))
        return answer.status_code, answer.json() if answer.ok else answer.text


def with_httpx(api: Api, app: bool, patience: float) -> Any:
    transport = httpx_transport(api.app) if app and api.app is not None else None
    with httpx.Client(transport=transport, timeout=patience) as client:
        answer = client.get(api.base_url + LIST, headers=api.headers)
        return answer.status_code, answer.json() if answer.is_success else answer.text


def with_httpx_async(api: Api, app: bool, patience: float) -> Any:
    async def ask() -> Any:
        transport = httpx_transport(api.app) if app and api.app is not None else None
        async with httpx.AsyncClient(transport=transport, timeout=patience) as client:
            answer = await client.get(api.base_url + LIST, headers=api.headers)
            return answer.status_code, answer.json() if answer.is_success else answer.text

    return asyncio.run(ask())


CLIENTS = [with_requests, with_httpx, with_httpx_async]


def outcome(ask: Ask, api: Api, app: bool, patience: float = LONG) -> Any:
    try:
        return ask(api, app, patience)
    except (requests.RequestException, httpx.HTTPError) as error:
        return type(error)


@pytest.mark.parametrize("ask", CLIENTS)
@pytest.mark.parametrize("name", FAULTS)
def test_a_client_cannot_tell_the_process_from_the_wire(name: str, ask: Ask, shared: Api) -> None:
    api = shared.another()
    api.freeze()
    seen = []
    for app in (False, True):
        if FAULTS[name]:
            api.fail(**FAULTS[name], virtual=False)
        seen.append(outcome(ask, api, app, SHORT if name.startswith("too-") else LONG))
    assert seen[0] == seen[1]
    assert not isinstance(seen[0], tuple) or seen[0][0] in {200, 429, 503}


@pytest.fixture(scope="module")
def shared() -> Any:
    with bitpeak_mock() as api:
        yield api


@pytest.mark.parametrize("ask", CLIENTS)
def test_nothing_is_waited_for(ask: Ask, shared: Api) -> None:
    api = shared.another()
    api.fail(latency="1h", virtual=False)
    started = time.monotonic()
    assert outcome(ask, api, True) in {requests.ReadTimeout, httpx.ReadTimeout}
    assert time.monotonic() - started < 1800


def test_forms_and_repeated_calls_arrive(shared: Api) -> None:
    api = shared.another()
    assert api.app is not None
    fields = {"name": "Żółw", "type": "slack", "slack": "https://example.com/s"}
    with requests.Session() as session, httpx.Client(transport=httpx_transport(api.app)) as client:
        session.mount("http://", requests_adapter(api.app))
        url = api.base_url + LIST
        parts = {name: (None, value) for name, value in fields.items()}
        assert session.post(url, headers=api.headers, files=parts).json() == {"data": {"id": 2}}
        assert session.post(url, headers=api.headers, data=iter([b"name=a&", b"type=x"])).status_code == 401
        assert session.post(url, headers=api.headers, data=fields).json() == {"data": {"id": 3}}
        assert client.post(url, headers=api.headers, data=fields).json() == {"data": {"id": 4}}
        assert client.request("HEAD", url, headers=api.headers).content == b""
        assert session.get(f"{url}?page=1&results_per_page=10").status_code == 401
        assert session.delete(api.base_url + "/notification-handlers/2", headers=api.headers).content == b""
    assert [each.request.form["name"] for each in api.journal.filter(status=201)] == ["Żółw"] * 3


@pytest.mark.parametrize(
    "fault", [{"status": 503}, {"wire": "drop"}, {"wire": "reset"}, {"wire": "truncate"}]
)
def test_the_retries_of_requests_are_kept(fault: Mapping[str, Any], shared: Api) -> None:
    seen = []
    for app in (False, True):
        api = shared.another()
        api.fail(**fault, times=2)
        retry = Retry(4, status_forcelist=[503], backoff_factor=0)
        assert api.app is not None
        adapter = requests_adapter(api.app, max_retries=retry) if app else HTTPAdapter(max_retries=retry)
        with requests.Session() as session:
            session.mount("http://", adapter)
            outcome: Any
            try:
                outcome = session.get(api.base_url + LIST, headers=api.headers, timeout=LONG).status_code
            except requests.RequestException as error:
                outcome = type(error)
        seen.append((outcome, [call.status for call in api.journal]))
    assert seen[0] == seen[1]
    # A body that breaks off is read by the session, not by the adapter, so nothing tries again.
    assert seen[0] == (200, [503, 503, 200]) or "status" not in fault


@pytest.mark.parametrize("wire", ["drop", "reset", "empty", "truncate"])
def test_a_connection_that_a_fault_has_ended_is_not_used_again(wire: Any, shared: Api) -> None:
    api = shared.another()
    assert api.app is not None
    url = api.base_url + LIST
    with requests.Session() as session, httpx.Client(transport=httpx_transport(api.app)) as client:
        session.mount("http://", requests_adapter(api.app))
        for get in (session.get, client.get):
            for fault in (True, False, True, False):
                if fault:
                    api.fail(wire=wire, times=1)
                    with pytest.raises((requests.RequestException, httpx.HTTPError)):
                        get(url, headers=api.headers)
                else:
                    assert get(url, headers=api.headers).status_code == 200


def test_https_and_proxies_stay_in_the_process(shared: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    api = shared.another()
    assert api.app is not None
    with requests.Session() as session, httpx.Client(transport=httpx_transport(api.app)) as client:
        session.mount("https://", requests_adapter(api.app))
        for get in (session.get, client.get):
            page = get("https://api.example.com/api" + LIST, headers=api.headers).json()
            assert page["links"]["self"].startswith("https://api.example.com/api")


@pytest.mark.parametrize("name", ["httpx_transport", "requests_adapter"])
def test_a_transport_can_be_had_again(name: str) -> None:
    """This runs in a process of its own, since the transports are imported here already."""
    code = f"""
from mock_server import create_app
for _ in range(2):
    from mock_server.transports import {name}
    {name}(create_app())
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr == ""
