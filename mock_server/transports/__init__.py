"""Ways for a client of HTTP to call a mock in its own process, without a socket.

What a fault does to a socket becomes the exception that the client raises there; no latency is waited for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from mock_server.transports.over_httpx import InProcessTransport
    from mock_server.transports.over_requests import InProcessAdapter

__all__ = ["httpx_transport", "requests_adapter"]

# The clients are imported late: the mock needs none of them, and most users have but one. No module may have the name
# of a function here: its import would put it in the function's place.


def requests_adapter(app: WSGIApplication) -> InProcessAdapter:
    """Return an adapter for `requests.Session.mount`. Raises ImportError where there is no requests."""
    from mock_server.transports.over_requests import InProcessAdapter

    return InProcessAdapter(app)


def httpx_transport(app: WSGIApplication) -> InProcessTransport:
    """Return a transport for `httpx.Client` and `httpx.AsyncClient`. Raises ImportError where there is no httpx."""
    from mock_server.transports.over_httpx import InProcessTransport

    return InProcessTransport(app)
