"""OpenAPI Overlays: read, checked and applied. An overlay can say that it was learned from a running service.

Source: https://spec.openapis.org/overlay/v1.0.html and https://spec.openapis.org/overlay/v1.1.html. We differ in one
thing: a target that matches nothing is an error, because an overlay that silently stops matching is never repaired.
With `x-optional: true` on the action, the specification's rule holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from math import prod
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

from mock_server.document.shape import is_linear, linear, shape
from mock_server.document.source import (
    Array,
    DocumentError,
    Object,
    Place,
    duplicate,
    place_of,
    read_object,
)

Verb = Literal["update", "copy", "remove"]
_VERBS: tuple[Verb, ...] = ("update", "copy", "remove")

LEARNED = "x-learned"
"""The extension of an overlay that was learned from a running service."""


class Action(NamedTuple):
    """A change: `payload` is an update's value, a copy's JSONPath, or None for a removal. `edition`: "1.0" or "1.1"."""

    edition: str
    target: str
    verb: Verb
    payload: Any
    optional: bool
    place: Place
    payload_place: Place


class Learned(NamedTuple):
    """Where an overlay was learned. `date` is in UTC; `digest` is that of the base document it was learned against.

    `answers` are the answers to open questions that the overlay's actions embody, the assumed ones too; `open` says of
    each other question why it stays open. `operations` are those that were seen to succeed, `refusals` those that were
    provoked. `unsaid` are sentences on what was seen and cannot be said in a document. `taught` says what the lessons
    are about. A question among them without an answer was settled, but not by a listed answer.
    """

    date: datetime
    target: str
    digest: str
    requests: int
    writes: bool
    operations: tuple[str, ...]
    refusals: tuple[str, ...]
    answers: Mapping[str, str]
    open: Mapping[str, str]
    unsaid: tuple[str, ...]
    taught: frozenset[str]
    file: str

    def still_open(self, questions: Iterable[str]) -> list[str]:
        """Return the questions that have neither an answer nor a lesson."""
        settled = (self.answers.keys() | self.taught) - self.open.keys()
        return [name for name in questions if name not in settled]


class Overlay(NamedTuple):
    """An overlay whose shape is checked. Its JSONPaths are read when it is applied.

    `learned` says where it was learned, None if it was written by hand.
    """

    actions: tuple[Action, ...]
    learned: Learned | None


def read_overlay(file: Path | str) -> Overlay:
    """Read an overlay file and check its shape. Raises DocumentError."""
    return parse_overlay(read_object(file))


def parse_overlay(data: Object) -> Overlay:
    """Check the shape of an overlay. Raises DocumentError."""
    shape("overlay").check(data)
    actions = parse_actions(data["actions"], edition=data["overlay"][:3])
    return Overlay(actions, _learned(data[LEARNED]) if LEARNED in data else None)


def parse_actions(actions: Array, edition: str = "1.1") -> tuple[Action, ...]:
    """Return the actions of a list whose shape is right."""
    return tuple(_action(action, edition) for action in actions)


def _action(data: Object, edition: str) -> Action:
    verb = next(verb for verb in _VERBS if verb in data)
    return Action(
        edition=edition,
        target=data["target"],
        verb=verb,
        payload=None if verb == "remove" else data[verb],
        optional=data.get("x-optional", False),
        place=place_of(data, "target"),
        payload_place=place_of(data, verb),
    )


def _learned(data: Object) -> Learned:
    facts: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in data.items()}
    facts["digest"] = facts.pop("document")
    lessons = facts.pop("lessons", ())
    facts["taught"] = frozenset(str(each["about"]) for each in lessons if "about" in each)
    try:
        facts["date"] = datetime.strptime(data["date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise DocumentError(f"{LEARNED}/date: Invalid date.", place_of(data, "date")) from None
    return Learned(**facts, file=data.place.file)


def apply_actions(document: Object, actions: tuple[Action, ...]) -> None:
    """Apply actions to the caller's own copy of a document, in place, each to the result of the one before.

    What is merged in keeps the place it came from and shares nothing with the actions. After a DocumentError the
    document is changed in part and cannot be used.
    """
    for action in actions:
        _perform(document, action)


def with_actions(document: Object, actions: tuple[Action, ...]) -> Object:
    """Return a document with actions applied to it, as `apply_actions` does. Raises DocumentError.

    It shares with the given document what the actions leave as it is, so change neither of the two. To copy all of a
    document takes longer than most answers to questions take to apply.
    """
    changed: Object = _shallow(document)
    for action in actions:
        for spot in _select(changed, action.target, action.place):
            if not spot.parts:
                changed = duplicate(changed)
                continue
            node: Any = changed
            for step in spot.parts[:-1]:
                node[step] = node = _shallow(node[step])
            node[spot.key] = duplicate(node[spot.key])
        _perform(changed, action)
    return changed


def _shallow(node: Any) -> Any:
    """Copy an Object or an Array, with the places of what it holds, but not what it holds."""
    copy = type(node)(node.place)
    copy.places = node.places.copy()
    if isinstance(node, Object):
        copy.update(node)
    else:
        copy.extend(node)
    return copy


class _Spot(NamedTuple):
    """A place in the tree: `container[key]` is `value`, and `parts` lead to it. The root has no container."""

    container: Any
    key: Any
    value: Any
    parts: tuple[Any, ...] = ()


# The longest JSONPath that is read, how often it may descend, which multiplies its work by the depth each time, and how
# often it may select a node.
_LONGEST_PATH, _DESCENTS, _REPEATS = 2000, 2, 16
_QUOTED = re.compile(r"""'(?:\\.|[^'\\])*+'|"(?:\\.|[^"\\])*+\"""", re.DOTALL)
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
# A wildcard, a slice or a filter beside another selector.
_MIXED = re.compile(r"[*]\s*,|,\s*[*?]|:[-\d\s]*,|,[-\d\s]*:")


def _check_work(path: str, place: Place) -> None:
    """Refuse a JSONPath that could select the same nodes again and again. Raises DocumentError."""
    texts: list[str] = []

    def number(match: re.Match[str]) -> str:
        texts.append(match[0][1:-1])
        return f"'{texts.index(texts[-1])}'"

    bare = _QUOTED.sub(number, path[: _LONGEST_PATH + 1])
    lists = [
        [each.strip() for each in inside.split(",")]
        for inside in _BRACKETS.findall(bare)
        if "?" not in inside
    ]
    times = prod(max(map(each.count, each)) for each in lists)
    if len(path) > _LONGEST_PATH or bare.count("..") > _DESCENTS or _MIXED.search(bare) or times > _REPEATS:
        what = (
            f"The JSONPath {path[:60]!r} selects too much: use `..` at most twice, repeat nothing, and let a wildcard, "
            "a slice or a filter stand alone in its brackets."
        )
        raise DocumentError(what, place)


@cache
def _environment() -> Any:
    """Return what reads JSONPaths. Their patterns are searched in linear time."""
    # This import takes some 50 ms, several times the reading of a document, and most runs apply no overlay.
    import jsonpath
    from jsonpath.function_extensions import ExpressionType, FilterFunction

    class Pattern(FilterFunction):
        arg_types: ClassVar = [ExpressionType.VALUE, ExpressionType.VALUE]
        return_type = ExpressionType.LOGICAL

        def __init__(self, form: str) -> None:
            self.form = form

        def __call__(self, value: object, pattern: object) -> bool:
            if not isinstance(value, str) or not isinstance(pattern, str):
                return False
            whole = self.form.format(pattern)
            return is_linear(whole) and linear(whole).is_valid(value)

    environment = jsonpath.JSONPathEnvironment(strict=True)
    environment.function_extensions |= {"search": Pattern("{}"), "match": Pattern("^(?:{})$")}
    return environment


@lru_cache(maxsize=256)
def _query(path: str) -> Any:
    """Return a compiled JSONPath. Raises what the library raises."""
    return _environment().compile(path)


def _select(document: Object, path: str, place: Place) -> list[_Spot]:
    import jsonpath

    _check_work(path, place)
    try:
        matches = list(_query(path).finditer(document))
    except jsonpath.JSONPathError as error:
        reason = str(error.message or "not valid").partition("\n")[0]
        raise DocumentError(f"The JSONPath {path!r} cannot be used ({reason}). Correct it.", place) from None
    # A query such as $['a','a'] selects a node twice, and it is to be changed once.
    once = {match.parts: match for match in matches}
    spots = []
    for parts, match in once.items():
        if match.parent is None:
            spots.append(_Spot(None, None, match.obj))
        elif isinstance(match.parent.obj, (Object, Array)):  # the library slices texts too: $.info.title[:]
            spots.append(_Spot(match.parent.obj, parts[-1], match.obj, parts))
    return spots


def _perform(document: Object, action: Action) -> None:
    spots = _select(document, action.target, action.place)
    if not spots:
        if action.optional:
            return
        message = f"The target {action.target!r} matches nothing. Correct it, or write `x-optional: true`."
        raise DocumentError(message, action.place)
    _check_kinds(spots, action)
    if action.verb == "remove":
        _remove(spots, action)
        return
    value, place = _payload(document, action)
    for spot in spots:
        _change(spot, value, place, action)


def _check_kinds(spots: list[_Spot], action: Action) -> None:
    kinds = {_kind(spot.value) for spot in spots}
    if action.edition == "1.0" and _PRIMITIVE in kinds:
        message = "The target is not an object or a list, which Overlay 1.1 allows. Write `overlay: 1.1.0`."
        raise DocumentError(message, action.place)
    if action.edition == "1.1" and action.verb != "remove" and len(kinds) > 1:
        message = f"The target matches {' and '.join(sorted(kinds))}. Write an action for each."
        raise DocumentError(message, action.place)


def _remove(spots: list[_Spot], action: Action) -> None:
    if any(spot.container is None for spot in spots):
        raise DocumentError("The target is the whole document. Name a part of it to remove.", action.place)
    # Later items first, so that an index still means the item it was found at.
    for spot in sorted(spots, key=lambda spot: spot.key if isinstance(spot.key, int) else -1, reverse=True):
        del spot.container[spot.key]


def _payload(document: Object, action: Action) -> tuple[Any, Place]:
    if action.verb == "update":
        return action.payload, action.payload_place
    spots = _select(document, action.payload, action.payload_place)
    if len(spots) != 1:
        message = f"The source {action.payload!r} matches {len(spots)} nodes. A copy needs exactly one."
        raise DocumentError(message, action.payload_place)
    spot = spots[0]
    place = document.place if spot.container is None else place_of(spot.container, spot.key)
    # A copy now, because the source may lie in a target, or around it.
    return duplicate(spot.value), place


def _change(spot: _Spot, value: Any, place: Place, action: Action) -> None:
    if isinstance(spot.value, Array):
        if isinstance(value, Array) and action.edition == "1.1":
            _concatenate(spot.value, value)
        else:
            spot.value.add(duplicate(value), place)
    elif _kind(spot.value) != _kind(value):
        message = f"The target is {_kind(spot.value)} and the {action.verb} gives {_kind(value)}."
        raise DocumentError(f"{message} Remove the target first to replace it.", action.payload_place)
    elif isinstance(spot.value, Object):
        _merge(spot.value, value)
    else:
        spot.container.put(spot.key, value, place)


def _merge(target: Object, update: Object) -> None:
    for key, value in update.items():
        place = place_of(update, key)
        present = target.get(key)
        if key not in target:
            target.put(key, duplicate(value), place)
        elif _kind(present) != _kind(value):
            message = f"{key!r} is {_kind(present)} at {place_of(target, key)} and {_kind(value)} here."
            raise DocumentError(f"{message} Remove it first to replace it.", place)
        elif isinstance(present, Object):
            _merge(present, value)
        elif isinstance(present, Array):
            _concatenate(present, value)
        else:
            target.put(key, value, place)


def _concatenate(target: Array, update: Array) -> None:
    for index, value in enumerate(update):
        target.add(duplicate(value), place_of(update, index))


_PRIMITIVE = "a primitive value"


def _kind(value: Any) -> str:
    if isinstance(value, Object):
        return "an object"
    return "a list" if isinstance(value, Array) else _PRIMITIVE
