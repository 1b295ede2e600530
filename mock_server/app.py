"""The mock as a WSGI app (PEP 3333), and as the Flask app around it."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mock_server import PREFIX
from mock_server.api.context import Environ, Response
from mock_server.api.pipeline import ApiPipeline
from mock_server.control import ControlPipeline, is_known_host
from mock_server.mock import Mock, Observer
from mock_server.server import REPLY, WIRE_ERROR
from mock_server.settings import Settings
from mock_server.state.journal import REHEARSED, Rehearsed

if TYPE_CHECKING:
    from flask import Flask

_LOG = logging.getLogger("mock_server.app")

_WEB = Path(__file__).parent / "page" / "web"

# The paths that a browser opens: the start page, the page at `/_mock/`, and its files.
_FILES = (f"{PREFIX}/page/{file.name}" for file in _WEB.iterdir() if file.name != "index.html")
_BROWSED = frozenset({"/", PREFIX, f"{PREFIX}/", *_FILES})

StartResponse = Callable[..., Any]


class App:
    """Gives each request to the pipeline of the API or of the control, or to Flask if a browser opens a page.

    Flask's import takes a quarter of a start, and its dispatch twice as long as a control request. So other requests do
    not pass Flask, and it is imported when a page is first opened.
    """

    def __init__(self, mock: Mock) -> None:
        self.mock = mock
        self._control = ControlPipeline(mock)
        self._api = ApiPipeline(mock, self._control.outage)
        self._shadow = None if mock.shadow is None else App(mock.shadow)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Respond to one request."""
        browses = environ["PATH_INFO"] in _BROWSED and environ["REQUEST_METHOD"] in {"GET", "HEAD"}
        browses = browses and WIRE_ERROR not in environ
        if browses and is_known_host(environ, self.mock.settings):
            # Pages do not show the host, and for a malformed one Flask would send an HTML error.
            own = type(self.flask).wsgi_app  # Flask's, which this app has replaced in the instance
            return own(self.flask, {**environ, "HTTP_HOST": "localhost"}, start_response)
        response = self._control.respond(environ) if browses else self.respond(environ)
        if response.delay or response.wire or response.again:
            response = self._held_back(environ, response)
        start_response(response.status, list(response.headers))
        return [response.body]

    def respond(self, environ: Environ) -> Response:
        """Respond to one request of the API or of the control."""
        path: str = environ["PATH_INFO"]
        steers = path == PREFIX or path.startswith(f"{PREFIX}/")
        # A request that the server has refused does not reach the control. The API's pipeline words the refusal.
        if not steers or WIRE_ERROR in environ:
            if self._shadow is not None:
                other = _shadowed(self._shadow, environ)
                environ[REHEARSED] = Rehearsed(int(other.status[:3]), other.body)
            return self._api.respond(environ)
        if self._shadow is not None and environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            _shadowed(self._shadow, environ)  # a reset of a world is a reset of its shadow
        return self._control.respond(environ)

    @cached_property
    def flask(self) -> Flask:
        """The Flask app with the pages, whose `wsgi_app` is this app."""
        from mock_server.page import make_site  # late: see above

        site = make_site(self.mock)
        site.wsgi_app = self  # type: ignore[method-assign]
        return site

    def _held_back(self, environ: Environ, response: Response) -> Response:
        """Let our own server delay, spoil or replace the response. With another server, wait here."""
        reply = environ.get(REPLY)
        if reply is not None:
            reply.delay, reply.wire, reply.again = response.delay, response.wire, response.again
            return response
        while response.again:
            time.sleep(response.again)
            response = self.respond(environ)
        time.sleep(response.delay)
        if response.wire:
            _LOG.warning(
                "This server cannot send a fault of the wire (%s). The response is sent as it is.",
                response.wire,
            )
        return response


def create_app(settings: Settings | None = None, observers: Sequence[Observer] = ()) -> Flask:
    """Make the Flask app of a mock. Raises DocumentError if the document, an overlay or the seed is wrong.

    Example: `create_app(Settings(answers=("create-status=ok",))).test_client()`
    """
    return App(Mock(settings or Settings(), observers)).flask


def mock_of(app: Flask) -> Mock:
    """Return the mock inside a Flask app."""
    mock: Mock = app.extensions["bitpeak_mock"]
    return mock


def _shadowed(shadow: App, environ: Environ) -> Response:
    """Have the shadow respond to the same request, and leave the request as it was."""
    length = environ.get("CONTENT_LENGTH") or ""
    size = int(length[:20]) if length.isdigit() else -1 if environ.get("wsgi.input_terminated") else 0
    body = environ["wsgi.input"].read(size) if size else b""
    environ["wsgi.input"] = io.BytesIO(body)
    return shadow.respond({**environ, "wsgi.input": io.BytesIO(body)})
