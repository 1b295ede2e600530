"""A user's handlers in the order of their ids, where the page at any depth costs the same."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple, TypeVar

# Ids in one block. A page crosses few blocks, and removing an id moves at most this many.
_BLOCK = 512

# So many pages are remembered; few, since one may be long.
_PAGES = 8

_Item = TypeVar("_Item", int, bytes)


class Item(NamedTuple):
    """One notification handler: immutable, so that a copy of a store shares it. Times are seconds since 1970 UTC.

    `wire` is its JSON, checked against the document when it was written.
    """

    id: int
    type: str
    name: str
    settings: Mapping[str, str]
    enabled: bool
    changed: int | None
    created: int
    wire: bytes = b""


# Makes a handler of its eight facts. Not the class's own __new__, which takes twice as long: suites create a lot.
make_item = partial(tuple.__new__, Item)


class Pages(dict[tuple[str, str, str], Any]):
    """Answers by what was asked: operation, query, and what links begin with."""

    def __setitem__(self, asked: tuple[str, str, str], page: Any) -> None:
        """Remember a page; where there are many, begin anew."""
        if len(self) >= _PAGES:
            self.clear()
        super().__setitem__(asked, page)


class Store:
    """Handlers by id, and by rank through a Fenwick tree over blocks of ids: both in O(log n).

    Beside each block of ids stands one of their JSON, so that a page is a few slices and no look-up.
    """

    def __init__(self) -> None:
        self._handlers: dict[int, Item] = {}
        self._types: dict[str, int] = {}
        self._blocks: list[list[int]] = []
        self._wires: list[list[bytes]] = []
        self._firsts: list[int] = []  # the lowest id that a block may hold
        self._tree: list[int] = [0]  # counts of blocks, one-based
        # What was made of these handlers for whoever asks again, until one of them changes.
        self.pages: Pages = Pages()

    def __len__(self) -> int:
        return len(self._handlers)

    def get(self, handler_id: int) -> Item | None:
        """Return the handler with this id, if there is one."""
        return self._handlers.get(handler_id)

    def count(self, type_name: str) -> int:
        """Return how many handlers have this type."""
        return self._types.get(type_name, 0)

    def add(self, handler: Item) -> None:
        """Add a handler whose id is higher than every id before it."""
        self.forget_pages()
        handler_id, type_name, types = handler.id, handler.type, self._types
        if not self._blocks or len(self._blocks[-1]) >= _BLOCK:
            self._append_block(handler_id)
        self._blocks[-1].append(handler_id)
        self._wires[-1].append(handler.wire)
        self._tree[-1] += 1  # no later sum counts the last block
        self._handlers[handler_id] = handler
        types[type_name] = types.get(type_name, 0) + 1

    def replace(self, handler: Item) -> None:
        """Put a changed handler in the place of the one with its id. Raises KeyError where there is none."""
        before = self._handlers[handler.id]
        self.forget_pages()
        self._handlers[handler.id] = handler
        block, at = self._find(handler.id)
        self._wires[block][at] = handler.wire
        self._types[before.type] -= 1
        self._types[handler.type] = self._types.get(handler.type, 0) + 1

    def remove(self, handler_id: int) -> None:
        """Remove a handler. Raises KeyError where there is none."""
        handler = self._handlers.pop(handler_id)
        self.forget_pages()
        self._types[handler.type] -= 1
        block, at = self._find(handler_id)
        del self._blocks[block][at], self._wires[block][at]
        self._take_one(block)
        if len(self._blocks) > 32 and len(self._handlers) * 4 < len(self._blocks) * _BLOCK:
            self._rebuild()  # a day of creating and deleting must not leave a trail of empty blocks

    def forget_pages(self) -> None:
        """Forget what was put together for whoever asks again: a handler changes."""
        self.pages.clear()

    def page(self, offset: int, size: int, *, newest_first: bool) -> list[Item]:
        """Return up to `size` handlers after the first `offset` ones of the order."""
        ids = self._cut(self._blocks, offset, size, newest_first=newest_first)
        return [self._handlers[handler_id] for handler_id in ids]

    def wires(self, offset: int, size: int, *, newest_first: bool) -> list[bytes]:
        """Return the JSON of the handlers of a page."""
        return self._cut(self._wires, offset, size, newest_first=newest_first)

    @property
    def highest(self) -> int:
        """The highest id, 0 where there is no handler."""
        return max(self._handlers, default=0)

    def all(self) -> list[Item]:
        """Return all handlers by their ids, the lowest first."""
        return [self._handlers[handler_id] for block in self._blocks for handler_id in block]

    def copy(self) -> Store:
        """Return an independent store with the same handlers."""
        twin = Store()
        twin._handlers = self._handlers.copy()
        twin._types = self._types.copy()
        twin._blocks = [block.copy() for block in self._blocks]
        twin._wires = [block.copy() for block in self._wires]
        twin._firsts = self._firsts.copy()
        twin._tree = self._tree.copy()
        return twin

    def _cut(self, blocks: list[list[_Item]], offset: int, size: int, *, newest_first: bool) -> list[_Item]:
        """Return a page of what stands in the blocks."""
        total = len(self._handlers)
        size = min(size, total - offset)
        if size <= 0:
            return []
        rank = total - offset - size if newest_first else offset
        block, before = self._locate(rank)
        items = blocks[block][rank - before : rank - before + size]
        while len(items) < size:
            block += 1
            items += blocks[block][: size - len(items)]
        if newest_first:
            items.reverse()
        return items

    def _find(self, handler_id: int) -> tuple[int, int]:
        """Return the block that holds an id, and where in it."""
        block = bisect_right(self._firsts, handler_id) - 1
        return block, bisect_left(self._blocks[block], handler_id)

    def _locate(self, rank: int) -> tuple[int, int]:
        """Return the block that holds a rank, and how many ids stand before that block."""
        position, before, tree = 0, 0, self._tree
        step = 1 << (len(tree) - 1).bit_length()
        while step:
            after = position + step
            if after < len(tree) and before + tree[after] <= rank:
                position, before = after, before + tree[after]
            step >>= 1
        return position, before

    def _take_one(self, block: int) -> None:
        position, tree = block + 1, self._tree
        while position < len(tree):
            tree[position] -= 1
            position += position & -position

    def _append_block(self, first: int) -> None:
        self._blocks.append([])
        self._wires.append([])
        self._firsts.append(first)
        position, total = len(self._tree), 0
        below, floor = position - 1, position - (position & -position)
        while below > floor:
            total += self._tree[below]
            below -= below & -below
        self._tree.append(total)

    def _rebuild(self) -> None:
        handlers = sorted(self._handlers.values())
        self.__init__()  # type: ignore[misc]  # start anew, with every rule of an empty store
        for handler in handlers:
            self.add(handler)
