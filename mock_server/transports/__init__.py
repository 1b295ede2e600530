"""Ways for an HTTP client to call a mock in its own process, without a socket.

The client keeps its own behaviour: its retries, timeouts and exceptions. What a fault does to a socket becomes what the
client makes of it there. No latency is waited for: a client whose timeout is shorter gives up at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from mock_server.transports.over_httpx import InProcessTransport
    from mock_server.transports.over_requests import InProcessAdapter

__all__ = ["httpx_transport", "requests_adapter"]

# The clients are imported late: the mock needs neither, and most users have only one. No module here may have the name
# of a function: its import would take the function's place.


def requests_adapter(app: WSGIApplication, **options: Any) -> InProcessAdapter:
    """Return an adapter for `requests.Session.mount`; `options` are those of `requests.adapters.HTTPAdapter`.

        session.mount("https://", requests_adapter(api.app, max_retries=Retry(3, status_forcelist=[503])))

    A session whose own adapter retries keeps doing so with `max_retries=session.get_adapter(url).max_retries`. Raises
    ImportError without requests.
    """
    from mock_server.transports.over_requests import InProcessAdapter

    return InProcessAdapter(app, **options)


def httpx_transport(app: WSGIApplication) -> InProcessTransport:
    """Return a transport for `httpx.Client` and `httpx.AsyncClient`. Raises ImportError without httpx."""
    from mock_server.transports.over_httpx import InProcessTransport

    return InProcessTransport(app)
