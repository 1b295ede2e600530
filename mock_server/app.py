"""Flask at the door: the app that any WSGI server can host, and the mock inside its `wsgi_app`."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask, Response, request

from mock_server import __version__
from mock_server.api.pipeline import Observer
from mock_server.api.response import MARKER
from mock_server.control import PREFIX
from mock_server.mock import Mock
from mock_server.settings import Settings
from mock_server.wsgi import WsgiApp

__all__ = ["Mock", "app_of", "create_app", "mock_of"]


def create_app(settings: Settings | None = None, observers: Sequence[Observer] = ()) -> Flask:
    """Make the Flask app. Raises DocumentError where the document, an overlay or the seed is wrong."""
    return app_of(Mock(settings or Settings(), observers))


def app_of(mock: Mock) -> Flask:
    """Make the Flask app of a mock."""
    app = Flask("mock_server", static_folder=None)
    app.extensions["bitpeak_mock"] = mock
    app.add_url_rule("/", "welcome", lambda: _welcome(mock))
    app.wsgi_app = WsgiApp(mock, app.wsgi_app)  # type: ignore[method-assign]
    return app


def mock_of(app: Flask) -> Mock:
    """Return the mock inside an app."""
    mock: Mock = app.extensions["bitpeak_mock"]
    return mock


def _welcome(mock: Mock) -> Response:
    """Lead a browser to the page, and tell anyone else where things are."""
    html = request.accept_mimetypes.best_match(["text/plain", "text/html"]) == "text/html"
    response = Response(status=302, headers={"Location": f"{PREFIX}/"}) if html else _where_things_are(mock)
    response.vary.add("Accept")
    response.headers.add(*MARKER)
    return response


def _where_things_are(mock: Mock) -> Response:
    lines = [
        f"bitpeak-mock {__version__}: an offline mock of {mock.contract.title} ({mock.contract.version}).",
        "",
        f"API          {mock.contract.base_path}",
        *(
            f"             {o.method:6} {mock.contract.base_path}{o.path}"
            for o in mock.contract.operations.values()
        ),
        f"key          any that begins with {mock.contract.service.key_prefix!r}; each has a world of its own",
        f"page         {PREFIX}/",
        f"about        {PREFIX}/info, {PREFIX}/health, {PREFIX}/ready",
        f"document     {PREFIX}/openapi.yaml",
        "",
    ]
    return Response("\n".join(lines), mimetype="text/plain")
