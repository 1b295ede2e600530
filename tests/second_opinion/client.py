"""A simple client, for the tests of the service itself."""

import http.client
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import urlsplit

from tests.second_opinion.service import SecondOpinion

KEY = "real-key-1"
BOUNDARY = "cut-here"
Form = Mapping[str, str | bytes] | Iterable[tuple[str, str | bytes]]


@dataclass(frozen=True)
class Answer:
    """A reply as it came."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def title(self) -> str:
        """The title of the one error."""
        [error] = self.json["errors"]
        return str(error["title"])


def multipart(form: Form) -> bytes:
    """Spell a form as multipart/form-data."""
    lines = []
    for name, value in form.items() if isinstance(form, Mapping) else form:
        lines.append(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode())
        lines.append((value.encode() if isinstance(value, str) else value) + b"\r\n")
    return b"".join(lines) + f"--{BOUNDARY}--\r\n".encode()


class Client:
    """Talks to a service with one key; paths begin behind `/notification-handlers`."""

    def __init__(self, service: SecondOpinion, key: str | None = KEY) -> None:
        self.service = service
        self.key = key

    def ask(
        self,
        method: str,
        path: str = "",
        form: Form | None = None,
        *,
        body: tuple[str, bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        root: str = "/api/notification-handlers",
    ) -> Answer:
        """Send a request with a form or a body of another type."""
        sent = {} if self.key is None else {"Authorization": f"Bearer {self.key}"}
        content_type, data = body or (f"multipart/form-data; boundary={BOUNDARY}", multipart(form or {}))
        if method == "POST":
            sent["Content-Type"] = content_type
        connection = http.client.HTTPConnection(urlsplit(self.service.url).netloc, timeout=5)
        try:
            connection.request(
                method, root + path, data if method == "POST" else None, sent | dict(headers or {})
            )
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def create(self, name: str = "Mine", kind: str = "email", **fields: str) -> int:
        """Create a handler and return its id."""
        answer = self.ask("POST", "", {"name": name, "type": kind, **fields})
        assert answer.status in (200, 201), answer
        return int(answer.json["data"]["id"])

    def update(self, row_id: int, **fields: str) -> Answer:
        """Update a handler."""
        return self.ask("POST", f"/{row_id}", fields)

    def delete(self, row_id: int) -> Answer:
        """Delete a handler."""
        return self.ask("DELETE", f"/{row_id}")

    def show(self, row_id: int) -> Any:
        """Retrieve a handler."""
        return self.ask("GET", f"/{row_id}").json["data"]

    def list(self, query: str = "") -> Any:
        """Return a page of the list."""
        return self.ask("GET", f"/?{query}").json
