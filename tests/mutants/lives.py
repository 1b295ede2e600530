"""Services that go wrong over time: what a create, an update or a delete leaves, and what lists show of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from contract_tests.guard.exchange import Reply
from tests.mutants.wire import (
    Form,
    Kind,
    Mutant,
    RowData,
    Spoil,
    Trip,
    data_of,
    in_data,
    mutants_of,
    on,
    wire,
    with_data,
    with_rows,
)

# What becomes of a page's rows; `before` are those of the page before.
Paged = Callable[[list[RowData], int, list[RowData]], list[RowData]]


def list_mutants() -> Iterator[Mutant]:
    """Yield the list's mutants."""
    facts = wire().facts
    page, size, name = facts.page_parameter, facts.size_parameter, facts.row["name"]

    def only_small(query: Form) -> None:
        if query.get(size) == str(max(facts.sizes)):
            del query[size]

    def later(query: Form) -> None:
        if query.get(page, "").isdecimal() and len(query[page]) < 9:
            query[page] = str(int(query[page]) + 1)

    def count(data: Any) -> None:
        wire().write("list", "total", data, len(wire().read("list", "rows", data) or ()))

    def shout(data: Any) -> None:
        for row in wire().rows("list", data):
            row[name] = str(row.get(name)).upper()

    yield from mutants_of(Kind.BUG, {
        "page-repeats-row": ("A page begins with the last row of the page before.", _paged(
            lambda rows, number, before: [before[-1], *rows[:-1]] if number > 1 and before and rows else rows)),
        "page-skips-row": ("A page after the first lacks its first row.", _paged(
            lambda rows, number, _: rows[1:] if number > 1 else rows)),
        "second-page-reversed": ("Pages after the first are in the other order.", _paged(
            lambda rows, number, _: rows[::-1] if number > 1 else rows)),
        "newest-not-listed": ("The first page lacks its first row.", _paged(
            lambda rows, number, _: rows[1:] if number == 1 else rows)),
        "first-two-swapped": ("The first two rows of a page stand in the wrong order.", _paged(
            lambda rows, _, __: [*rows[1::-1], *rows[2:]] if len(rows) > 1 else rows)),
        "size-ignored": ("The page size is ignored.", _asked(lambda query: query.pop(size, None))),
        "largest-size-ignored": ("The largest page size is ignored.", _asked(only_small)),
        "page-number-ignored": ("The page's number is ignored.", _asked(lambda query: query.pop(page, None))),
        "page-from-zero": ("Pages count from 0.", _asked(later)),
        "next-for-ever": ("The last page has a next link, too.", _linked("link-next", "link-self")),
        "self-is-first": ("The self link is always the first page's.", _linked("link-self", "link-first")),
        "last-is-first": ("The last link is always the first page's.", _linked("link-last", "link-first")),
        "previous-is-self": ("The previous link is the page's own.", _linked("link-previous", "link-self")),
        "first-is-self": ("The first link is the page's own.", _linked("link-first", "link-self")),
        "total-of-page": ("The total counts the page's rows only.", in_data(count, "list")),
        "names-differ-in-list": ("The list shows names in capitals.", in_data(shout, "list")),
    })  # fmt: skip


def _paged(change: Paged) -> Spoil:
    def spoil(trip: Trip) -> Reply:
        got = trip.passed()
        data = data_of(got) if got.is_success else None
        rows = wire().read("list", "rows", data)
        if not isinstance(rows, list):
            return got
        parameter = wire().facts.page_parameter
        page = trip.query.get(parameter, "1")
        number = int(page) if page.isdecimal() and len(page) < 9 else 1
        before: list[RowData] = []
        if number > 1 and rows:
            earlier = trip.with_query(trip.query | {parameter: str(number - 1)})
            before = wire().read("list", "rows", data_of(earlier)) or []
        wire().write("list", "rows", data, change(rows, number, before))
        return with_data(got, data)

    return on("list", spoil)


def _asked(change: Callable[[Form], object]) -> Spoil:
    def spoil(trip: Trip) -> Reply:
        query = trip.query
        change(query)
        return trip.passed() if query == trip.query else trip.with_query(query)

    return on("list", spoil)


def _linked(word: str, other: str) -> Spoil:
    return in_data(lambda data: wire().write("list", word, data, wire().read("list", other, data)), "list")


def life_mutants() -> Iterator[Mutant]:
    """Yield the mutants of lives."""
    yield from mutants_of(Kind.BUG, {
        "delete-does-nothing": ("A delete succeeds and deletes nothing.", on("delete", _delete_nothing)),
        "delete-takes-another": ("A delete takes the newest other row along.", on("delete", _delete_two)),
        "deleted-still-shown": ("A deleted row can still be retrieved.", on("retrieve", _show_what_was)),
        "deleted-still-listed": ("A deleted row is still listed.", on("list", _list_what_was)),
        "update-touches-another": ("An update changes another row, too.", on("update", _update_two)),
        "create-makes-two": ("A create makes two rows.", on("create", _create_two)),
        "refused-create-stores": ("A refused create makes a row all the same.", on("create", _store_what_is_refused)),
        "update-makes-row": ("An update makes a row, too.", on("update", _update_and_create)),
        "absent-rows-written": ("A delete or an update of no row succeeds.", _write_nowhere),
        "absent-row-is-null": ("Retrieving no row answers null.", on("retrieve", _show_nothing)),
        "rows-of-other-keys": ("A row can be retrieved with another account's key.", on("retrieve", _show_to_all)),
        "id-used-again": ("A new row gets the id of a deleted one.", _use_ids_again),
    })  # fmt: skip


def _done(kind: str, data: RowData | None = None) -> Reply:
    """Return a success without a body, or with this one."""
    reply = Reply(wire().facts.operation(kind).success, "", (("Content-Type", "application/json"),), b"")
    return reply if data is None else with_data(reply, data)


def _others(trip: Trip) -> list[int]:
    return [one for one in trip.memory.own if one != trip.id]


def _example() -> Form:
    return dict(next(iter(wire().facts.examples.values())))


def _delete_nothing(trip: Trip) -> Reply:
    return _done("delete") if trip.at(trip.id).is_success else trip.passed()


def _delete_two(trip: Trip) -> Reply:
    got = trip.passed()
    if got.is_success and (others := _others(trip)):
        trip.at(others[-1], "DELETE")
    return got


def _show_what_was(trip: Trip) -> Reply:
    got = trip.passed()
    return got if got.is_success else trip.memory.shown.get(trip.id, got)


def _list_what_was(trip: Trip) -> Reply:
    got, memory = trip.passed(), trip.memory
    data = data_of(got) if got.is_success else None
    rows = wire().read("list", "rows", data)
    last = next((memory.shown[one] for one in reversed(memory.gone) if one in memory.shown), None)
    if not isinstance(rows, list) or last is None or trip.query.get(wire().facts.page_parameter, "1") != "1":
        return got
    rows.extend(wire().rows("retrieve", data_of(last)))
    return with_data(got, data)


def _update_two(trip: Trip) -> Reply:
    got = trip.passed()
    if got.is_success and (others := _others(trip)):
        trip.forward(trip.sent._replace(target=wire().target(others[-1])))
    return got


def _create_two(trip: Trip) -> Reply:
    trip.passed()
    return trip.passed()


def _store_what_is_refused(trip: Trip) -> Reply:
    got = trip.passed()
    if not got.is_success and trip.key in trip.memory.keys and trip.form is not None:
        trip.with_form(_example())
    return got


def _update_and_create(trip: Trip) -> Reply:
    got = trip.passed()
    if got.is_success and trip.form is not None:
        trip.with_form(_example(), wire().target(""))
    return got


def _write_nowhere(trip: Trip) -> Reply:
    got = trip.passed()
    if got.status != 404 or trip.kind not in {"update", "delete"}:
        return got
    top, name = wire().steps("update", "id")
    return _done("delete") if trip.kind == "delete" else _done("update", {top: {name: trip.id}})


def _show_nothing(trip: Trip) -> Reply:
    got = trip.passed()
    return _done("retrieve", dict.fromkeys(wire().steps("retrieve", "row"))) if got.status == 404 else got


def _show_to_all(trip: Trip) -> Reply:
    got = trip.passed()
    tried = map(trip.with_key, trip.memory.keys if got.status == 404 else ())
    return next((other for other in tried if other.is_success), got)


def _use_ids_again(trip: Trip) -> Reply:
    """Give new rows the ids of deleted ones: the notes have the real id by the one that is shown."""
    real, kind, name = trip.memory.notes, trip.kind, wire().facts.row["id"]
    shown = {value: key for key, value in real.items()}
    free = next((row for row in trip.memory.gone if row not in real), 0)
    to = trip.sent._replace(target=wire().target(real[trip.id])) if real.get(trip.id) else trip.sent
    got = with_rows(
        trip, trip.forward(to), lambda row: row.update({name: shown.get(row.get(name), row.get(name))})
    )
    if kind == "delete" and got.is_success:
        real.pop(trip.id, None)
    created = wire().created(got)
    if not created or kind not in {"create", "update"} or (kind == "create" and not free):
        return got
    if kind == "create":
        real[free] = created
    data = data_of(got)
    wire().write("create", "id", data, free if kind == "create" else trip.id)
    return with_data(got, data)
