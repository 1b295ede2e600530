"""Fills a world without going through HTTP: thousands of handlers in a moment."""

from __future__ import annotations

from mock_server.state.store import Item, Store
from tests.semantics.client import Client


def fill(client: Client, total: int) -> None:
    """Leave exactly `total` handlers in the client's world, with the ids from 1."""
    world = client.world
    world.store = Store()
    for handler_id in range(1, total + 1):
        handler = Item(handler_id, "email", f"N{handler_id}", {"email": ""}, True, None, 0)
        world.store.add(world.write(handler))
    world.next_id = total + 1
