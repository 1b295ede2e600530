"""The mock as a WSGI app, which any WSGI server can host (PEP 3333)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mock_server.api.response import Response
from mock_server.mock import Mock
from mock_server.server import REPLY

_LOG = logging.getLogger("mock_server.wsgi")

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
App = Callable[[Environ, StartResponse], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class WsgiApp:
    """Takes the WSGI environ to the corridor; only the start page goes on to Flask.

    Flask's routing and request context cost more than all steps of the corridor together, and its error pages are
    HTML, so no path of the API passes them.
    """

    mock: Mock
    flask: App

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        if environ["PATH_INFO"] == "/" and environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
            # The page says nothing of the host, and Flask would answer a malformed one in HTML.
            return self.flask({**environ, "HTTP_HOST": "localhost"}, start_response)
        answer = self.mock.answer(environ)
        if answer.delay or answer.wire:
            _spoil(environ, answer)
        start_response(answer.status, list(answer.headers))
        return [answer.body]


def _spoil(environ: Mapping[str, Any], answer: Response) -> None:
    """Leave waiting and faults on the wire to our own server, which blocks no one; under another one, wait here."""
    reply = environ.get(REPLY)
    if reply is not None:
        reply.delay, reply.wire = answer.delay, answer.wire
        return
    time.sleep(answer.delay)
    if answer.wire:
        _LOG.warning(
            "this server cannot let an answer go wrong on the wire (%s): it goes out unharmed", answer.wire
        )
