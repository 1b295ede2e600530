"""The store against a dictionary: whatever is added, changed and removed, pages are what cutting a list gives."""

from __future__ import annotations

import random

import pytest

from mock_server.state.store import Item, Store


def item(number: int, text: str = "") -> Item:
    return Item(number, created=0, changed=None, values={}, wire=f"{number}{text}".encode())


@pytest.mark.parametrize("seed", range(6))
def test_pages_are_what_cutting_a_list_gives(seed: int) -> None:
    dice, store, rows = random.Random(seed), Store(), dict[int, bytes]()
    for step in range(1, 600):
        match dice.choice(("add", "add", "replace", "remove")):
            case "add":
                store.add(item(step))
                rows[step] = str(step).encode()
            case "replace" if rows:
                number = dice.choice(list(rows))
                store.replace(item(number, f"-{step}"))
                rows[number] = f"{number}-{step}".encode()
            case "remove" if rows:
                number = dice.choice(list(rows))
                store.remove(number)
                del rows[number]
        offset, size, newest_first = dice.randint(0, len(rows) + 2), dice.randint(1, 40), dice.random() < 0.5
        ids = sorted(rows, reverse=newest_first)[offset : offset + size]
        page = store.page(offset, size, newest_first=newest_first)
        assert [(each.id, each.wire) for each in page] == [(number, rows[number]) for number in ids]
        found = store.get(step)
        assert (found and found.wire) == rows.get(step)
    assert [each.wire for each in store] == [rows[number] for number in sorted(rows)]
    assert len(store) == len(rows)
    assert store.memory == Store(list(store)).memory


def test_what_is_not_there_cannot_be_changed() -> None:
    store = Store([item(2), item(4)], next_id=5)
    for number in (1, 3, 5):
        assert store.get(number) is None
        with pytest.raises(KeyError):
            store.remove(number)
        with pytest.raises(KeyError):
            store.replace(item(number))


def test_an_id_is_never_used_again() -> None:
    store = Store()
    store.add(item(7))
    store.remove(7)
    assert (len(store), store.next_id, store.copy().next_id) == (0, 8, 8)


def test_a_copy_is_independent() -> None:
    store = Store()
    for number in range(1, 12):
        store.add(item(number))
    twin = store.copy()
    store.replace(item(5, "-new"))
    store.remove(7)
    assert [each.wire for each in twin] == [str(number).encode() for number in range(1, 12)]
    assert b"5-new" in [each.wire for each in store.page(0, 20, newest_first=True)]


def test_a_copy_takes_what_it_does_not_share() -> None:
    store = Store([item(number, "x" * 1000) for number in range(1, 101)], next_id=101)
    copy = store.copy()
    assert (copy.memory < 5000, store.memory > 200_000) == (True, True)
    copy.add(item(101, "x" * 100_000))
    assert 200_000 < copy.memory < 210_000
    for number in range(1, 101):
        copy.remove(number)
    assert copy.memory >= 0


def test_an_id_that_was_given_is_known_when_its_item_is_gone() -> None:
    store = Store([item(2), item(4)], next_id=5)
    store.remove(2)
    assert [number for number in range(7) if store.copy().had(number)] == [2, 3]
