"""A recorded request taken apart: its head, and its body without the framing."""

from __future__ import annotations

from typing import NamedTuple


class Request(NamedTuple):
    """A request: its `head` up to and with the empty line, `headers` in lower case, `body` without its framing."""

    head: bytes
    headers: dict[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """The Content-Type, as sent."""
        return self.headers.get("content-type", "")


def headers_of(head: bytes) -> dict[str, str]:
    """Give a head's headers, their names in lower case."""
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}


def split(raw: bytes) -> Request:
    """Take a whole request apart, a body in chunks too."""
    head, _, body = raw.partition(b"\r\n\r\n")
    headers = headers_of(head)
    joined = unchunked(body) if headers.get("transfer-encoding") == "chunked" else body
    assert joined is not None, "the last chunk is missing"
    return Request(head + b"\r\n\r\n", headers, joined)


def unchunked(sent: bytes) -> bytes | None:
    """Join the chunks of a body; None where the last one is not there yet."""
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
