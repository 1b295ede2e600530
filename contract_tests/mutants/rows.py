"""Services that show or store a row wrongly: its properties, its shape, the fields of its forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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

Fields = dict[str, str]


def field_mutants(wire: Wire) -> Iterator[Mutant]:
    """Yield, for each field: a create that drops it, an update that forgets it, and one that resets it."""
    facts = wire.facts
    shared = set(facts.form.values())
    own = {field for fields in facts.types.values() for field in fields}
    for field in sorted(own | shared):
        if field != facts.form.get("enabled"):
            begin = wire.in_forms(_dropping(field), "create")
            yield Mutant(_id("create-drops", field), Kind.BUG, f"A create loses {field}.", begin)
        begin = wire.in_forms(_dropping(field), "update")
        yield Mutant(_id("update-forgets", field), Kind.BUG, f"An update does not take {field}.", begin)
        if field not in shared:
            begin = wire.in_forms(_emptying(field), "update")
            yield Mutant(_id("update-empties", field), Kind.BUG, f"An update empties {field}.", begin)
    for name in (facts.form["name"], facts.form["enabled"]):
        begin = wire.in_forms(_resetting(name), "update")
        yield Mutant(_id("update-resets", name), Kind.BUG, f"An update without {name} empties it.", begin)


def _id(what: str, field: str) -> str:
    return f"{what}-{field}".replace("_", "-")


def _dropping(field: str) -> Callable[[Fields], None]:
    def drop(form: Fields) -> None:
        form.pop(field, None)

    return drop


def _emptying(field: str) -> Callable[[Fields], None]:
    def empty(form: Fields) -> None:
        if field in form:
            form[field] = ""

    return empty


def _resetting(field: str) -> Callable[[Fields], None]:
    def reset(form: Fields) -> None:
        form.setdefault(field, "")

    return reset


Change = Callable[[dict[str, Any]], None]


def shape_mutants(wire: Wire) -> Iterator[Mutant]:
    """Yield a mutant for each way in which a handler, an envelope or an error can be misshapen."""
    yield from _of_rows(wire)
    yield from _of_list(wire)
    yield from _of_ids(wire)
    yield from _of_errors(wire)


def _of_rows(wire: Wire) -> Iterator[Mutant]:
    schemas = wire.facts.schemas
    steps = schemas.path_to(wire.facts.operation("retrieve").answer, "row")
    row = schemas.at(wire.facts.operation("retrieve").answer, steps)
    for name, node in schemas.properties(row).items():
        for way, change in _ways(name, node).items():
            yield _mutant(f"row-{name}-{way}", f"A handler's {name} is {way}.", wire.in_rows(change))


def _of_list(wire: Wire) -> Iterator[Mutant]:
    schemas = wire.facts.schemas
    answer = wire.facts.operation("list").answer
    for top, node in schemas.properties(answer).items():
        for way, change in _ways(top, node).items():
            yield _mutant(f"list-{top}-{way}", f"The list's {top} is {way}.", wire.in_data(change, "list"))
        for name, below in schemas.properties(node).items():
            for way, change in {**_ways(name, below), **_off(name, below)}.items():
                begin = wire.in_data(_within(top, change), "list")
                yield _mutant(f"list-{top}-{name}-{way}", f"The list's {top}.{name} is {way}.", begin)


def _of_ids(wire: Wire) -> Iterator[Mutant]:
    for kind in ("create", "update"):
        (top, name) = wire.steps(kind, "id")
        node = wire.facts.schemas.at(wire.facts.operation(kind).answer, (top, name))
        for way, change in {**_ways(name, node), **_off(name, node)}.items():
            begin = wire.in_data(_within(top, change), kind)
            yield _mutant(f"{kind}-{name}-{way}", f"The {name} in the answer to {kind} is {way}.", begin)


def _of_errors(wire: Wire) -> Iterator[Mutant]:
    def within(change: Change) -> Change:
        def each(data: dict[str, Any]) -> None:
            for errors in data.values():
                for error in errors if isinstance(errors, list) else ():
                    change(error)

        return each

    for name, way in (("title", "missing"), ("title", "null"), ("status", "missing"), ("status", "null")):
        change = within(_ways(name, {"type": "string"})[way])
        begin = wire.in_data(change, "list", "retrieve", "create", "update", "delete", failed=True)
        yield _mutant(f"error-{name}-{way}", f"An error's {name} is {way}.", begin)


def _ways(name: str, node: Mapping[str, Any]) -> dict[str, Change]:
    types = node.get("type")
    ways: dict[str, Change] = {
        "missing": lambda data: data.pop(name, None) and None,
        "renamed": lambda data: data.update({f"{name}_of": data.pop(name, None)}),
        "retyped": lambda data: data.update({name: _retyped(data.get(name))}),
    }
    if "null" not in (types or ()):
        ways["null"] = lambda data: data.update({name: None})
    return ways


def _off(name: str, node: Mapping[str, Any]) -> dict[str, Change]:
    if node.get("type") != "integer":
        return {}
    return {"off-by-one": lambda data: data.update({name: _plus_one(data.get(name))})}


def _plus_one(value: Any) -> Any:
    return value + 1 if isinstance(value, int) else value


def _retyped(value: Any) -> Any:
    """Return a value that says the same in another type; what can say nothing else becomes a number."""
    if isinstance(value, (bool, int, float)):
        return str(value).lower()
    if isinstance(value, (dict, list)):
        return "" if not value else [value]
    return 7


def _within(top: str, change: Change) -> Change:
    def each(data: dict[str, Any]) -> None:
        if isinstance(data.get(top), dict):
            change(data[top])

    return each


def _mutant(name: str, sentence: str, begin: Begin) -> Mutant:
    return Mutant(name.replace("_", "-"), Kind.BUG, sentence, begin)


_NEVER = "2001-01-01 00:00:00"


def row_mutants(wire: Wire) -> Iterator[Mutant]:
    """Yield the mutants of values."""
    row = wire.facts.row
    for name, sentence, begin in (
        ("enabled-inverted", "Enabled is shown as disabled.", wire.in_rows(_inverted(row["enabled"]))),
        ("changed-never-set", "An update leaves no time.", wire.in_rows(_set(row["changed"], None))),
        ("changed-always-set", "A new handler has been changed.", wire.in_rows(_set(row["changed"], _NEVER))),
        ("empty-text-is-null", "Empty settings are null.", wire.in_rows(_settings(row, _null))),
        ("settings-swapped", "Two settings change places.", wire.in_rows(_settings(row, _swap))),
        ("first-setting-lost", "The first setting is not shown.", wire.in_rows(_settings(row, _first_lost))),
        ("last-setting-blank", "The last of several settings is empty.", wire.in_rows(_settings(row, _blank))),
        ("foreign-settings", "Settings of all types are shown.", wire.in_rows(_settings(row, _all(wire)))),
        ("name-cut-at-64", "Names are cut at 64 characters.", _texts(wire, "create", "update", by=_cut)),
        ("texts-without-unicode", "Other letters than ASCII are lost.", _texts(wire, "create", "update", by=_mangle)),
        ("update-without-unicode", "An update loses letters beyond ASCII.", _texts(wire, "update", by=_mangle)),
        ("no-four-byte-letters", "Letters of four bytes are lost.", _texts(wire, "create", by=_narrow)),
        ("lower-case-texts", "Texts are stored in lower case.", _texts(wire, "create", "update", by=str.lower)),
        ("created-at-update", "An update sets the time of creation.", _created_moves(wire)),
        ("type-change-keeps-settings", "A change of type shows the old settings.", _old_settings(wire)),
        ("unknown-type-taken", "A create takes any type.", wire.in_forms(_any_type(wire), "create")),
        ("last-type-refused", "A type of the document is refused.", wire.in_forms(_no_type(wire), "create")),
    ):  # fmt: skip
        yield Mutant(name, Kind.BUG, sentence, begin)


def _set(name: str, value: object) -> Callable[[RowData], None]:
    def change(row: RowData) -> None:
        row[name] = value

    return change


def _inverted(name: str) -> Callable[[RowData], None]:
    def change(row: RowData) -> None:
        row[name] = not row.get(name)

    return change


def _settings(words: Any, change: Callable[[RowData], None]) -> Callable[[RowData], None]:
    def each(row: RowData) -> None:
        if isinstance(row.get(words["settings"]), dict):
            change(row[words["settings"]])

    return each


def _null(settings: RowData) -> None:
    settings.update({name: None for name, value in settings.items() if value == ""})


def _swap(settings: RowData) -> None:
    if len(settings) > 1:
        one, other, *_ = settings
        settings[one], settings[other] = settings[other], settings[one]


def _first_lost(settings: RowData) -> None:
    if settings:
        del settings[next(iter(settings))]


def _blank(settings: RowData) -> None:
    if len(settings) > 1:
        settings[list(settings)[-1]] = ""


def _all(wire: Wire) -> Callable[[RowData], None]:
    def fill(settings: RowData) -> None:
        for fields in wire.facts.types.values():
            for field in fields:
                settings.setdefault(field, "")

    return fill


def _texts(wire: Wire, *kinds: str, by: Callable[[str], str]) -> Begin:
    name, kept = wire.facts.form["name"], {wire.facts.form["type"], wire.facts.form["enabled"]}

    def change(form: dict[str, str]) -> None:
        for field in [name] if by is _cut else [field for field in form if field not in kept]:
            if field in form:
                form[field] = by(form[field])

    return wire.in_forms(change, *kinds)


def _cut(text: str) -> str:
    return text[:64]


def _mangle(text: str) -> str:
    return "".join(letter if letter.isascii() else "?" for letter in text)


def _narrow(text: str) -> str:
    return "".join(letter for letter in text if ord(letter) <= 0xFFFF)


def _created_moves(wire: Wire) -> Begin:
    """Begin a sabotage that shows another time of creation for what was updated."""

    def begin() -> Sabotage:
        moved: set[object] = set()

        def change(row: RowData) -> None:
            if row.get(wire.facts.row["id"]) in moved:
                row[wire.facts.row["created"]] = _NEVER

        def sabotage(sent: SentRequest, forward: Forward) -> GotResponse:
            got = forward(sent)
            if wire.kind(sent) == "update" and got.succeeded:
                moved.add(wire.id_in(sent))
            return wire.with_rows(sent, got, change)

        return sabotage

    return begin


def _old_settings(wire: Wire) -> Begin:
    words = wire.facts.row

    def begin() -> Sabotage:
        old: dict[object, Any] = {}

        def change(row: RowData) -> None:
            row[words["settings"]] = old.get(row.get(words["id"]), row.get(words["settings"]))

        def sabotage(sent: SentRequest, forward: Forward) -> GotResponse:
            form = sent.form() if wire.kind(sent) == "update" else None
            if form and wire.facts.form["type"] in form:
                shown = forward(wire.at(sent, wire.id_in(sent))).data()
                for row in wire.rows("retrieve", shown):
                    if row[words["type"]] != form[wire.facts.form["type"]]:
                        old[row[words["id"]]] = row[words["settings"]]
            return wire.with_rows(sent, forward(sent), change)

        return sabotage

    return begin


def _any_type(wire: Wire) -> Callable[[dict[str, str]], None]:
    field = wire.facts.form["type"]

    def change(form: dict[str, str]) -> None:
        if form.get(field) and form[field] not in wire.facts.types:
            form[field] = next(iter(wire.facts.types))

    return change


def _no_type(wire: Wire) -> Callable[[dict[str, str]], None]:
    field = wire.facts.form["type"]

    def change(form: dict[str, str]) -> None:
        if form.get(field) == list(wire.facts.types)[-1]:
            form[field] = "refused"

    return change
