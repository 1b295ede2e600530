"""Fills a world without going through HTTP: thousands of handlers in a moment."""

from __future__ import annotations

from mock_server.contract import Value
from mock_server.state.store import Item, Store
from tests.semantics.client import Client


def fill(client: Client, total: int) -> None:
    """Leave exactly `total` handlers in the client's world, with the ids from 1."""
    world = client.world
    resource = world.contract.resources["handlers"]
    store = world.stores[resource.name] = Store()
    for number in range(1, total + 1):
        values: dict[str, Value] = {
            "type": "email",
            "name": f"N{number}",
            "settings": {"email": ""},
            "enabled": True,
        }
        item = Item(number, created=0, changed=None, values=values)
        world.write(item, resource)
        store.add(item)
