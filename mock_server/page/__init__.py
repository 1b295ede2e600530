"""What a browser opens: the start page, and the page at `/_mock/` that shows and steers a world."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response, redirect, request

from mock_server import MARKER, PREFIX, __version__

if TYPE_CHECKING:
    from mock_server.mock import Mock

_WEB = Path(__file__).parent / "web"

# Python knows this type from 3.12 on, and browsers need it for modules.
mimetypes.add_type("text/javascript", ".mjs")

# The page shows untrusted texts. It loads nothing from elsewhere, runs no inline scripts and cannot be framed. With
# Trusted Types (W3C), the browser refuses to turn a text into markup.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def make_site(mock: Mock) -> Flask:
    """Make the Flask app with the pages of a mock. They have no data of a world, so they need no token."""
    site = Flask(__name__, static_folder=None)
    site.extensions["bitpeak_mock"] = mock
    site.add_url_rule("/", "welcome", lambda: _welcome(mock))
    site.add_url_rule(f"{PREFIX}/", "page", lambda: _file("index.html"))
    site.add_url_rule(f"{PREFIX}/page/<name>", "file", _file)
    # The page's addresses are relative.
    site.add_url_rule(PREFIX, "folder", lambda: redirect(f"{PREFIX}/", 308))
    site.after_request(_protect)
    return site


def _file(name: str) -> Response:
    """Return a file of the page. The app accepts no other names."""
    return Response((_WEB / name).read_bytes(), mimetype=mimetypes.guess_type(name)[0])


def _protect(response: Response) -> Response:
    response.headers.update(_HEADERS)
    response.headers.add(*MARKER)
    return response


def _welcome(mock: Mock) -> Response:
    """Redirect a browser to the page, and send other clients a list of addresses."""
    response = Response(_where_things_are(mock), mimetype="text/plain")
    if request.accept_mimetypes.best_match(["text/plain", "text/html"]) == "text/html":
        response = Response(status=302, headers={"Location": f"{PREFIX}/"})
    response.vary.add("Accept")
    return response


def _where_things_are(mock: Mock) -> str:
    contract = mock.contract
    lines = [
        f"bitpeak-mock {__version__}: an offline mock of {contract.title} ({contract.version}).",
        "",
        f"API          {contract.base_path}",
        *(f"             {o.method:6} {contract.base_path}{o.path}" for o in contract.operations.values()),
        f"key          any that begins with {contract.service.key_prefix!r}; each has a world of its own",
        f"page         {PREFIX}/",
        f"about        {PREFIX}/info, {PREFIX}/health, {PREFIX}/ready",
        f"document     {PREFIX}/openapi.yaml",
        "",
    ]
    return "\n".join(lines)
