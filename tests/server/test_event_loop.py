"""The event loop is one of uvloop if that is installed, and else one of asyncio. A client cannot tell them apart."""

import asyncio
import sys

import pytest

from mock_server.server import Server
from mock_server.server.server import new_event_loop
from tests.server.wire import Client, echo, get, post


def check_behaviour() -> None:
    """See that a server responds, holds back, fails on the wire, and stops."""
    with Server(echo) as server:
        with Client(server) as client:
            assert client.ask(post(b"body")).json["body"] == "body"
            client.send(get("/2", "X-Delay: 0.02") + get("/3"))
            assert [client.receive().json["PATH_INFO"] for _ in range(2)] == ["/2", "/3"]
        with Client(server) as client:
            client.send(get("/", "X-Wire: reset"))
            with pytest.raises(ConnectionResetError):
                client.sock.recv(1)
        with Client(server) as client:
            client.send(get("/", "X-Wire: drop"))
            assert client.ended()
    assert not server.connections


def test_without_uvloop_it_is_one_of_asyncio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    loop = new_event_loop()
    loop.close()
    assert isinstance(loop, asyncio.SelectorEventLoop)
    check_behaviour()


def test_with_uvloop_it_is_one_of_uvloop() -> None:
    uvloop = pytest.importorskip("uvloop", reason="uvloop is not installed: pip install 'bitpeak-mock[fast]'")
    loop = new_event_loop()
    loop.close()
    assert isinstance(loop, uvloop.Loop)
    check_behaviour()
