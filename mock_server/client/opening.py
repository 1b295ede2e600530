"""A mock for as long as a `with` block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from mock_server.client.channel import AppChannel, Channel, HTTPChannel
from mock_server.client.mock import Mock
from mock_server.client.world import Api

if TYPE_CHECKING:
    from mock_server.settings import Settings


@contextmanager
def bitpeak_mock(
    settings: Settings | None = None,
    *,
    url: str | None = None,
    token: str | None = None,
    socket: bool = True,
) -> Iterator[Api]:
    """Start a mock on a free port and give a world of it; with `url`, use one that runs; `socket=False`: open no port.

    On a good end it raises WentWrong where the mock broke its own document, and Violated where the world is strict and
    met a violation.
    """
    with ExitStack() as stack:
        channel = _open(settings, stack, socket=socket) if url is None else HTTPChannel(url)
        api = stack.enter_context(Mock(channel, token)).world()
        yield api
        api.verify()


def _open(settings: Settings | None, stack: ExitStack, *, socket: bool) -> Channel:
    # Late: who uses a mock that runs elsewhere pays nothing for its machinery.
    from mock_server.app import create_app
    from mock_server.server import Server

    app = create_app(settings)
    if not socket:
        return AppChannel(app)
    return HTTPChannel(stack.enter_context(Server(app)).url, app)
