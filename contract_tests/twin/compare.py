"""Compares two answers to one step: what both must share, and what each may have of its own.

Ids are paired by the creates of the sequence. A time is compared by whether it is there, by its form, its zone, and,
for a creation, by whether it stays; both services have clocks of their own. Links and locations are compared below each
service's own base URL, titles and texts as they are, JSON as data. What the document calls readOnly and knows no fact
for is the service's own affair: its type is compared. Rows that are none of the sequence's are compared by their place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from contract_tests.document.facts import Facts
from contract_tests.guard.exchange import Exchange
from contract_tests.learning.properties import kind_of
from contract_tests.twin.headers import header_differences
from contract_tests.twin.times import FirstSeen, time_of

_MISSING = "(nothing)"


class Difference(NamedTuple):
    """One place at which two answers differ, and what each side shows there."""

    place: str
    left: Any
    right: Any


class Rows:
    """The rows of one side: those of the sequence by their number, and those that were there, by theirs."""

    def __init__(self, others: list[int]) -> None:
        self.own: list[int] = []
        self._others = {row: number for number, row in enumerate(others)}
        self.first_seen = FirstSeen()

    def named(self, row: Any) -> str:
        """Return what both sides call a row."""
        if row in self.own:
            return f"row {self.own.index(row) + 1}"
        return f"other {self._others[row] + 1}" if row in self._others else f"unknown {kind_of(row)}"


class Side(NamedTuple):
    """An answer, with the base URL and the rows of the side that gave it."""

    exchange: Exchange
    base: str
    rows: Rows


class Comparison:
    """Compares answers by one document. `lined_up`: both sides hold as many rows of others."""

    def __init__(self, facts: Facts, *, lined_up: bool) -> None:
        self._facts = facts
        self._lined_up = lined_up
        words = facts.row
        self._id, self._settings = words["id"], words["settings"]
        self._times = {words[word]: word for word in ("created", "changed") if word in words}
        listed = facts.operation("list").answer
        self._rows = facts.schemas.path_to(listed, "rows")
        counting = ("total", "total-pages", "link-last", "link-next", "link-previous")
        self._counting = {"/" + "/".join(facts.schemas.path_to(listed, word)) for word in counting}
        self._affairs = frozenset(_affairs(facts))

    def differences(self, left: Side, right: Side) -> list[Difference]:
        """Return every place at which two answers differ; nothing where either was not given."""
        one, other = left.exchange, right.exchange
        if one.refused or other.refused:
            return []
        if one.failed or other.failed:
            return (
                []
                if one.failed == other.failed
                else [Difference("answer", one.failed or "an answer", other.failed or "an answer")]
            )
        found = [Difference("status", one.status, other.status)] if one.status != other.status else []
        found += [
            Difference(*each)
            for each in header_differences(self._facts, left.exchange, right.exchange, left.base, right.base)
        ]
        if 300 <= one.status < 400 and one.status == other.status:
            return found
        return [*found, *self._bodies(left, right)]

    def _bodies(self, left: Side, right: Side) -> Iterator[Difference]:
        trees = [_parsed(side.exchange.body) for side in (left, right)]
        if trees[0] is None and trees[1] is None:
            if bool(left.exchange.body.strip()) != bool(right.exchange.body.strip()):
                yield Difference("body", _short(left.exchange.body), _short(right.exchange.body))
        elif trees[0] is None or trees[1] is None:
            yield Difference("body", _short(left.exchange.body), _short(right.exchange.body))
        else:
            yield from self._nodes(trees[0], trees[1], "", left, right)

    def _nodes(self, one: Any, other: Any, place: str, left: Side, right: Side) -> Iterator[Difference]:
        if isinstance(one, dict) and isinstance(other, dict):
            yield from self._objects(one, other, place, left, right)
        elif isinstance(one, list) and isinstance(other, list):
            yield from self._lists(one, other, place, left, right)
        elif isinstance(one, str) and isinstance(other, str):
            shown = one.removeprefix(left.base), other.removeprefix(right.base)
            if shown[0] != shown[1] and not (place in self._counting and not self._lined_up):
                yield Difference(place, one, other)
        elif (kind_of(one), one) != (kind_of(other), other) and not (
            place in self._counting and not self._lined_up
        ):
            yield Difference(place, one, other)

    def _objects(
        self, one: Mapping[str, Any], other: Mapping[str, Any], place: str, left: Side, right: Side
    ) -> Iterator[Difference]:
        if self._id in one and self._id in other:
            names = left.rows.named(one[self._id]), right.rows.named(other[self._id])
            if names[0] != names[1]:
                yield Difference(f"{place}/{self._id}", *names)
                return
            if not names[0].startswith("row "):
                return  # a row of others: nothing of it is anybody's business but its place
        for key in [*one, *(key for key in other if key not in one)]:
            below = f"{place}/{key}"
            if key not in one or key not in other:
                yield Difference(below, one.get(key, _MISSING), other.get(key, _MISSING))
            elif key != self._id or self._id not in one:
                yield from self._member(key, one, other, below, left, right)

    def _member(
        self, key: str, one: Mapping[str, Any], other: Mapping[str, Any], place: str, left: Side, right: Side
    ) -> Iterator[Difference]:
        values = one[key], other[key]
        is_row = self._id in one
        if is_row and key in self._times:
            shown = [
                time_of(value, side.exchange, side.rows.first_seen, row[self._id], self._times[key])
                for value, side, row in zip(values, (left, right), (one, other), strict=True)
            ]
            if shown[0] != shown[1]:
                yield Difference(place, f"{values[0]} ({shown[0]})", f"{values[1]} ({shown[1]})")
        elif is_row and key in self._affairs:
            if kind_of(values[0]) != kind_of(values[1]):
                yield Difference(place, *values)
        elif is_row and key == self._settings and all(isinstance(value, str) for value in values):
            trees = [_parsed(value) for value in values]
            if trees[0] != trees[1] or trees[0] is None:
                yield from () if values[0] == values[1] else [Difference(place, *values)]
        else:
            yield from self._nodes(*values, place, left, right)

    def _lists(
        self, one: list[Any], other: list[Any], place: str, left: Side, right: Side
    ) -> Iterator[Difference]:
        if place == "/" + "/".join(self._rows):
            names = [
                [side.rows.named(row.get(self._id)) for row in rows if isinstance(row, dict)]
                for rows, side in ((one, left), (other, right))
            ]
            if not self._lined_up:
                names = [[name for name in each if name.startswith("row ")] for each in names]
                one = [row for row in one if left.rows.named(row.get(self._id)).startswith("row ")]
                other = [row for row in other if right.rows.named(row.get(self._id)).startswith("row ")]
            if names[0] != names[1]:
                yield Difference(f"{place} (rows)", ", ".join(names[0]), ", ".join(names[1]))
                return
        elif len(one) != len(other):
            yield Difference(place, one, other)
            return
        for number, pair in enumerate(zip(one, other, strict=False)):
            yield from self._nodes(*pair, f"{place}/{number}", left, right)


def _affairs(facts: Facts) -> Iterator[str]:
    """Yield the properties of a handler that are readOnly and show no fact that is known."""
    for kind in ("retrieve", "create", "update"):
        answer = facts.operation(kind).answer
        steps = facts.schemas.path_to(answer, "row") or facts.schemas.path_to(answer, "id")[:-1]
        for key, node in facts.schemas.properties(facts.schemas.at(answer, steps)).items():
            if node.get("readOnly") and "x-value" not in node:
                yield key


def _parsed(text: str) -> Any:
    """Return a JSON text as data, None where it is none; `null` is none either."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _short(text: str) -> str:
    return text if len(text) < 200 else f"{text[:200]}…"
