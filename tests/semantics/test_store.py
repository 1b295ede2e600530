"""The store against a plain list: whatever is added, changed and removed, pages are what cutting a list gives."""

from __future__ import annotations

import random

import pytest

from mock_server import store as module
from mock_server.store import Cut, Handler, Store


def handler(number: int, text: str = "") -> Handler:
    return Handler(number, "t", "n", {}, True, None, 0, f"{number}{text}".encode())


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


def test_a_page_is_remembered_until_something_changes() -> None:
    store, ends, cut = Store(), (b"<", b">"), Cut(0, 5, newest_first=True)
    for number in range(1, 6):
        store.add(handler(number, "-text"))
    first = store.between(ends, cut)
    assert first == b"<5-text,4-text,3-text,2-text,1-text>"
    assert store.between(ends, cut) is first
    assert store.between((b"(", b")"), cut) == b"(" + first[1:-1] + b")"
    assert store.between(ends, Cut(1, 2, newest_first=False)) == b"<2-text,3-text>"
    store.replace(handler(3, "-new"))
    assert b"3-new" in store.between(ends, cut)
    store.remove(4)
    assert b"4-text" not in store.between(ends, cut)
    store.add(handler(6, "-text"))
    assert store.between(ends, cut).startswith(b"<6-text")


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
    store, ends = Store(), (b"<", b">")
    for number in range(1, 200):
        store.add(handler(number))
        store.pages["page", str(number)] = number
        assert len(store.pages) == 1, "a handler was added before"
    for number in range(200):
        store.pages["page", str(number)] = number
        assert store.pages["page", str(number)] == number
        assert (
            store.between(ends, Cut(number, 1, newest_first=False))
            == b"<" + b"".join(store.wires(number, 1, newest_first=False)) + b">"
        )
        assert len(store.pages) <= module._PAGES
        assert len(store._joined) <= module._JOINED
