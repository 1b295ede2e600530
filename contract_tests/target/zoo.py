"""Requests as real clients wrote them, byte by byte: one file each in `vectors/`, by client and case.

`make zoo` records them. `vectors/manifest.json` names the clients, and says what PHP 8.2 made of each request.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

VECTORS = Path(__file__).with_name("vectors")
MANIFEST = VECTORS / "manifest.json"


class RecordedRequest(NamedTuple):
    """A request: its `head` with the empty line, `headers` by lower-case name, and its `body` without any framing."""

    head: bytes
    headers: dict[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """The Content-Type, as it was sent."""
        return self.headers.get("content-type", "")


def manifest() -> dict[str, Any]:
    """Read the manifest.

    `php` is the version of PHP that was asked; `clients` has each client's version; `vectors` has, by client and case,
    what PHP made of the request: `post` as $_POST, `files` as $_FILES with the SHA-256 of each file.
    """
    read: dict[str, Any] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return read


def names() -> Iterator[tuple[str, str]]:
    """Yield the client and the case of each recorded request."""
    for path in sorted(VECTORS.glob("*/*.http")):
        yield path.parent.name, path.stem


def path_of(client: str, case: str) -> Path:
    """Return the file of a request."""
    return VECTORS / client / f"{case}.http"


def raw(client: str, case: str) -> bytes:
    """Return a request as it was on the wire."""
    return path_of(client, case).read_bytes()


def split(request: bytes) -> RecordedRequest:
    """Split a request into its parts, and join a chunked body. Raises ValueError if the request is incomplete."""
    head, _, body = request.partition(b"\r\n\r\n")
    headers = headers_of(head)
    joined = unchunked(body) if headers.get("transfer-encoding") == "chunked" else body
    if joined is None:
        raise ValueError("the last chunk is missing")
    return RecordedRequest(head + b"\r\n\r\n", headers, joined)


def headers_of(head: bytes) -> dict[str, str]:
    """Return the headers of a head, by name in lower case."""
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}


def unchunked(sent: bytes) -> bytes | None:
    """Join the chunks of a body. Return None if the last one is missing."""
    body, at = b"", 0
    while (end := sent.find(b"\r\n", at)) >= 0:
        size = int(sent[at:end].partition(b";")[0], 16)
        at = end + 2 + size + 2
        if at > len(sent):
            return None
        if not size:
            return body
        body += sent[end + 2 : at - 2]
    return None
