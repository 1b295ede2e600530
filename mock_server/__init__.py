"""An offline mock of BitPeak's notification-handlers API, driven by its OpenAPI document."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mock_server.app import create_app
    from mock_server.client import Api, bitpeak_mock
    from mock_server.server import Server
    from mock_server.settings import Rules, Settings

__version__ = "1.0.0"

# On every response, so that a test can assert that it does not talk to production.
MARKER = ("X-Bitpeak-Mock", __version__)

# The control and the page stand below this path, which the real service does not have.
PREFIX = "/_mock"

__all__ = ["Api", "Rules", "Server", "Settings", "__version__", "bitpeak_mock", "create_app"]


# The module of each public name.
_PUBLIC = {
    "Api": "client",
    "Rules": "settings",
    "Server": "server",
    "Settings": "settings",
    "bitpeak_mock": "client",
    "create_app": "app",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use, so that `bitpeak-mock --help` does not import Flask."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"mock_server.{_PUBLIC[name]}"), name)
