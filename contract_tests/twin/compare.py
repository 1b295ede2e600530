"""Compares the responses of two services: headers, values, and times by their form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from contract_tests.document import Facts, by_form
from contract_tests.guard.exchange import Exchange
from contract_tests.learning.responses import kind_of
from contract_tests.target.api import json_in

_SHAPE = "%Y-%m-%d %H:%M:%S"
_ZONE_STEP = timedelta(minutes=30)


def _clock(exchange: Exchange) -> datetime:
    """Return when a response was sent, by its Date header or else by this computer's clock."""
    for name, text in exchange.headers:
        if name.lower() == "date":
            try:
                return parsedate_to_datetime(text).astimezone(UTC)
            except ValueError:
                break
    return datetime.now(UTC)


# Compared without regard to blanks and case.
_AS_THEY_ARE = ("content-type", "access-control-allow-origin", "allow", "www-authenticate")
_NONE = "(none)"
_THERE = "(there)"


# A number that is not part of a word or of a placeholder for a random word.
_NUMBER = re.compile(r"\{[^}]*\}|(?<![0-9A-Za-z])\d+")


def _by_number(text: str, ids: Sequence[int]) -> str:
    """Return a text with row numbers in place of ids, and with the form of values that are new each time."""
    shown = by_form(text)
    if _NUMBER.search(shown) is None:
        return shown
    numbers = {str(row): f"(row {number + 1})" for number, row in enumerate(ids)}
    return _NUMBER.sub(lambda found: numbers.get(found[0], found[0]), shown)


_MISSING = "(nothing)"
_OWN = "row "


class Difference(NamedTuple):
    """One place where two responses differ, with the value of each side."""

    place: str
    left: Any
    right: Any


# Tells whether a difference is accepted.
Accepts = Callable[[str, Difference], bool]


class Rows:
    """The rows of one side: those of the sequence and those that were there before, each by number."""

    def __init__(self, others: list[int]) -> None:
        self.own: list[int] = []
        self._others = {row: number for number, row in enumerate(others)}
        self._created: dict[Any, str] = {}  # the time of creation that was first shown of each row

    def named(self, row: Any) -> str:
        """Return the common name of a row on both sides."""
        if row in self.own:
            return f"{_OWN}{self.own.index(row) + 1}"
        return f"other {self._others[row] + 1}" if row in self._others else f"unknown {kind_of(row)}"

    def keeps_creation(self, row: Any, text: str) -> bool:
        """Tell whether a row's time of creation is still the one that was first shown."""
        return self._created.setdefault(row, text) == text


class Side(NamedTuple):
    """A response, with the base URL and the rows of its side."""

    exchange: Exchange
    base: str
    rows: Rows


Sides = tuple[Side, Side]


class Comparison:
    """Compares responses by one document. `lined_up`: both sides have equally many rows of others to compare."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self.lined_up = True
        words = facts.row
        self._id, self._settings = words["id"], words["settings"]
        self._times = {words[word]: word for word in ("created", "changed") if word in words}
        listed = facts.operation("list").response
        self._rows = "/" + "/".join(facts.schemas.path_to(listed, "rows"))
        counting = ("total", "total-pages", "link-last", "link-next", "link-previous")
        self._counting = {"/" + "/".join(facts.schemas.path_to(listed, word)) for word in counting}
        self._affairs = frozenset(_affairs(facts))
        self._words = facts.headers

    def differences(self, left: Side, right: Side) -> list[Difference]:
        """Return every place where two responses differ; empty if the guard refused a request."""
        one, other = left.exchange, right.exchange
        if one.refused or other.refused:
            return []
        if one.failed or other.failed:
            told = one.failed or "an answer", other.failed or "an answer"
            return [] if one.failed == other.failed else [Difference("answer", *told)]
        found = [Difference("status", one.status, other.status)] if one.status != other.status else []
        shown = [_headers(side, self._words) for side in (left, right)]
        found += [
            Difference(f"header {name}", shown[0][name], shown[1][name])
            for name in sorted(shown[0].keys() & shown[1].keys())
            if shown[0][name] != shown[1][name]
        ]
        if 300 <= one.status < 400 and one.status == other.status:
            return found  # the page of a redirect is for people
        return [*found, *self._bodies((left, right))]

    def _bodies(self, sides: Sides) -> Iterator[Difference]:
        texts = [side.exchange.body for side in sides]
        one, other = (json_in(text) for text in texts)
        if one is None or other is None:
            alike = one is other and bool(texts[0].strip()) == bool(texts[1].strip())
            yield from () if alike else [Difference("body", *map(_short, texts))]
        else:
            yield from self._nodes(one, other, "", sides)

    def _nodes(self, one: Any, other: Any, place: str, sides: Sides) -> Iterator[Difference]:
        if isinstance(one, dict) and isinstance(other, dict):
            yield from self._objects(one, other, place, sides)
        elif isinstance(one, list) and isinstance(other, list):
            yield from self._lists(one, other, place, sides)
        elif not self.lined_up and place in self._counting:
            return
        elif isinstance(one, str) and isinstance(other, str):
            given = one.removeprefix(sides[0].base), other.removeprefix(sides[1].base)
            if given[0] != given[1]:
                shown = (_by_number(text, side.rows.own) for text, side in zip(given, sides, strict=True))
                if len({*shown}) > 1:
                    yield Difference(place, one, other)
        elif (kind_of(one), one) != (kind_of(other), other):
            yield Difference(place, one, other)

    def _objects(
        self, one: Mapping[str, Any], other: Mapping[str, Any], place: str, sides: Sides
    ) -> Iterator[Difference]:
        is_row = self._id in one and self._id in other
        if is_row:
            names = [side.rows.named(row[self._id]) for side, row in zip(sides, (one, other), strict=True)]
            if names[0] != names[1]:
                yield Difference(f"{place}/{self._id}", *names)
                return
            if not names[0].startswith(_OWN):
                return  # only the place of a row of others is compared
        for key in [*one, *(key for key in other if key not in one)]:
            below = f"{place}/{key}"
            if key not in one or key not in other:
                yield Difference(below, one.get(key, _MISSING), other.get(key, _MISSING))
            elif is_row:
                yield from self._property(key, (one, other), below, sides)
            else:
                yield from self._nodes(one[key], other[key], below, sides)

    def _property(
        self, key: str, rows: tuple[Mapping[str, Any], Mapping[str, Any]], place: str, sides: Sides
    ) -> Iterator[Difference]:
        """Compare a property of a handler of the sequence."""
        values = rows[0][key], rows[1][key]
        if key == self._id:
            return
        if key in self._times:
            shown = [
                _time_of(side, row[key], row[self._id], self._times[key])
                for row, side in zip(rows, sides, strict=True)
            ]
            if shown[0] != shown[1]:
                yield Difference(place, f"{values[0]} ({shown[0]})", f"{values[1]} ({shown[1]})")
        elif key in self._affairs:
            if kind_of(values[0]) != kind_of(values[1]):
                yield Difference(place, *values)
        elif key == self._settings and all(isinstance(value, str) for value in values):
            trees = [json_in(value) for value in values]
            if trees[0] != trees[1] or (trees[0] is None and values[0] != values[1]):
                yield Difference(place, *values)
        else:
            yield from self._nodes(*values, place, sides)

    def _lists(self, one: list[Any], other: list[Any], place: str, sides: Sides) -> Iterator[Difference]:
        lists = [one, other]
        if place == self._rows and all(isinstance(row, dict) for row in (*one, *other)):
            if not self.lined_up:
                lists = [
                    [row for row in rows if side.rows.named(row.get(self._id)).startswith(_OWN)]
                    for rows, side in zip(lists, sides, strict=True)
                ]
            names = [
                [side.rows.named(row.get(self._id)) for row in rows]
                for rows, side in zip(lists, sides, strict=True)
            ]
            if names[0] != names[1]:
                yield Difference(f"{place} (rows)", ", ".join(names[0]), ", ".join(names[1]))
                return
        if len(lists[0]) != len(lists[1]):
            yield Difference(place, one, other)
            return
        for number, (item, its_twin) in enumerate(zip(lists[0], lists[1], strict=True)):
            yield from self._nodes(item, its_twin, f"{place}/{number}", sides)


def _time_of(side: Side, value: Any, row: Any, word: str) -> str:
    """Describe a time without its clock: presence, form, zone, and whether a time of creation stays the same."""
    if value is None:
        return "null"
    try:
        moment = datetime.strptime(str(value), _SHAPE).replace(tzinfo=UTC)
    except ValueError:
        return f"not a time of the documented form: {value!r}"
    zone = f"now, {round((moment - _clock(side.exchange)) / _ZONE_STEP) / 2:+g} h"
    is_kept = word != "created" or side.rows.keeps_creation(row, str(value))
    return zone if is_kept else f"{zone}, another than at first"


def _headers(side: Side, words: Mapping[str, str]) -> Mapping[str, str]:
    """Return the headers in the form in which they are compared, by name in lower case."""
    counting = [words[word] for word in ("quota-remaining", "quota-reset") if word in words]
    given = {name.lower(): value for name, value in side.exchange.headers}
    shown = {name: "".join(given.get(name, _NONE).lower().split()) for name in _AS_THEY_ARE}
    # The page of a redirect, and any HTML, is for people.
    if 300 <= side.exchange.status < 400:
        del shown["content-type"]
    elif "html" in shown["content-type"]:
        shown["content-type"] = shown["content-type"].partition(";")[0]
    shown["location"] = _placed(given.get("location", _NONE), side)
    for name in ("retry-after", *counting):  # only their presence is compared: they count or measure
        shown[name] = _THERE if name in given else _NONE
    if limit := words.get("quota-limit"):
        shown[limit] = given.get(limit, _NONE)
    return shown


def _placed(location: str, side: Side) -> str:
    """Return a location relative to the side's origin, with row numbers in place of ids."""
    return _by_number(location.removeprefix(side.base[: side.base.find("/", len("https://"))]), side.rows.own)


def _affairs(facts: Facts) -> Iterator[str]:
    """Yield the readOnly properties of a handler whose meaning is unknown."""
    for kind in ("retrieve", "create", "update"):
        answer = facts.operation(kind).response
        steps = facts.schemas.path_to(answer, "row") or facts.schemas.path_to(answer, "id")[:-1]
        for key, node in facts.schemas.properties(facts.schemas.at(answer, steps)).items():
            if node.get("readOnly") and "x-value" not in node:
                yield key


def _short(text: str) -> str:
    return text if len(text) < 200 else f"{text[:200]}…"
