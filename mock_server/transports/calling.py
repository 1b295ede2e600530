"""One request given to a WSGI app as our server gives it, and the answer in the bytes that would go out."""

from __future__ import annotations

import time
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from mock_server.server.answer import respond
from mock_server.server.environ import HEADER_KEYS, server_environ, set_target
from mock_server.server.reply import REPLY, Reply

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# Our server sends a slow body in about so many pieces, evenly over the time.
_PIECES = 10


class Asked(NamedTuple):
    """A request as a client would write it; `url` is absolute."""

    method: str
    url: str
    headers: Iterable[tuple[bytes, bytes]]
    body: bytes


class Heard(NamedTuple):
    """The answer's head and whole body, the seconds it is held back, and how it goes wrong on the wire."""

    head: bytes
    body: bytes
    seconds: float
    wire: str | None

    @property
    def arriving(self) -> bytes:
        """What of the body would reach the client before the connection ends."""
        match self.wire:
            case "empty":
                return b""
            case "truncate":
                return self.body[: len(self.body) // 2]
        return self.body

    def late(self, patience: float | None) -> bool:
        """Tell whether a client that waits so many seconds for a byte gives up before the head comes."""
        return patience is not None and self.wire != "slow" and self.seconds > patience

    def dripping(self, patience: float | None) -> bool:
        """Tell whether such a client gives up while the body drips in."""
        return patience is not None and self.wire == "slow" and self.seconds / _PIECES > patience


def call(app: WSGIApplication, asked: Asked) -> Heard:
    """Give the app a request, and hold nothing back; a long poll of the control's does wait."""
    environ = _environ(asked)
    reply = environ[REPLY] = Reply()
    while True:
        environ["wsgi.input"] = BytesIO(asked.body)
        head, body, _ = respond(app, environ, close=False)
        if not reply.again:
            return Heard(head, body, reply.delay, reply.wire)
        time.sleep(reply.again)
        reply.again = 0.0


def _environ(asked: Asked) -> dict[str, Any]:
    parts = urlsplit(asked.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    environ: dict[str, Any] = {
        **server_environ(parts.hostname or "", port, parts.scheme),
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": parts.netloc.rpartition("@")[2],
    }
    environ |= {
        key: value.decode("latin-1") for name, value in asked.headers if (key := HEADER_KEYS[name.title()])
    }
    if asked.body:
        environ["CONTENT_LENGTH"] = str(len(asked.body))
    target = asked.url.partition("://")[2]
    start = min((at for at in (target.find("/"), target.find("?")) if at >= 0), default=len(target))
    path = target[start:].partition("#")[0]
    set_target(environ, asked.method, (path if path.startswith("/") else f"/{path}").encode("latin-1"))
    return environ
