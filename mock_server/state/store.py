"""The items of one resource, in the order of their ids."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mock_server.contract import Value


@dataclass(slots=True)
class Item:
    """One stored item: what the server itself says of it, and what was sent, by fact.

    Times are seconds since 1970 UTC. `wire` is the item's JSON, checked against the document when it was written. An
    item in a store never changes: a new one takes its place, so that copies of the store can share it.
    """

    id: int
    created: int
    changed: int | None
    values: Mapping[str, Value]
    wire: bytes = b""


class Store:
    """Items in the order of their ids, and the id of the next one.

    New ids are always the highest, so to add is to append, and a page is a slice, however deep. To remove one of a
    million items moves those behind it, which takes a tenth of a millisecond.

    `shown`: what a list has last made of the items, until one of them changes.
    """

    def __init__(self, items: Iterable[Item] = (), next_id: int = 1) -> None:
        self._items = list(items)
        self._ids = [item.id for item in self._items]
        self.next_id = next_id
        self.shown: Any = None

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        """Yield all items, the lowest id first."""
        return iter(self._items)

    def get(self, item_id: int) -> Item | None:
        """Return the item with this id, if there is one."""
        at = bisect_left(self._ids, item_id)
        return self._items[at] if at < len(self._ids) and self._ids[at] == item_id else None

    def add(self, item: Item) -> None:
        """Add an item, whose id is `next_id` or higher."""
        self.shown = None
        self._items.append(item)
        self._ids.append(item.id)
        self.next_id = item.id + 1

    def replace(self, item: Item) -> None:
        """Put an item in the place of that with the same id. Raises KeyError if no item has the id."""
        self._items[self._at(item.id)] = item
        self.shown = None

    def remove(self, item_id: int) -> None:
        """Remove an item. Raises KeyError if no item has the id."""
        at = self._at(item_id)
        del self._items[at], self._ids[at]
        self.shown = None

    def page(self, offset: int, size: int, *, newest_first: bool) -> list[Item]:
        """Return up to `size` items after the first `offset` ones of the order."""
        if not newest_first:
            return self._items[offset : offset + size]
        end = max(0, len(self._items) - offset)
        return self._items[max(0, end - size) : end][::-1]

    def copy(self) -> Store:
        """Return an independent store with the same items."""
        return Store(self._items, self.next_id)

    def _at(self, item_id: int) -> int:
        at = bisect_left(self._ids, item_id)
        if at == len(self._ids) or self._ids[at] != item_id:
            raise KeyError(item_id)
        return at
