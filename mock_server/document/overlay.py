"""Reads OpenAPI Overlays and applies them.

Source: https://spec.openapis.org/overlay/v1.0.html and https://spec.openapis.org/overlay/v1.1.html. We
differ in one thing: a target that matches nothing is an error, because an overlay that silently stopped
matching is an overlay nobody repairs. `x-optional: true` on the action gives the specification's rule.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from mock_server.document import shape
from mock_server.document.learned import Learned, parse_learned
from mock_server.document.places import Array, DocumentError, Object, Place, duplicate, place_of
from mock_server.document.source import read_object

if TYPE_CHECKING:
    from pathlib import Path

Edition = Literal["1.0", "1.1"]
Verb = Literal["update", "remove", "copy"]

_VERSION = re.compile(r"(1\.[01])\.\d+\Z")
_VERBS: dict[Edition, tuple[Verb, ...]] = {"1.0": ("update", "remove"), "1.1": ("update", "remove", "copy")}
_INFO: dict[Edition, tuple[str, ...]] = {
    "1.0": ("title", "version"),
    "1.1": ("title", "version", "description"),
}


class Action(NamedTuple):
    """One change: `payload` is an update's value, a copy's JSONPath, or None for a removal."""

    edition: Edition
    target: str
    verb: Verb
    payload: Any
    optional: bool
    place: Place
    payload_place: Place


class Overlay(NamedTuple):
    """An overlay that has the right shape; its JSONPaths are first looked at when it is applied.

    `learned` says where it was learned, None for one that somebody wrote.
    """

    edition: Edition
    title: str
    version: str
    extends: str | None
    actions: tuple[Action, ...]
    learned: Learned | None
    place: Place


def read_overlay(file: Path | str) -> Overlay:
    """Read an overlay file and check its shape, or raise DocumentError."""
    return parse_overlay(read_object(file))


def parse_overlay(data: Object) -> Overlay:
    """Check the shape of an overlay, or raise DocumentError."""
    what = "an overlay"
    found = _VERSION.match(shape.text(data, "overlay", what))
    if found is None:
        raise DocumentError("'overlay' must be 1.0.x or 1.1.x, write 1.1.0", place_of(data, "overlay"))
    edition = cast("Edition", found[1])
    shape.check_keys(data, ("overlay", "info", "extends", "actions"), what, extensible=True)
    info = shape.an_object(data, "info", "'info' of an overlay")
    shape.check_keys(info, _INFO[edition], f"'info' of a {edition} overlay", extensible=True)
    return Overlay(
        edition=edition,
        title=shape.text(info, "title", "'info'"),
        version=shape.text(info, "version", "'info'"),
        extends=shape.text(data, "extends", what) if "extends" in data else None,
        actions=parse_actions(shape.an_array(data, "actions", what, least=1), edition),
        learned=parse_learned(data),
        place=data.place,
    )


def parse_actions(actions: Array, edition: Edition = "1.1") -> tuple[Action, ...]:
    """Check the shape of a list of actions, or raise DocumentError."""
    return tuple(_action(shape.an_object(actions, at, "an action"), edition) for at in range(len(actions)))


def _action(data: Object, edition: Edition) -> Action:
    verbs = _VERBS[edition]
    if "copy" in data and edition == "1.0":
        raise DocumentError("'copy' came with Overlay 1.1, write `overlay: 1.1.0`", place_of(data, "copy"))
    shape.check_keys(data, ("target", "description", *verbs), "an action", extensible=True)
    if "description" in data:
        shape.text(data, "description", "an action")
    target = shape.text(data, "target", "an action")
    removes = shape.flag(data, "remove", "an action")
    given = [verb for verb in verbs if verb in data and (verb != "remove" or removes)]
    if len(given) != 1:
        choice = ", ".join(verb if verb != "remove" else "`remove: true`" for verb in verbs)
        message = f"an action needs exactly one of {choice}, this one has {len(given)}"
        raise DocumentError(message, place_of(data, "target"))
    verb = given[0]
    if verb == "copy":
        shape.text(data, "copy", "an action")
    return Action(
        edition=edition,
        target=target,
        verb=verb,
        payload=None if verb == "remove" else data[verb],
        optional=shape.flag(data, "x-optional", "an action"),
        place=place_of(data, "target"),
        payload_place=place_of(data, verb),
    )


def apply(document: Object, overlay: Overlay) -> None:
    """Apply an overlay to the caller's own copy of a document, in place.

    What is merged in keeps the place it came from and shares nothing with the overlay. After a
    DocumentError the document is changed in part and good for nothing.
    """
    apply_actions(document, overlay.actions)


def apply_actions(document: Object, actions: tuple[Action, ...]) -> None:
    """Apply actions in their order, each to the result of the one before, as `apply` does."""
    for action in actions:
        _perform(document, action)


class _Spot(NamedTuple):
    """A place in the tree: `container[key]` is `value`; the root has no container."""

    container: Any
    key: Any
    value: Any


def _select(document: Object, path: str, place: Place) -> list[_Spot]:
    # This import takes some 50 ms, several times the reading of a document, and most runs apply no overlay.
    import jsonpath

    try:
        matches = list(jsonpath.JSONPathEnvironment(strict=True).finditer(path, document))
    except jsonpath.JSONPathError as error:
        reason = str(error.message or "not valid").partition("\n")[0]
        raise DocumentError(f"the JSONPath {path!r} cannot be used ({reason}), mend it", place) from None
    # A query such as $['a','a'] selects a node twice, and it is to be changed once.
    once = {match.parts: match for match in matches}
    spots = []
    for parts, match in once.items():
        if match.parent is None:
            spots.append(_Spot(None, None, match.obj))
        elif isinstance(match.parent.obj, (Object, Array)):  # the library slices texts too: $.info.title[:]
            spots.append(_Spot(match.parent.obj, parts[-1], match.obj))
    return spots


def _perform(document: Object, action: Action) -> None:
    spots = _select(document, action.target, action.place)
    if not spots:
        if action.optional:
            return
        message = f"the target {action.target!r} matches nothing, mend it or say `x-optional: true`"
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
        message = "the target is no object or list, which only Overlay 1.1 allows, write `overlay: 1.1.0`"
        raise DocumentError(message, action.place)
    if action.edition == "1.1" and action.verb != "remove" and len(kinds) > 1:
        message = f"the target matches {' and '.join(sorted(kinds))}, write an action for each"
        raise DocumentError(message, action.place)


def _remove(spots: list[_Spot], action: Action) -> None:
    if any(spot.container is None for spot in spots):
        raise DocumentError("the target is the whole document, name a part of it to remove", action.place)
    # Later items first, so that an index still means the item it was found at.
    for spot in sorted(spots, key=lambda spot: spot.key if isinstance(spot.key, int) else -1, reverse=True):
        del spot.container[spot.key]


def _payload(document: Object, action: Action) -> tuple[Any, Place]:
    if action.verb == "update":
        return action.payload, action.payload_place
    spots = _select(document, action.payload, action.payload_place)
    if len(spots) != 1:
        message = f"the source {action.payload!r} matches {len(spots)} nodes, copy needs exactly one"
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
        message = f"the target is {_kind(spot.value)} and the {action.verb} gives {_kind(value)}"
        raise DocumentError(f"{message}, remove the target first to replace it", action.payload_place)
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
            message = f"{key!r} is {_kind(present)} at {place_of(target, key)} and {_kind(value)} here"
            raise DocumentError(f"{message}, remove it first to replace it", place)
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
