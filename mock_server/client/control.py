"""Control requests: JSON both ways, and the mock's refusals as exceptions."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from mock_server.client.channel import Channel, Said
from mock_server.client.errors import ControlError, Evicted, NotInTime
from mock_server.client.writing import read_duration

PREFIX = "/_mock"
_TOKEN = "X-Bitpeak-Mock-Token"  # noqa: S105 - the header's name
_ERRORS: dict[int, type[Exception]] = {HTTPStatus.CONFLICT: NotInTime, HTTPStatus.GONE: Evicted}


class Control:
    """Speaks openapi/control.yaml through a channel; `token` is for a mock that asks for one."""

    def __init__(self, channel: Channel, token: str | None = None) -> None:
        self.channel = channel
        self._headers = {"Content-Type": "application/json"} | ({_TOKEN: token} if token else {})

    def ask(self, method: str, path: str, body: Any = None, /, **query: Any) -> Any:
        """Return what the mock says: read from JSON, else as text. Raises ControlError, Unreachable, NotInTime.

        A parameter that is None is not sent.
        """
        sent = {name: _text(value) for name, value in query.items() if value is not None}
        target = PREFIX + path + (f"?{urlencode(sent)}" if sent else "")
        waiting = read_duration(sent["wait"]) if "wait" in sent else 0.0
        data = (
            b"" if body is None else json.dumps(body, default=str).encode()
        )  # a YAML file's times are texts here
        said = self.channel.ask(method, target, self._headers, data, waiting)
        if said.status >= HTTPStatus.BAD_REQUEST:
            raise _ERRORS.get(said.status, ControlError)(_sentence(said, self.channel.url))
        if said.headers.get("Content-Type", "").startswith("application/json"):
            return said.json()
        return said.body.decode()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sentence(said: Said, url: str) -> str:
    try:
        title: str = said.json()["errors"][0]["title"]
    except (ValueError, LookupError, TypeError):
        return f"{url} answers {said.status} to a control request: it is no bitpeak-mock, or not one of this version."
    return title
