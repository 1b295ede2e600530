"""The handlers that a new world begins with, in the form in which the service shows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from mock_server.contract import Contract, parse
from mock_server.document import Array, DocumentError, Object, Place, nearest, place_of, plain, read
from mock_server.settings import Rules
from mock_server.state.clock import read_time
from mock_server.state.store import Item, Store
from mock_server.state.world import World


def read_seed(path: Path) -> Array:
    """Read a seed file: a YAML list of handlers, or a mapping with the list under `handlers`.

    Raises DocumentError, with file and line.
    """
    data = read(path)
    rows = data.get("handlers") if isinstance(data, Object) else data
    if not isinstance(rows, Array):
        what = "a seed is a list of handlers, or a mapping with that list under `handlers`."
        raise DocumentError(what, Place(str(path), 1))
    return rows


def seeded_world(contract: Contract, rules: Rules, rows: Array) -> World:
    """Return the world that others are forked from. Raises DocumentError at a row that the document forbids."""
    world = World(contract, rules, Store(), 1)
    world.store, world.next_id = store_of(world, rows)
    return world


def store_of(world: World, rows: Array) -> tuple[Store, int]:
    """Return the handlers of rows, as the world would write them, and the id of the next one.

    Raises DocumentError at a row that the document forbids.
    """
    store, next_id = Store(), 1
    numbered = [(_handler(world, rows, index), index) for index in range(len(rows))]
    numbered.sort(key=lambda pair: pair[0].id)
    for handler, index in numbered:
        if handler.id < next_id:
            raise DocumentError(f"the id {handler.id} is used twice.", place_of(rows, index))
        store.add(handler)
        next_id = handler.id + 1
    return store, next_id


def _handler(world: World, rows: Array, index: int) -> Item:
    """Make a handler of a row in the wire's form. What the server assigns may be left out, and `is_enabled`."""
    row, resource = rows[index], world.contract.resource
    if not isinstance(row, Object):
        raise DocumentError("a handler is a mapping: type, name, settings and so on.", place_of(rows, index))
    names = {word: key for key, word in resource.template.properties.items()}
    _check_needed(row, names, resource.types)
    settings = row.get(names["settings"])
    blank = _blank(world, index + 1, row[names["type"]], settings)
    known = parse(blank.wire)
    _check_keys(row, known, "a handler's properties")
    complete = {**known, **plain(row)}
    shown = known[names["settings"]]
    merged = settings if isinstance(settings, Object) and isinstance(shown, dict) else None
    if merged is not None:
        complete[names["settings"]] = {**shown, **plain(merged)}
    if complaint := resource.check(complete):
        if merged is not None:
            _check_keys(merged, blank.settings, f"the settings of {row[names['type']]}")
        key = complaint.partition(":")[0].partition("/")[0]
        raise DocumentError(f"the handler violates the document: {complaint}.", place_of(row, key))
    try:
        return _made(world, {word: complete[key] for word, key in names.items()}, blank.settings)
    except (ValueError, OverflowError) as error:
        raise DocumentError(f"the handler has a time that is none: {error}.", row.place) from None


def _check_keys(record: Object, known: Collection[str], whose: str) -> None:
    for key in record:
        if key not in known:
            listed = ", ".join(known) or "there are none"
            what = f"{key!r} is none of {whose}{nearest(key, known)}: {listed}."
            raise DocumentError(what, place_of(record, key))


def _check_needed(row: Object, names: Mapping[str, str], types: tuple[str, ...]) -> None:
    for word in ("type", "name"):
        if not isinstance(row.get(names[word]), str):
            for key in row:  # a misspelt one says more than a missing one
                if key not in names.values() and (hint := nearest(key, (names[word],))):
                    raise DocumentError(
                        f"{key!r} is none of a handler's properties{hint}.", place_of(row, key)
                    )
            raise DocumentError(f"the handler needs a {names[word]}, which is a text.", row.place)
    if types and row[names["type"]] not in types:
        hint = nearest(row[names["type"]], types)
        what = f"the type {row[names['type']]!r} is none of {', '.join(types)}{hint}."
        raise DocumentError(what, place_of(row, names["type"]))


def _blank(world: World, handler_id: int, type_name: str, given: Any) -> Item:
    """Return the handler that a row need only change: the settings given, over empty ones of its type."""
    constants = world.contract.resource.shape(type_name).constants
    settings = {key: constant or "" for key, constant in constants.items()}
    if isinstance(given, Object):
        settings |= {key: str(value) for key, value in given.items() if key in settings}
    return world.write(Item(handler_id, type_name, "", settings, True, None, int(world.clock.now())))


def _made(world: World, facts: Mapping[str, Any], settings: Mapping[str, str]) -> Item:
    offset = world.contract.service.time_offset
    changed, created = facts.get("changed"), facts["created"]
    return world.write(
        Item(
            id=facts["id"],
            type=facts["type"],
            name=facts["name"],
            settings=settings,
            enabled=bool(facts["enabled"]),
            changed=None if changed is None else read_time(changed, offset),
            created=read_time(created, offset),
        )
    )
