"""Services that page, count or link wrongly, though each answer keeps its shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from contract_tests.mutants.exchange import Forward, Got, Sabotage, Sent
from contract_tests.mutants.mutant import Kind, Mutant
from contract_tests.mutants.wire import Begin, Row, Wire

Rows = Callable[[list[Row], int, list[Row]], list[Row]]


def list_mutants(wire: Wire) -> Iterator[Mutant]:
    """Yield the list's mutants."""
    for name, sentence, begin in (
        ("page-repeats-row", "A page begins with the last row of the page before.", _paged(wire, _repeat)),
        ("page-skips-row", "A page after the first lacks its first row.", _paged(wire, _skip)),
        ("second-page-reversed", "Pages after the first are in the other order.", _paged(wire, _reverse)),
        ("newest-not-listed", "The first page lacks its first row.", _paged(wire, _behead)),
        ("first-two-swapped", "The first two rows of a page stand in the wrong order.", _paged(wire, _swap)),
        ("size-ignored", "The page size is ignored.", _asked(wire, _without_size)),
        ("largest-size-ignored", "The largest page size is ignored.", _asked(wire, _without_largest)),
        ("page-number-ignored", "The page's number is ignored.", _asked(wire, _without_page)),
        ("page-from-zero", "Pages count from 0.", _asked(wire, _later)),
        ("next-for-ever", "The last page has a next link, too.", _linked(wire, "link-next", "link-self")),
        (
            "self-is-first",
            "The self link is always the first page's.",
            _linked(wire, "link-self", "link-first"),
        ),
        (
            "last-is-first",
            "The last link is always the first page's.",
            _linked(wire, "link-last", "link-first"),
        ),
        (
            "previous-is-self",
            "The previous link is the page's own.",
            _linked(wire, "link-previous", "link-self"),
        ),
        ("first-is-self", "The first link is the page's own.", _linked(wire, "link-first", "link-self")),
        ("total-of-page", "The total counts the page's rows only.", wire.in_data(_counting(wire), "list")),
        ("names-differ-in-list", "The list shows names in capitals.", wire.in_data(_shouting(wire), "list")),
    ):
        yield Mutant(name, Kind.BUG, sentence, begin)


def _paged(wire: Wire, change: Rows) -> Begin:
    def begin() -> Sabotage:
        def sabotage(sent: Sent, forward: Forward) -> Got:
            got = forward(sent)
            data = got.data() if wire.kind(sent) == "list" and got.succeeded else None
            rows = wire.read("list", "rows", data)
            if not isinstance(rows, list):
                return got
            page = sent.query.get(wire.facts.page_parameter, "1")
            number = int(page) if page.isdecimal() and len(page) < 9 else 1
            before: list[Row] = []
            if number > 1 and rows:
                earlier = sent.query | {wire.facts.page_parameter: str(number - 1)}
                before = wire.read("list", "rows", forward(sent.with_query(earlier)).data()) or []
            wire.write("list", "rows", data, change(rows, number, before))
            return got.with_data(data)

        return sabotage

    return begin


def _repeat(rows: list[Row], number: int, before: list[Row]) -> list[Row]:
    return [before[-1], *rows[:-1]] if number > 1 and before and rows else rows


def _skip(rows: list[Row], number: int, before: list[Row]) -> list[Row]:  # noqa: ARG001  # a Rows
    return rows[1:] if number > 1 else rows


def _reverse(rows: list[Row], number: int, before: list[Row]) -> list[Row]:  # noqa: ARG001  # a Rows
    return rows[::-1] if number > 1 else rows


def _behead(rows: list[Row], number: int, before: list[Row]) -> list[Row]:  # noqa: ARG001  # a Rows
    return rows[1:] if number == 1 else rows


def _swap(rows: list[Row], number: int, before: list[Row]) -> list[Row]:  # noqa: ARG001  # a Rows
    return [*rows[1::-1], *rows[2:]] if len(rows) > 1 else rows


def _asked(wire: Wire, change: Callable[[Wire, dict[str, str]], None]) -> Begin:
    def begin() -> Sabotage:
        def sabotage(sent: Sent, forward: Forward) -> Got:
            if wire.kind(sent) != "list":
                return forward(sent)
            query = sent.query
            change(wire, query)
            return forward(sent if query == sent.query else sent.with_query(query))

        return sabotage

    return begin


def _without_size(wire: Wire, query: dict[str, str]) -> None:
    query.pop(wire.facts.size_parameter, None)


def _without_largest(wire: Wire, query: dict[str, str]) -> None:
    if query.get(wire.facts.size_parameter) == str(max(wire.facts.sizes)):
        _without_size(wire, query)


def _without_page(wire: Wire, query: dict[str, str]) -> None:
    query.pop(wire.facts.page_parameter, None)


def _later(wire: Wire, query: dict[str, str]) -> None:
    page = query.get(wire.facts.page_parameter, "")
    if page.isdecimal() and len(page) < 9:
        query[wire.facts.page_parameter] = str(int(page) + 1)


def _linked(wire: Wire, word: str, other: str) -> Begin:
    def change(data: Any) -> None:
        wire.write("list", word, data, wire.read("list", other, data))

    return wire.in_data(change, "list")


def _counting(wire: Wire) -> Callable[[Any], None]:
    def count(data: Any) -> None:
        wire.write("list", "total", data, len(wire.read("list", "rows", data) or ()))

    return count


def _shouting(wire: Wire) -> Callable[[Any], None]:
    def shout(data: Any) -> None:
        name = wire.facts.row["name"]
        for row in wire.rows("list", data):
            row[name] = str(row.get(name)).upper()

    return shout
