"""Who may steer: no page of another origin, and where a token is asked for, only who has it."""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from urllib.parse import urlsplit

from mock_server.api.context import Environ
from mock_server.api.response import Headers, Response
from mock_server.control.request import Subject
from mock_server.refusal import Refusal


def check_token(environ: Environ, subject: Subject) -> None:
    """Raise Refusal unless the token is sent where one is asked for."""
    if subject.token is None:
        return
    sent: str = environ.get("HTTP_X_BITPEAK_MOCK_TOKEN", "")
    if not hmac.compare_digest(sent.encode("latin-1", "replace"), subject.token.encode()):
        raise Refusal("no_token")


def check_origin(environ: Environ, subject: Subject) -> None:
    """Raise Refusal where a browser says that a page of another origin asks, unless those are let in.

    A simple request needs no permission to be sent (Fetch, 'CORS protocol'), and this one could change a world. A page
    whose own name was made to lead to this computer (DNS rebinding) has that name for both origin and host, which is
    none that a mock without a token can have.
    """
    origin: str | None = environ.get("HTTP_ORIGIN")
    if origin is None or subject.cors:
        return
    asking = urlsplit(origin)
    is_own = asking.netloc == environ.get("HTTP_HOST", "")
    if not is_own or (subject.token is None and not _is_local(asking.hostname or "")):
        raise Refusal("other_origin")


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def cors_headers(environ: Environ, subject: Subject) -> Headers:
    """Return the headers that let a page of another origin read the answer, where it may."""
    if not subject.cors or "HTTP_ORIGIN" not in environ:
        return ()
    return (("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", "*"))


def preflight() -> Response:
    """Return the answer to a browser that asks whether it may ask."""
    allowed = (
        ("Access-Control-Allow-Methods", "GET, PUT, POST, PATCH, DELETE"),
        ("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Bitpeak-Mock-Token"),
        ("Access-Control-Max-Age", "600"),
    )
    return Response("204 No Content", allowed, b"")
