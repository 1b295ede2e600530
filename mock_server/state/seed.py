"""The items that a new world begins with, read from rows in the form in which the service shows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from mock_server.contract import Contract, Resource, parse
from mock_server.document import (
    HIGHEST,
    Array,
    DocumentError,
    Object,
    Place,
    nearest,
    place_of,
    plain,
    read,
    shape,
)
from mock_server.settings import Rules
from mock_server.state.clock import read_time
from mock_server.state.observed import ENDINGS, observed_rows
from mock_server.state.store import Item, Store
from mock_server.state.world import World


def read_seed(path: Path, contract: Contract) -> dict[str, Array]:
    """Read a seed file, and return the rows of each resource that it names.

    It is a YAML list of rows if the document has one resource, or a mapping of resources to such lists:

        handlers:
          - {type: email, name: Work, settings: {email: hey@example.com}}

    Of a HAR (`.har`) or a recording (`.jsonl`), the rows count that its responses showed last. Raises DocumentError,
    with file and line.
    """
    if path.suffix in ENDINGS:
        return observed_rows(path, contract)
    data, names = read(path), list(contract.resources)
    is_rows = isinstance(data, Array) and len(names) == 1
    if not is_rows and not (isinstance(data, Object) and data.keys() <= set(names)):
        listed = ", ".join(f"`{name}`" for name in names)
        what = f"A seed is a list of rows, or a mapping with a list of rows under {listed}."
        raise DocumentError(what, Place(str(path), 1))
    shape("seed").check(data)
    return {names[0]: data} if is_rows else dict(data)


def seeded_world(contract: Contract, rules: Rules, rows: Mapping[str, Array]) -> World:
    """Return the world that others are forked from. A resource without rows begins empty.

    Raises DocumentError at a row that the document forbids.
    """
    world = World(contract, rules, {name: Store() for name in contract.resources})
    for name, resource in contract.resources.items():
        if name in rows:
            world.stores[name] = store_of(world, resource, rows[name])
    return world


def store_of(world: World, resource: Resource, rows: Array) -> Store:
    """Return the items of rows, written by the world's contract.

    Raises DocumentError at a row that the document forbids.
    """
    store = Store()
    items = [(_item(world, resource, rows, index), index) for index in range(len(rows))]
    for item, index in sorted(items, key=lambda pair: pair[0].id):
        if not 0 < item.id <= HIGHEST:
            raise DocumentError(f"Invalid id {item.id}: use 1–{HIGHEST}.", place_of(rows, index))
        if item.id < store.next_id:
            raise DocumentError(f"The id {item.id} is used twice.", place_of(rows, index))
        store.add(item)
    return store


def _item(world: World, resource: Resource, rows: Array, index: int) -> Item:
    """Make an item of a row, which may leave out what the server assigns and what has a default."""
    row = rows[index]
    _check_row(row, resource)
    item = _plain_item(world, resource, row, index + 1)
    shown = _completed(world, row, resource, item)
    facts = {fact: shown[key] for key, fact in resource.facts.items()}
    settings = (
        {}
        if resource.settings_fact is None
        else {resource.settings_fact: item.values[resource.settings_fact]}
    )
    item.id = facts["id"]
    item.values = {fact: each.read(shown[each.name]) for fact, each in resource.stored.items()} | settings
    try:
        offset = world.contract.service.time_offset
        if "created" in facts:
            item.created = read_time(facts["created"], offset)
        if facts.get("changed") is not None:
            item.changed = read_time(facts["changed"], offset)
        world.write(item, resource)
    except (ValueError, OverflowError) as error:
        raise DocumentError(f"Invalid time: {error}.", row.place) from None
    return item


def _check_row(row: Object, resource: Resource) -> None:
    """Raise DocumentError if a row has an unknown property or type, or lacks what it needs."""
    # A row may repeat constants, too, so its keys are those of any row that the template renders.
    texts = {
        "id": "1",
        "created": '""',
        "changed": "null",
        **resource.texts(resource.defaults),
        **resource.texts_of(1),
    }
    _check_keys(row, parse(resource.template.render(texts)), f"A row of {resource.name}")
    for fact, each in resource.stored.items():
        if each.needed or fact == resource.label_fact:
            given = row.get(each.name)
            if given is None or (each.kind == "text" and not isinstance(given, str)):
                kind = ", a text" if each.kind == "text" else ""
                raise DocumentError(f"A row of {resource.name} needs {each.name!r}{kind}.", row.place)
        if fact == resource.type_fact and resource.types and row[each.name] not in resource.types:
            what = f"Unknown {each.name} {row[each.name]!r}{nearest(row[each.name], resource.types)}."
            raise DocumentError(f"{what} Use one of {', '.join(resource.types)}.", place_of(row, each.name))


def _check_keys(record: Object, known: Collection[str], whose: str) -> None:
    for key in record:
        if key not in known:
            listed = ", ".join(known) or "no keys"
            what = f"Unknown key {key!r}{nearest(key, known)}. {whose} can have {listed}."
            raise DocumentError(what, place_of(record, key))


def _plain_item(world: World, resource: Resource, row: Object, item_id: int) -> Item:
    """Return an item with the type and the settings of a row, and defaults for the rest."""
    values = dict(resource.defaults)
    if resource.type_fact is not None:
        values[resource.type_fact] = row[resource.stored[resource.type_fact].name]
    if resource.settings_fact is not None:
        constants = resource.shape(resource.type_of(values)).constants
        settings = {key: constant or "" for key, constant in constants.items()}
        given = row.get(resource.stored[resource.settings_fact].name)
        if isinstance(given, Object):
            settings |= {key: str(value) for key, value in given.items() if key in settings}
        values[resource.settings_fact] = settings
    return Item(item_id, int(world.clock.now()), None, values)


def _completed(world: World, row: Object, resource: Resource, item: Item) -> dict[str, Any]:
    """Return a row with what it leaves out as the item has it. Raises DocumentError if the document forbids it."""
    shown = parse(resource.template.render(world.texts(item, resource)))
    complete = {**shown, **plain(row)}
    given = None
    if resource.settings_fact is not None:
        key = resource.stored[resource.settings_fact].name
        if row.get(key) == [] and isinstance(shown[key], dict):  # as PHP writes an empty object
            complete[key] = shown[key]
        elif isinstance(row.get(key), Object) and isinstance(shown[key], dict):
            given = row[key]
            complete[key] = {**shown[key], **plain(given)}
    if complaint := resource.check(complete):
        if given is not None:
            known = resource.shape(resource.type_of(item.values)).constants
            _check_keys(given, known, f"The settings of {resource.type_of(item.values)}")
        key = complaint.partition(":")[0].partition("/")[0]
        if " does not match " in complaint:  # a pattern, which explains nothing to a person
            complaint = f"{key} is {complete[key]!r:.60}, which should look like {shown[key]!r}"
        raise DocumentError(f"The row violates the document: {complaint}.", place_of(row, key))
    return complete
