"""The page's files, as they leave the mock: nothing of a world is in them, so they are open to all."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from mock_server.api.response import Response

_WEB = Path(__file__).parent / "web"

_MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

# The page shows what strangers sent. It loads nothing from elsewhere, runs no inline script and cannot be framed, and
# with Trusted Types (W3C) the browser itself refuses to make markup of a text.
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

_HEADERS = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)


def answer(method: str, path: str) -> Response | None:
    """Answer a request for the page or a file of it, None where the path is neither. `path`: after the prefix `/_mock`.

    The answer to HEAD has the body too: the server leaves it out.
    """
    if method not in {"GET", "HEAD"}:
        return None
    if not path:  # the page's addresses are relative to the folder
        return Response("308 Permanent Redirect", (("Location", "/_mock/"),), b"")
    file = _files().get(path)
    if file is None:
        return None
    headers = (("Content-Type", _MEDIA_TYPES[file.suffix]), *_HEADERS)
    return Response("200 OK", headers, file.read_bytes())


@cache
def _files() -> Mapping[str, Path]:
    """Return each file by its path: only what is listed here can be asked for, so no path leads out of the folder."""
    files = {f"/page/{file.name}": file for file in _WEB.iterdir() if file.suffix in _MEDIA_TYPES}
    return {"/": files.pop("/page/index.html"), **files}
