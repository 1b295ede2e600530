"""The items of one resource, in the order of their ids."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mock_server.contract import Value

# The bytes of an item without its texts, which it has as values and as JSON, and of its places in a store.
_ITEM, _PLACES = 900, 16

# The settings of the types that an item had before, kept among its values beside what a row shows.
SHELF = "settings of other types"


@dataclass(slots=True)
class Item:
    """One stored item: the facts of the server, and the values that were sent, by fact.

    Times are seconds since 1970 UTC. `changes` counts the updates. `written` orders items that were made or changed in
    one second, `updated` orders items by their last create or update, even if it does not count as a change. `wire` is
    the item's JSON, which was checked when it was written. An item in a store never changes: an update replaces it, so
    that copies of the store can share it.
    """

    id: int
    created: int
    changed: int | None
    values: Mapping[str, Value]
    changes: int = 0
    written: int = 0
    updated: int = 0
    wire: bytes = b""

    @property
    def memory(self) -> int:
        """About how many bytes the item takes."""
        return _ITEM + 2 * len(self.wire)


class Store:
    """Items in the order of their ids, and the id of the next one.

    New ids are always the highest, so a new item is appended, and a page is a slice. To remove one of a million items
    takes a tenth of a millisecond.

    `first_id`: the lowest id that was given; absent, that of the first item. `shown`: the last page that a list has
    made, until an item changes.
    """

    def __init__(self, items: Iterable[Item] = (), next_id: int = 1, first_id: int = 0) -> None:
        self._items = list(items)
        self._ids = [item.id for item in self._items]
        self.next_id = next_id
        self._writes = max((item.updated for item in self._items), default=0)
        self.first_id = first_id or (self._ids[0] if self._ids else next_id)
        self.shown: Any = None
        # The bytes of the items, without those that are shared with the original of a copy.
        self._bytes = sum(item.memory for item in self._items)

    @property
    def memory(self) -> int:
        """About how many bytes the items take, without those that are shared with the original of a copy."""
        own = self._bytes if self._bytes > 0 else 0  # `max` takes twice as long, and each create asks
        return own + _PLACES * len(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        """Yield all items, the lowest id first."""
        return iter(self._items)

    def get(self, item_id: int) -> Item | None:
        """Return the item with this id, if there is one."""
        at = bisect_left(self._ids, item_id)
        return self._items[at] if at < len(self._ids) and self._ids[at] == item_id else None

    def next_write(self) -> int:
        """Count a write, and return its number."""
        self._writes += 1
        return self._writes

    def had(self, item_id: int) -> bool:
        """Tell whether an id was given and its item is gone: any missing one from the first id to the last."""
        return self.first_id <= item_id < self.next_id and self.get(item_id) is None

    def add(self, item: Item) -> None:
        """Add an item, whose id is `next_id` or higher."""
        self.shown = None
        self._items.append(item)
        self._ids.append(item.id)
        self._bytes += item.memory
        self.next_id = item.id + 1

    def replace(self, item: Item) -> None:
        """Replace the item with the same id. Raises KeyError if no item has the id."""
        at = self._at(item.id)
        self._bytes += item.memory - self._items[at].memory
        self._items[at] = item
        self.shown = None

    def remove(self, item_id: int) -> None:
        """Remove an item. Raises KeyError if no item has the id."""
        at = self._at(item_id)
        self._bytes -= self._items[at].memory
        del self._items[at], self._ids[at]
        self.shown = None

    def page(self, offset: int, size: int, *, newest_first: bool) -> list[Item]:
        """Return up to `size` items after the first `offset` items."""
        if not newest_first:
            return self._items[offset : offset + size]
        end = max(0, len(self._items) - offset)
        return self._items[max(0, end - size) : end][::-1]

    def copy(self) -> Store:
        """Return an independent store with the same items."""
        other = Store(next_id=self.next_id, first_id=self.first_id)
        other._items, other._ids = self._items.copy(), self._ids.copy()
        other._writes = self._writes
        return other

    def _at(self, item_id: int) -> int:
        at = bisect_left(self._ids, item_id)
        if at == len(self._ids) or self._ids[at] != item_id:
            raise KeyError(item_id)
        return at
