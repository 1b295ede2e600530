"""A client that sends exactly what a test says, and forms as clients of many kinds write them."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

Fields = Mapping[str, str] | Iterable[tuple[str, str]]

_BOUNDARY = "a-boundary-that-no-test-sends"


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        return self.json["data"]

    @property
    def refused(self) -> str:
        """The guard's reason, empty where the target answered."""
        return self.headers.get("x-guard-refused", "")


class Client:
    """Talks to one base URL with one key, over one connection that is kept alive."""

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        self.base = parts.path + "/notification-handlers"
        self.prefix = parts.path
        self.key = key
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)

    def call(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        authorization: str | None = "",
    ) -> Reply:
        """Send a request; the empty Authorization stands for the key, None for no header."""
        connection = self._connection
        connection.putrequest(method, target, skip_accept_encoding=True)
        if authorization is not None:
            connection.putheader("Authorization", authorization or f"Bearer {self.key}")
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        if body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        response = connection.getresponse()
        return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())

    def get(self, target: str = "", **given: Any) -> Reply:
        return self.call("GET", self.base + target, **given)

    def post(self, target: str, fields: Fields, **given: Any) -> Reply:
        body, content_type = multipart(fields)
        return self.call("POST", self.base + target, body, {"Content-Type": content_type}, **given)

    def create(self, name: str = "Example", **fields: str) -> Reply:
        return self.post("", {"name": name, "type": "internal_notification", **fields})

    def created(self, name: str = "Example", **fields: str) -> int:
        reply = self.create(name, **fields)
        assert reply.status == 201, reply
        row: int = reply.data["id"]
        return row

    def update(self, row: object, **fields: str) -> Reply:
        return self.post(f"/{row}", fields)

    def delete(self, row: object, **given: Any) -> Reply:
        return self.call("DELETE", f"{self.base}/{row}", **given)

    def close(self) -> None:
        self._connection.close()

    __del__ = close


def multipart(fields: Fields, filename: str = "") -> tuple[bytes, str]:
    pairs = fields.items() if isinstance(fields, Mapping) else fields
    extra = f'; filename="{filename}"' if filename else ""
    parts = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n{value}\r\n'.encode(
            errors="surrogateescape"
        )
        for name, value in pairs
    ]
    return b"".join(parts) + f"--{_BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={_BOUNDARY}"


def urlencoded(fields: Fields) -> tuple[bytes, str]:
    pairs = list(fields.items() if isinstance(fields, Mapping) else fields)
    return urlencode(pairs, errors="surrogateescape").encode(), "application/x-www-form-urlencoded"
