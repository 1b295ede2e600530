"""Services that go wrong over time: what a create, an update or a delete leaves, and what lists show of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from contract_tests.mutants.wire import (
    Begin,
    Forward,
    GotResponse,
    Kind,
    Mutant,
    RowData,
    Sabotage,
    SentRequest,
    Wire,
)

Rows = Callable[[list[RowData], int, list[RowData]], list[RowData]]


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
        def sabotage(sent: SentRequest, forward: Forward) -> GotResponse:
            got = forward(sent)
            data = got.data() if wire.kind(sent) == "list" and got.succeeded else None
            rows = wire.read("list", "rows", data)
            if not isinstance(rows, list):
                return got
            page = sent.query.get(wire.facts.page_parameter, "1")
            number = int(page) if page.isdecimal() and len(page) < 9 else 1
            before: list[RowData] = []
            if number > 1 and rows:
                earlier = sent.query | {wire.facts.page_parameter: str(number - 1)}
                before = wire.read("list", "rows", forward(sent.with_query(earlier)).data()) or []
            wire.write("list", "rows", data, change(rows, number, before))
            return got.with_data(data)

        return sabotage

    return begin


def _repeat(rows: list[RowData], number: int, before: list[RowData]) -> list[RowData]:
    return [before[-1], *rows[:-1]] if number > 1 and before and rows else rows


def _skip(rows: list[RowData], number: int, before: list[RowData]) -> list[RowData]:  # noqa: ARG001  # a Rows
    return rows[1:] if number > 1 else rows


def _reverse(rows: list[RowData], number: int, before: list[RowData]) -> list[RowData]:  # noqa: ARG001  # a Rows
    return rows[::-1] if number > 1 else rows


def _behead(rows: list[RowData], number: int, before: list[RowData]) -> list[RowData]:  # noqa: ARG001  # a Rows
    return rows[1:] if number == 1 else rows


def _swap(rows: list[RowData], number: int, before: list[RowData]) -> list[RowData]:  # noqa: ARG001  # a Rows
    return [*rows[1::-1], *rows[2:]] if len(rows) > 1 else rows


def _asked(wire: Wire, change: Callable[[Wire, dict[str, str]], None]) -> Begin:
    def begin() -> Sabotage:
        def sabotage(sent: SentRequest, forward: Forward) -> GotResponse:
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


_JSON = (("Content-Type", "application/json"),)
_KEY = "Authorization"


@dataclass
class Lives:
    """One sabotaged service's memory: ids that were created, by which key, and what was last shown of each."""

    wire: Wire
    way: str
    own: list[int] = field(default_factory=list)
    seen: dict[int, GotResponse] = field(default_factory=dict)
    gone: list[int] = field(default_factory=list)
    shown_as: dict[int, int] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)

    def answer(self, sent: SentRequest, forward: Forward) -> GotResponse:
        """Answer a request in this service's way, and remember what it did."""
        kind = self.wire.kind(sent)
        way = getattr(self, f"_{self.way}_{kind}", None) if kind else None
        got: GotResponse = way(sent, forward) if way else forward(sent)
        if got.succeeded and sent.header(_KEY) and sent.header(_KEY) not in self.keys:
            self.keys.append(sent.header(_KEY))
        if kind == "create" and (created := self.wire.created(got)):
            self.own.append(created)
        if kind == "retrieve" and got.succeeded:
            self.seen[self.wire.id_in(sent)] = got
        if kind == "delete" and got.succeeded:
            self.gone.append(self.wire.id_in(sent))
            self.own = [one for one in self.own if one != self.wire.id_in(sent)]
        return got

    def _idle_delete(self, sent: SentRequest, forward: Forward) -> GotResponse:
        shown = forward(self.wire.at(sent, self.wire.id_in(sent)))
        return self._done("delete") if shown.succeeded else forward(sent)

    def _greedy_delete(self, sent: SentRequest, forward: Forward) -> GotResponse:
        got = forward(sent)
        others = [one for one in self.own if one != self.wire.id_in(sent)]
        if got.succeeded and others:
            forward(self.wire.at(sent, others[-1], "DELETE"))
        return got

    def _cached_retrieve(self, sent: SentRequest, forward: Forward) -> GotResponse:
        got = forward(sent)
        return got if got.succeeded else self.seen.get(self.wire.id_in(sent), got)

    def _lingering_list(self, sent: SentRequest, forward: Forward) -> GotResponse:
        got = forward(sent)
        data = got.data() if got.succeeded else None
        rows = self.wire.read("list", "rows", data)
        page = sent.query.get(self.wire.facts.page_parameter, "1")
        last = next((self.seen[one] for one in reversed(self.gone) if one in self.seen), None)
        if not isinstance(rows, list) or last is None or page != "1":
            return got
        rows.extend(self.wire.rows("retrieve", last.data()))
        return got.with_data(data)

    def _spreading_update(self, sent: SentRequest, forward: Forward) -> GotResponse:
        got = forward(sent)
        others = [one for one in self.own if one != self.wire.id_in(sent)]
        if got.succeeded and others:
            forward(replace(sent, target=self.wire.at(sent, others[-1]).target))
        return got

    def _doubling_create(self, sent: SentRequest, forward: Forward) -> GotResponse:
        forward(sent)
        return forward(sent)

    def _storing_create(self, sent: SentRequest, forward: Forward) -> GotResponse:
        got, example = forward(sent), next(iter(self.wire.facts.examples.values()))
        if not got.succeeded and sent.header(_KEY) in self.keys and sent.form() is not None:
            forward(sent.with_form(example))
        return got

    def _copying_update(self, sent: SentRequest, forward: Forward) -> GotResponse:
        example = next(iter(self.wire.facts.examples.values()))
        got = forward(sent)
        if got.succeeded and sent.form() is not None:
            above = sent.target.partition("?")[0].rstrip("/").rpartition("/")[0]
            forward(replace(sent.with_form(example), target=above))
        return got

    def _lenient_delete(self, sent: SentRequest, forward: Forward) -> GotResponse:
        got = forward(sent)
        return self._done("delete") if got.status == 404 else got

    def _lenient_update(self, sent: SentRequest, forward: Forward) -> GotResponse:
        got = forward(sent)
        if got.status != 404:
            return got
        data: RowData = {}
        top, name = self.wire.steps("update", "id")
        data[top] = {name: self.wire.id_in(sent)}
        return self._done("update").with_data(data)

    def _blind_retrieve(self, sent: SentRequest, forward: Forward) -> GotResponse:
        got = forward(sent)
        if got.status != 404:
            return got
        return self._done("retrieve").with_data(dict.fromkeys(self.wire.steps("retrieve", "row")))

    def _shared_retrieve(self, sent: SentRequest, forward: Forward) -> GotResponse:
        got = forward(sent)
        for key in self.keys if got.status == 404 else ():
            other = forward(sent.with_header(_KEY, key))
            if other.succeeded:
                return other
        return got

    def _done(self, kind: str) -> GotResponse:
        return GotResponse(self.wire.facts.operation(kind).success, _JSON, b"")


def life_mutants(wire: Wire) -> Iterator[Mutant]:
    """Yield the mutants of lives."""
    for way, name, sentence in (
        ("idle", "delete-does-nothing", "A delete succeeds and deletes nothing."),
        ("greedy", "delete-takes-another", "A delete takes the newest other row along."),
        ("cached", "deleted-still-shown", "A deleted row can still be retrieved."),
        ("lingering", "deleted-still-listed", "A deleted row is still listed."),
        ("spreading", "update-touches-another", "An update changes another row, too."),
        ("doubling", "create-makes-two", "A create makes two rows."),
        ("storing", "refused-create-stores", "A refused create makes a row all the same."),
        ("copying", "update-makes-row", "An update makes a row, too."),
        ("lenient", "absent-rows-written", "A delete or an update of no row succeeds."),
        ("blind", "absent-row-is-null", "Retrieving no row answers null."),
        ("shared", "rows-of-other-keys", "A row can be retrieved with another account's key."),
    ):
        yield Mutant(name, Kind.BUG, sentence, _lives(wire, way))
    yield Mutant("id-used-again", Kind.BUG, "A new row gets the id of a deleted one.", _again(wire))


def _lives(wire: Wire, way: str) -> Begin:
    return lambda: Lives(wire, way).answer


def _again(wire: Wire) -> Begin:
    """Begin a sabotage that gives new rows the ids of deleted ones."""

    def begin() -> Sabotage:
        free: list[int] = []
        real: dict[int, int] = {}
        name = wire.facts.row["id"]

        def show(row: RowData) -> None:
            row[name] = {value: key for key, value in real.items()}.get(row.get(name, 0), row.get(name))

        def sabotage(sent: SentRequest, forward: Forward) -> GotResponse:
            kind, asked = wire.kind(sent), wire.id_in(sent)
            to = replace(sent, target=wire.at(sent, real[asked]).target) if asked in real else sent
            got = wire.with_rows(sent, forward(to), show)
            if kind == "delete" and got.succeeded:
                real.pop(asked, None)
                free.append(asked)
            created = wire.created(got) if kind in ("create", "update") else 0
            if kind == "create" and created and free:
                real[free[0]] = created
                created = free.pop(0)
            elif kind == "update" and created:
                created = asked
            if not created:
                return got
            data = got.data()
            wire.write("create", "id", data, created)
            return got.with_data(data)

        return sabotage

    return begin
