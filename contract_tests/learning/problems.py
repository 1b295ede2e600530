"""Learns how a service reports problems: the first one alone, or all of them as items of one body.

To find out, two problems are sent at once. Refusals of one shape share a named example. Where they differ, outside of
the items, the example gets a placeholder, which the row that refuses fills (`with`).
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from contract_tests.learning.presentation import Look

# Names of placeholders that a row may fill.
_HOLES = ("message", "rule", "code", "label", "limit")

# Separators between two messages in one text.
_BETWEEN = re.compile(r"[\s,;.:|/&-]{1,4}|,? (?:and|or) ")
_NUMBER_AT_END = re.compile(r"(?<![\w.])[0-9]+\Z")

Steps = tuple[Any, ...]


class Items(NamedTuple):
    """Where the items of problems are in the bodies of refusals, and whether they are a list, or a mapping by field."""

    steps: Steps
    by_field: bool


class More(NamedTuple):
    """How a text gives the number of further items: where the text is, and how it ends for one item and for several.

    In such an end, `{count}` stands for the number.
    """

    steps: Steps
    one: str
    many: str

    def without(self, value: Any) -> Any:
        """Return a body without such an end of its text."""
        text, ends = _at(value, self.steps), (re.escape(end) for end in (self.one, self.many))
        if not isinstance(text, str):
            return value
        pattern = "|".join(end.replace(re.escape("{count}"), "[0-9]+") for end in ends)
        return _with(value, self.steps, re.sub(rf"(?:{pattern})\Z", "", text))

    def told(self, value: Any) -> Any:
        """Return a body with a placeholder for such an end of its text."""
        text = _at(value, self.steps)
        return _with(value, self.steps, text + "{more}") if isinstance(text, str) else value


class Joined(NamedTuple):
    """A text that reports all problems in a row: where it is, what precedes the problems, and what separates them."""

    steps: Steps
    prefix: str
    sign: str

    def message(self, value: Any) -> str | None:
        """Return what a body says about its problem in this text; None if it is another kind of body."""
        text = _at(value, self.steps)
        is_one = isinstance(text, str) and text.startswith(self.prefix)
        return text[len(self.prefix) :] if is_one else None


@dataclass(frozen=True, slots=True)
class Telling:
    """How bodies report several problems at once.

    `items`: where their items are; `more`: how the number of further items is given; `joined`: the text that reports
    all of them; `counted`: where the number of problems is, at the end of a text or alone.
    """

    items: Items | None = None
    more: More | None = None
    joined: Joined | None = None
    counted: Steps | None = None

    @property
    def tells_all(self) -> bool:
        """Whether one body reports several problems."""
        return self.items is not None or self.joined is not None

    @property
    def words(self) -> dict[str, Any]:
        """The same as `errors` of `x-service` says it."""
        more = {} if self.more is None else {"more": {"one": self.more.one, "many": self.more.many}}
        joined = {} if self.joined is None else {"joined": self.joined.sign}
        return {"told": "all", **more, **joined}

    def listed(self, value: Any) -> list[Any]:
        """Return what a body says about each of its problems; nothing if it is another kind of body."""
        if self.items is None:
            message = None if self.joined is None else self.joined.message(value)
            return [] if message is None or self.joined is None else message.split(self.joined.sign)
        node = _at(value, self.items.steps)
        if self.items.by_field and isinstance(node, dict):
            return [each for told in node.values() for each in (told if isinstance(told, list) else [told])]
        return node if isinstance(node, list) and not self.items.by_field else []

    def part(self, value: Any) -> str:
        """Return what a body with one problem says about it, as it would stand in the JSON of a body with several."""
        if self.items is None:
            return json.dumps(None if self.joined is None else self.joined.message(value))[1:-1]
        node = _at(value, self.items.steps)
        if isinstance(node, list) or (isinstance(node, dict) and len(node) == 1):
            return json.dumps(node)[1:-1]
        return ""


class Named(NamedTuple):
    """A refusal as a row gives it: its name, the item of this problem, and what fills the placeholders."""

    name: str
    item: Any = None
    told: Mapping[str, str] | None = None


def find_items(one: Any, other: Any, both: Any) -> Items | None:
    """Return where a body with two problems has the items of both; None if it reports one alone."""
    if both in (one, other):
        return None
    for steps, node in _nodes(both):
        first, second = _at(one, steps), _at(other, steps)
        if _are(list, node, first, second) and len(first) == len(second) == 1 and len(node) == 2:
            return Items(steps, by_field=False)
        if _are(dict, node, first, second) and len(first) == len(second) == 1:
            keys = {*first, *second}
            if len(keys) == 2 and keys == node.keys():
                return Items(steps, by_field=True)
    return None


def find_telling(one: Any, other: Any, both: Any) -> Telling:
    """Return how a body reports two problems together, given the bodies that report each alone."""
    if both in (one, other):
        return Telling()
    counted = next((steps for steps, _ in _nodes(both) if _is_counted(one, other, both, steps)), None)
    return Telling(find_items(one, other, both), None, find_joined(one, other, both), counted)


def find_joined(one: Any, other: Any, both: Any) -> Joined | None:
    """Return where a body with two problems has a text that joins those of two other bodies; None if nowhere."""
    for steps, text in _nodes(both):
        pair = _at(one, steps), _at(other, steps)
        if not _are(str, text, *pair):
            continue
        # Messages may begin alike, so what precedes them must end with a sign.
        ends = [n for n, sign in enumerate(pair[0], 1) if sign in " :\n" and pair[1].startswith(pair[0][:n])]
        prefixes = ["", *(pair[0][:n] for n in reversed(ends))]
        for first, second in (pair, pair[::-1]):
            for prefix in prefixes if text.startswith(first) else ():
                sign = text[len(first) :].removesuffix(second[len(prefix) :])
                if len(first) + len(sign) < len(text) and _BETWEEN.fullmatch(sign):
                    return Joined(steps, prefix, sign)
    return None


def _is_counted(one: Any, other: Any, both: Any, steps: Steps) -> bool:
    """Tell whether bodies with one problem have the number 1 at a place, and the body with both has 2."""
    numbers = [_NUMBER_AT_END.search(str(_at(value, steps))) for value in (one, other, both)]
    is_number = not any(isinstance(_at(value, steps), (dict, list, bool)) for value in (one, other, both))
    return is_number and [found and found[0] for found in numbers] == ["1", "1", "2"]


def find_more(alone: Sequence[Any], both: Any) -> More | None:
    """Return how a text gives the number of items, judging by bodies with one problem each and one with two of them.

    A problem may have several items, which shows how larger numbers are given.
    """
    for steps, text in _nodes(both):
        firsts = [first for each in alone if isinstance(first := _at(each, steps), str) and first]
        one = _counted(text, firsts)
        if "{count}" in one:
            start = one.partition("{count}")[0]
            ends = [_counted(first, firsts) for first in firsts]
            many = [end for end in ends if "{count}" in end and end.startswith(start) and end != one]
            return More(steps, one, many[0] if many else one)
    return None


def _counted(text: Any, firsts: Sequence[str]) -> str:
    """Return what a text has after one of the others, with a placeholder for the number; empty if nothing."""
    found = [text[len(first) :] for first in firsts if isinstance(text, str) and text.startswith(first)]
    end = max(found, key=len, default="")
    return re.sub(r"[0-9]+", "{count}", end) if len(re.findall(r"[0-9]+", end)) == 1 else ""


def _are(kind: type, *values: Any) -> bool:
    return all(isinstance(value, kind) for value in values)


def _nodes(value: Any, steps: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    yield steps, value
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _nodes(each, (*steps, key))


def _at(value: Any, steps: Steps) -> Any:
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value


@dataclass
class Refusals:
    """The named refusals of the forms, as they are being collected. `telling`: how they report several problems.

    `fields` are those of the forms; empty for problems of something else.
    """

    telling: Telling = Telling()
    taken: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    looks: dict[str, Look] = field(default_factory=dict)

    def name(self, look: Look, wanted: str) -> Named:
        """Return a look as a named refusal: a known one if that can express it, or else a new one."""
        item, message, envelope = self._taken_apart(look)
        said = {} if message is None else {"message": message}
        for name, known in self.looks.items():
            told = _filled(known.value, envelope)
            if told is not None and known._replace(value=None) == look._replace(value=None):
                return Named(name, item, {**told, **said} or None)
        name = wanted
        for number in range(2, 1000):
            if name not in self.looks and name not in self.taken:
                break
            name = f"{wanted}_{number}"
        self.looks[name] = look._replace(value=envelope)
        return Named(name, item, said or None)

    def widen(self, looks: Sequence[Look], wanted: str) -> None:
        """Make named refusals of looks with items: one for each shape, with placeholders where they differ."""
        shapes: dict[Any, list[Look]] = {}
        for look in looks:
            item, message, envelope = self._taken_apart(look)
            if item is not None or message is not None:
                bare = look._replace(value=None)
                shapes.setdefault((bare, repr(shape_of(envelope))), []).append(look._replace(value=envelope))
        for alike in shapes.values():
            value = _widened([look.value for look in alike], ["message"] if self.telling.joined else [])
            name = wanted
            for number in range(2, 1000):
                if name not in self.looks and name not in self.taken:
                    break
                name = f"{wanted}_{number}"
            self.looks[name] = alike[0]._replace(value=value)

    def said(self, name: str) -> Look:
        """Return a named refusal as the document says it."""
        look, more = self.looks[name], self.telling.more
        is_list = more is not None and "{item" in str(look.value)
        return look._replace(value=more.told(look.value)) if more and is_list else look

    def _is_field(self, key: str) -> bool:
        """Tell whether a key is a field, rather than a word for problems of the whole form."""
        return not self.fields or key in self.fields or key.startswith("{field")

    def _taken_apart(self, look: Look) -> tuple[Any, str | None, Any]:
        """Return the item of a problem, its message, and the body around both; None for what a body does not have."""
        telling, value, item = self.telling, look.value, None
        message = None if telling.joined is None else telling.joined.message(value)
        if telling.joined is not None and message is not None:
            value = _with(value, telling.joined.steps, telling.joined.prefix + "{messages}")
        if telling.items is not None:
            steps, by_field = telling.items
            node = _at(value, steps)
            bare = value if telling.more is None else telling.more.without(value)
            if by_field and isinstance(node, dict) and len(node) == 1 and self._is_field(*node):
                (item,) = node.values()
                is_list = isinstance(item, list)
                item = item[0] if is_list and len(item) == 1 else item
                value = _with(bare, steps, "{items-by-field}" if is_list else "{item-by-field}")
            elif not by_field and isinstance(node, list) and node:
                item = node[0] if len(node) == 1 else node
                value = _with(bare, steps, "{items}")
        if telling.counted is not None and (item is not None or message is not None):
            counted = _at(value, telling.counted)
            text = _NUMBER_AT_END.sub("{count}", str(counted))
            value = _with(value, telling.counted, text if isinstance(counted, str) else "{count:number}")
        return item, message, value


def _with(value: Any, steps: Steps, text: str) -> Any:
    """Return a body with a text at a place."""
    if not steps:
        return text
    changed = copy.deepcopy(value)
    node = changed
    for step in steps[:-1]:
        node = node[step]
    node[steps[-1]] = text
    return changed


def shape_of(value: Any) -> Any:
    """Return a body without its texts: bodies of one shape differ only in texts."""
    if isinstance(value, dict):
        return {key: shape_of(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape_of(each) for each in value]
    return "" if isinstance(value, str) and not value.startswith("{item") else value


def _widened(values: Sequence[Any], holes: list[str]) -> Any:
    """Return one body for several of one shape. Where their texts differ, it has placeholders, none of `holes`."""

    def widen(values: Sequence[Any], key: str) -> Any:
        first = values[0]
        if all(value == first for value in values):
            return first
        if isinstance(first, dict):
            return {name: widen([value[name] for value in values], name) for name in first}
        if isinstance(first, list):
            return [widen([value[n] for value in values], key) for n in range(len(first))]
        name = key if key in _HOLES and key not in holes else next(n for n in _HOLES if n not in holes)
        holes.append(name)
        return f"{{{name}}}"

    return widen(values, "")


def _filled(template: Any, value: Any) -> dict[str, str] | None:
    """Return what to fill into a template to get a body; None if nothing fits."""
    if isinstance(template, str) and isinstance(value, str):
        found = re.fullmatch(r"\{(" + "|".join(_HOLES) + r")\}", template)
        if found:
            return {found[1]: value}
        return {} if template == value else None
    if isinstance(template, dict) and isinstance(value, dict) and [*template] == [*value]:
        return _merged(_filled(template[key], value[key]) for key in template)
    if isinstance(template, list) and isinstance(value, list) and len(template) == len(value):
        return _merged(map(_filled, template, value))
    return {} if type(template) is type(value) and template == value else None


def _merged(parts: Iterator[dict[str, str] | None]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for part in parts:
        if part is None:
            return None
        found |= part
    return found
