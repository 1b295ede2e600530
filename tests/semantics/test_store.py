"""The store against a plain list: whatever is added, changed and removed, pages are what cutting a list gives."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from mock_server.state import store as module
from mock_server.state.store import Item, Store


def handler(number: int, text: str = "") -> Item:
    return Item(number, "t", "n", {}, True, None, 0, f"{number}{text}".encode())


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a page cross many blocks, and the tree of blocks have some depth."""
    monkeypatch.setattr(module, "_BLOCK", 4)


@pytest.mark.parametrize("seed", range(6))
def test_pages_are_what_cutting_a_list_gives(seed: int) -> None:
    dice, store, rows = random.Random(seed), Store(), dict[int, bytes]()
    for step in range(1, 600):
        match dice.choice(("add", "add", "replace", "remove")):
            case "add":
                store.add(handler(step))
                rows[step] = str(step).encode()
            case "replace" if rows:
                number = dice.choice(list(rows))
                store.replace(handler(number, f"-{step}"))
                rows[number] = f"{number}-{step}".encode()
            case "remove" if rows:
                number = dice.choice(list(rows))
                store.remove(number)
                del rows[number]
        offset, size, newest_first = dice.randint(0, len(rows) + 2), dice.randint(1, 40), dice.random() < 0.5
        ids = sorted(rows, reverse=newest_first)[offset : offset + size]
        assert store.wires(offset, size, newest_first=newest_first) == [rows[number] for number in ids]
        assert [each.id for each in store.page(offset, size, newest_first=newest_first)] == ids
    assert [each.wire for each in store.all()] == [rows[number] for number in sorted(rows)]


def test_pages_are_forgotten_when_a_handler_changes() -> None:
    store = Store()
    changes: tuple[Callable[[], None], ...] = (
        lambda: store.add(handler(1)),
        lambda: store.replace(handler(1, "-new")),
        lambda: store.remove(1),
    )
    for change in changes:
        store.pages["list", "page=1", "http://localhost"] = "a page"
        change()
        assert not store.pages


def test_a_copy_is_independent() -> None:
    store = Store()
    for number in range(1, 12):
        store.add(handler(number))
    twin = store.copy()
    store.replace(handler(5, "-new"))
    store.remove(7)
    assert twin.wires(0, 20, newest_first=False) == [str(number).encode() for number in range(1, 12)]
    assert b"5-new" in store.wires(0, 20, newest_first=True)


def test_few_pages_are_remembered() -> None:
    store = Store()
    for number in range(200):
        store.pages["list", "page", str(number)] = number
        assert store.pages["list", "page", str(number)] == number
        assert len(store.pages) <= module._PAGES
