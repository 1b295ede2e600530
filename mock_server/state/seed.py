"""Seeds: the items of a new world, read from rows as the service shows them.

The rows come from a YAML file, a HAR or a recording. So a session of an app can be the beginning of its tests.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from mock_server.contract import Contract, Resource
from mock_server.document import (
    HIGHEST,
    Array,
    DocumentError,
    Object,
    Place,
    check_head,
    line_of,
    place_of,
    placed,
    plain,
    read,
    read_bytes,
    recorded_lines,
    shape,
    unknown_word,
)
from mock_server.settings import Rules
from mock_server.state.clock import read_time
from mock_server.state.store import Item, Store
from mock_server.state.world import World

# The endings of files that are not YAML.
_ENDINGS = {".har": "HAR", ".jsonl": "recording"}


def read_seed(path: Path, contract: Contract) -> dict[str, Array]:
    """Read a seed file, and return the rows of each resource that it names.

    It is a YAML list of rows if the document has one resource, or a mapping of resources to such lists:

        handlers:
          - {type: email, name: Work, settings: {email: hey@example.com}}

    In a HAR (`.har`) or a recording (`.jsonl`), the rows are those that the last responses show. Raises DocumentError,
    with file and line.
    """
    if path.suffix in _ENDINGS:
        return _observed(path, contract)
    data, names = read(path), list(contract.resources)
    is_rows = isinstance(data, Array) and len(names) == 1
    if not is_rows and not (isinstance(data, Object) and data.keys() <= set(names)):
        listed = ", ".join(f"`{name}`" for name in names)
        what = f"A seed is a list of rows, or a mapping with a list of rows under {listed}."
        raise DocumentError(what, Place(str(path), 1))
    shape("seed").check(data)
    return {names[0]: data} if is_rows else dict(data)


def seeded_world(contract: Contract, rules: Rules, rows: Mapping[str, Array]) -> World:
    """Return the world that new worlds are copied from. A resource without rows is empty.

    Raises DocumentError for a row that violates the document.
    """
    world = World(contract, rules, {name: Store() for name in contract.resources})
    for name, resource in contract.resources.items():
        if name in rows:
            world.stores[name] = store_of(world, resource, rows[name])
    return world


def store_of(world: World, resource: Resource, rows: Array) -> Store:
    """Return the items of rows, by the world's contract. Raises DocumentError for a row that violates the document."""
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
    """Make an item from a row, which may leave out what the server assigns and what has a default."""
    row = rows[index]
    _check_row(row, resource)
    item = _plain_item(world, resource, row, index + 1)
    offset = world.contract.service.time_offset
    try:
        _take_told(item, resource, row, offset)
    except (TypeError, ValueError, OverflowError) as error:
        raise DocumentError(f"Invalid time or number: {error}.", row.place) from None
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
        if "created" in facts:
            item.created = read_time(facts["created"], offset)
        if "changed" in facts:
            item.changed = None if facts["changed"] is None else read_time(facts["changed"], offset)
        elif item.changed == item.created:
            item.changed = None
        world.write(item, resource)
    except (ValueError, OverflowError) as error:
        raise DocumentError(f"Invalid time: {error}.", row.place) from None
    return item


def _take_told(item: Item, resource: Resource, row: Object, offset: int) -> None:
    """Read the history of an item from its row: times of any format, the version. Raises TypeError, ValueError."""
    for key in sorted(resource.told.keys() & row.keys(), key=lambda key: key in resource.facts):
        name, shown = resource.told[key].partition(":")[0], row[key]
        if not isinstance(shown, (str, int, NoneType)):
            raise TypeError(f"{key} is {plain(shown)!r}")
        if name == "changed":
            until = resource.unchanged.get(key)
            item.changed = None if shown is None or shown == until else read_time(shown, offset)
        elif shown is None:
            raise ValueError(f"{key} is null")
        elif name == "created":
            item.created = read_time(shown, offset)
        else:
            item.changes = max(0, int(shown) - (name == "version"))


def _check_row(row: Object, resource: Resource) -> None:
    """Raise DocumentError if a row has an unknown property or type, or lacks what it needs."""
    # A row may repeat constants, too.
    _check_keys(row, _sample(resource))
    for fact, each in resource.stored.items():
        if each.needed or fact == resource.label_fact:
            given = row.get(each.name)
            if given is None or (each.kind == "text" and not isinstance(given, str)):
                kind = ", a text" if each.kind == "text" else ""
                raise DocumentError(f"A row of {resource.name} needs {each.name!r}{kind}.", row.place)
        if fact == resource.type_fact and resource.types and row[each.name] not in resource.types:
            raise DocumentError(
                unknown_word(each.name, row[each.name], resource.types), place_of(row, each.name)
            )


def _sample(resource: Resource) -> dict[str, Any]:
    """Return a row that has all properties of the template."""
    own = {"id": 1, "created": "", "changed": None}
    facts = {**own, **resource.shown(resource.defaults), **resource.texts_of(1, lambda _: "0")}
    sample: dict[str, Any] = resource.template.build(facts)
    return sample


def _check_keys(record: Object, known: Collection[str], at: str = "") -> None:
    for key in record:
        if key not in known:
            raise DocumentError(at + unknown_word("key", key, known), place_of(record, key))


def _plain_item(world: World, resource: Resource, row: Object, item_id: int) -> Item:
    """Return an item with the type and the settings of a row, and defaults for the rest."""
    values = dict(resource.defaults)
    if resource.type_fact is not None:
        values[resource.type_fact] = row[resource.stored[resource.type_fact].name]
    if resource.settings_fact is not None:
        of_type = resource.shape(resource.type_of(values))
        settings = {name: constant or "" for name, constant in of_type.constants.items()}
        given = row.get(resource.stored[resource.settings_fact].name)
        if isinstance(given, Object):
            by_name = {name: value for name, value in of_type.by_name(given).items() if name in settings}
            settings |= {name: None if value is None else str(value) for name, value in by_name.items()}
        values[resource.settings_fact] = settings
    return Item(item_id, int(world.clock.now()), None, values)


def _completed(world: World, row: Object, resource: Resource, item: Item) -> dict[str, Any]:
    """Return a row completed by the item. Raises DocumentError if it violates the document."""
    shown = resource.template.build(world.facts(item, resource))
    complete = {**shown, **{key: value for key, value in plain(row).items() if key not in resource.told}}
    given, of_type = None, resource.shape(resource.type_of(item.values))
    if resource.settings_fact is not None:
        key = resource.stored[resource.settings_fact].name
        if row.get(key) == [] and isinstance(shown[key], dict):  # as PHP writes an empty object
            complete[key] = shown[key]
        elif isinstance(row.get(key), Object) and isinstance(shown[key], dict):
            given = row[key]
            names = of_type.by_name(plain(given)).items()
            complete[key] = {**shown[key], **{of_type.keys.get(name, name): value for name, value in names}}
    if complaint := resource.check(complete):
        if given is not None:
            _check_keys(given, (*of_type.constants, *of_type.keys.values()), f"{key}: ")
        key = complaint.partition(":")[0].partition("/")[0]
        if " does not match " in complaint:  # a pattern does not help a reader
            complaint = f"{key} is {complete[key]!r:.60}, which should look like {shown[key]!r}"
        raise DocumentError(f"The row violates the document: {complaint}.", place_of(row, key))
    return complete


# The rows of a HAR or a recording


class _Seen(NamedTuple):
    """The needed part of an exchange, and its line."""

    method: str
    url: str
    status: int
    body: str
    line: int


def _observed(path: Path, contract: Contract) -> dict[str, Array]:
    """Return the rows of each resource as the last responses of a file show them, without deleted rows.

    Raises DocumentError if the file is not a HAR or a recording, or has no rows.
    """
    rows: dict[str, dict[int, Object]] = {name: {} for name in contract.resources}
    for seen in _exchanges(path):
        route = contract.routes.find(urlsplit(seen.url).path, seen.method)
        operation = None if route is None else route.operations.get(seen.method)
        if operation is None or route is None or not 200 <= seen.status < 300:
            continue
        found = rows[operation.resource.name]
        if operation.behaviour == "delete":
            found.pop(int(route.parameter or 0), None)
        for row in _rows_in(_parsed(seen.body), operation.resource):
            found[row["id"]] = placed(row, Place(str(path), seen.line))
    if not any(rows.values()):
        listed = ", ".join(contract.base_path + each.path for each in contract.resources.values())
        what = f"No response of {listed} shows a row. Record one that lists them."
        raise DocumentError(what, Place(str(path), 1))
    return {name: _array(found, path) for name, found in rows.items()}


def _array(rows: Mapping[int, Object], path: Path) -> Array:
    array = Array(Place(str(path), 1))
    for _, row in sorted(rows.items()):
        array.add(row, row.place)
    return array


def _exchanges(path: Path) -> Iterator[_Seen]:
    try:
        text = read_bytes(path).decode()
        yield from _of_har(text) if path.suffix == ".har" else _of_recording(text, path)
    except OSError as error:
        what = f"The file cannot be read ({error.strerror}). Check it."
        raise DocumentError(what, Place(str(path), 1)) from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, DocumentError):
            raise
        what = f"This is not a {_ENDINGS[path.suffix]} ({type(error).__name__}: {error}). Save it again."
        raise DocumentError(what, Place(str(path), 1)) from None


def _of_har(text: str) -> Iterator[_Seen]:
    for entry in json.loads(text)["log"]["entries"]:
        request, response = entry["request"], entry["response"]
        content = response.get("content", {})
        body = content.get("text", "")
        if content.get("encoding") == "base64":
            body = base64.b64decode(body).decode(errors="replace")
        yield _Seen(request["method"], request["url"], response["status"], body, 1)


def _of_recording(text: str, path: Path) -> Iterator[_Seen]:
    for number, line in enumerate(recorded_lines(text), 1):
        data = line_of(path, number, line)
        if number == 1:
            check_head(path, data)
        if "request" in data:
            request, answer = data["request"], data["answer"]
            yield _Seen(request["method"], request["url"], answer["status"], answer["body"] or "", number)


def _parsed(body: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _rows_in(value: Any, resource: Resource) -> Iterator[dict[str, Any]]:
    """Yield the rows at any depth of a response, with the properties that the document has."""
    known = _sample(resource)
    needed = {each.name for each in resource.stored.values() if each.needed} | {"id"}
    below = [value]
    while below:
        each = below.pop()
        if isinstance(each, dict) and needed <= each.keys() and isinstance(each["id"], int):
            yield {name: each[name] for name in known if name in each}
        elif isinstance(each, dict):
            below += each.values()
        elif isinstance(each, list):
            below += each
