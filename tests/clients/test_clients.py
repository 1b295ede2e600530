"""Every client sends the same requests, and must see the same responses."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import aiohttp
import httpx
import pytest
import requests
import urllib3

from tests.clients.conftest import Api

Step = tuple[str, str, dict[str, str] | None]
Seen = list[tuple[int, Any]]
Client = Callable[[Api], Seen]

STORY: list[Step] = [
    ("GET", "/notification-handlers/", None),
    ("POST", "/notification-handlers", {"name": "Zażółć 🦊 a/b", "type": "slack", "slack": "https://example.com/x?y=1&z=%20+"}),
    ("POST", "/notification-handlers", {"name": "Bot", "type": "telegram", "telegram": "1:a", "telegram_chat_id": ""}),
    ("POST", "/notification-handlers/3", {"name": "line\r\nbreak", "is_enabled": "0"}),
    ("GET", "/notification-handlers/2", None),
    ("GET", "/notification-handlers?results_per_page=10&page=1", None),
    ("POST", "/notification-handlers", {"type": "email"}),
    ("DELETE", "/notification-handlers/2", None),
    ("GET", "/notification-handlers/2", None),
    ("PUT", "/notification-handlers/3", {"name": "no"}),
    ("GET", "/notification-handlers/3", None),
]  # fmt: skip


def parsed(text: str) -> Any:
    return json.loads(text) if text else None


def with_requests(api: Api) -> Seen:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {api.key}"
        responses = [
            session.request(
                method, api.url + path, files=fields and {k: (None, v) for k, v in fields.items()}
            )
            for method, path, fields in STORY
        ]
        return [(response.status_code, parsed(response.text)) for response in responses]


def with_httpx(api: Api) -> Seen:
    with httpx.Client(headers={"Authorization": f"Bearer {api.key}"}) as client:
        responses = [
            client.request(method, api.url + path, files=fields and {k: (None, v) for k, v in fields.items()})
            for method, path, fields in STORY
        ]
        return [(response.status_code, parsed(response.text)) for response in responses]


def with_httpx_async(api: Api) -> Seen:
    async def play() -> Seen:
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {api.key}"}) as client:
            seen: Seen = []
            for method, path, fields in STORY:
                response = await client.request(
                    method, api.url + path, files=fields and {k: (None, v) for k, v in fields.items()}
                )
                seen.append((response.status_code, parsed(response.text)))
            return seen

    return asyncio.run(play())


def with_urllib3(api: Api) -> Seen:
    with urllib3.PoolManager(headers={"Authorization": f"Bearer {api.key}"}) as pool:
        responses = [pool.request(method, api.url + path, fields=fields) for method, path, fields in STORY]
        return [(response.status, parsed(response.data.decode())) for response in responses]


def with_aiohttp(api: Api) -> Seen:
    async def play() -> Seen:
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {api.key}"}) as session:
            seen: Seen = []
            for method, path, fields in STORY:
                body = aiohttp.FormData(fields or {}, default_to_multipart=True) if fields else None
                async with session.request(method, api.url + path, data=body) as response:
                    seen.append((response.status, parsed(await response.text())))
            return seen

    return asyncio.run(play())


def with_urllib(api: Api) -> Seen:
    """Send urlencoded forms: the standard library writes no multipart, and the mock reads both alike."""
    seen: Seen = []
    for method, path, fields in STORY:
        body = urllib.parse.urlencode(fields).encode() if fields else None
        headers = {"Authorization": f"Bearer {api.key}"}
        request = urllib.request.Request(api.url + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request) as response:
                seen.append((response.status, parsed(response.read().decode())))
        except HTTPError as error:
            with error:
                seen.append((error.code, parsed(error.read().decode())))
    return seen


def _with_node(name: str) -> Client:
    def play(api: Api) -> Seen:
        node = Path(sys.executable).with_name("node")
        script = Path(__file__).with_name("node") / "client.mjs"
        done = subprocess.run(
            [str(node), str(script), name, api.url, api.key],
            input=json.dumps(STORY), capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return [(status, body) for status, body in json.loads(done.stdout)]

    return play


CLIENTS: dict[str, Client] = {
    "requests": with_requests,
    "httpx": with_httpx,
    "httpx-async": with_httpx_async,
    "urllib3": with_urllib3,
    "aiohttp": with_aiohttp,
    "urllib": with_urllib,
    "node-fetch": _with_node("fetch"),
    "node-axios": _with_node("axios"),
}


def _settled(seen: Seen) -> Seen:
    """Replace times, which differ from run to run."""

    def settle(value: Any) -> Any:
        if isinstance(value, list):
            return [settle(item) for item in value]
        if isinstance(value, dict):
            times = {"datetime", "last_datetime"}
            return {key: bool(item) if key in times else settle(item) for key, item in value.items()}
        return value

    return [(status, settle(body)) for status, body in seen]


@pytest.mark.parametrize("name", CLIENTS)
def test_every_client_sees_the_same(name: str, api: Api) -> None:
    seen = CLIENTS[name](api)
    assert [status for status, _ in seen] == [200, 201, 201, 200, 200, 200, 401, 200, 404, 404, 200]
    assert seen[4][1]["data"]["name"] == "Zażółć 🦊 a/b"
    assert seen[4][1]["data"]["settings"] == {"slack": "https://example.com/x?y=1&z=%20+"}
    assert seen[10][1]["data"]["settings"] == {"telegram": "1:a", "telegram_chat_id": ""}
    assert seen[10][1]["data"]["name"] == "line\r\nbreak"
    assert seen[10][1]["data"]["is_enabled"] is False


def test_all_clients_agree_to_the_letter(api: Api) -> None:
    stories = {}
    for name, play in CLIENTS.items():
        own = api._replace(key=f"{api.key}-{name}")
        stories[name] = json.dumps(_settled(play(own)), sort_keys=True)
    assert set(stories.values()) == {stories["requests"]}, [
        name for name in stories if stories[name] != stories["requests"]
    ]
