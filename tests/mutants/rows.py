"""Services that show or store a row wrongly: its properties, its shape, the fields of its forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from contract_tests.guard.exchange import Reply
from tests.mutants.wire import (
    OPERATIONS,
    Change,
    Form,
    Kind,
    Mutant,
    Spoil,
    Trip,
    data_of,
    in_data,
    in_forms,
    in_rows,
    mutants_of,
    wire,
    with_rows,
)

_NEVER = "2001-01-01 00:00:00"


def field_mutants() -> Iterator[Mutant]:
    """Yield, for each field: a create that drops it, an update that forgets it, and one that resets it."""
    facts = wire().facts
    own = {field for fields in facts.types.values() for field in fields}
    for field in sorted({*own, *facts.form.values()}):
        yield from mutants_of(Kind.BUG, dict(_of_field(field, is_own=field in own)))


def _of_field(field: str, *, is_own: bool) -> Iterator[tuple[str, tuple[str, Spoil]]]:
    words = wire().facts.form

    def drop(form: Form) -> None:
        form.pop(field, None)

    def empty(form: Form) -> None:
        form.update({name: "" for name in form if name == field})

    if field != words["enabled"]:
        yield f"create-drops-{field}", (f"A create loses {field}.", in_forms(drop, "create"))
    yield f"update-forgets-{field}", (f"An update does not take {field}.", in_forms(drop, "update"))
    if is_own:
        yield f"update-empties-{field}", (f"An update empties {field}.", in_forms(empty, "update"))
    if field in {words["name"], words["enabled"]}:
        reset = in_forms(lambda form: form.setdefault(field, ""), "update")
        yield f"update-resets-{field}", (f"An update without {field} empties it.", reset)


def shape_mutants() -> Iterator[Mutant]:
    """Yield a mutant for each way in which a handler, an envelope or an error can be misshapen."""
    yield from mutants_of(Kind.BUG, dict([*_of_rows(), *_of_list(), *_of_ids(), *_of_errors()]))


def _of_rows() -> Iterator[tuple[str, tuple[str, Spoil]]]:
    for name, node in wire().facts.properties.items():
        for way, change in _ways(name, node).items():
            yield f"row-{name}-{way}", (f"A handler's {name} is {way}.", in_rows(change))


def _of_list() -> Iterator[tuple[str, tuple[str, Spoil]]]:
    schemas, answer = wire().facts.schemas, wire().facts.operation("list").response
    for top, node in schemas.properties(answer).items():
        for way, change in _ways(top, node, counts=False).items():
            yield f"list-{top}-{way}", (f"The list's {top} is {way}.", in_data(change, "list"))
        for name, below in schemas.properties(node).items():
            for way, change in _ways(name, below, counts=True).items():
                spoil = in_data(_within(top, change), "list")
                yield f"list-{top}-{name}-{way}", (f"The list's {top}.{name} is {way}.", spoil)


def _of_ids() -> Iterator[tuple[str, tuple[str, Spoil]]]:
    for kind in ("create", "update"):
        top, name = wire().steps(kind, "id")
        node = wire().facts.schemas.at(wire().facts.operation(kind).response, (top, name))
        for way, change in _ways(name, node, counts=True).items():
            spoil = in_data(_within(top, change), kind)
            yield f"{kind}-{name}-{way}", (f"The {name} in the answer to {kind} is {way}.", spoil)


def _of_errors() -> Iterator[tuple[str, tuple[str, Spoil]]]:
    for name in ("title", "status"):
        for way in ("missing", "null"):
            spoil = in_data(in_errors(_ways(name, {})[way]), *OPERATIONS, failed=True)
            yield f"error-{name}-{way}", (f"An error's {name} is {way}.", spoil)


def in_errors(change: Change) -> Change:
    """Change each error of a refusal's body."""

    def each(data: dict[str, Any]) -> None:
        for error in (error for errors in data.values() if isinstance(errors, list) for error in errors):
            change(error)

    return each


def _ways(name: str, node: Mapping[str, Any], *, counts: bool = False) -> dict[str, Change]:
    """Return the ways in which a property can be wrong; `counts`: a number may be off by one, too."""
    ways: dict[str, Change] = {
        "missing": lambda data: data.pop(name, None),
        "renamed": lambda data: data.update({f"{name}_of": data.pop(name, None)}),
        "retyped": lambda data: data.update({name: _retyped(data.get(name))}),
    }
    if "null" not in node.get("type", ()):
        ways["null"] = lambda data: data.update({name: None})
    if counts and node.get("type") == "integer":
        ways["off-by-one"] = lambda data: data.update(
            {name: data[name] + 1 if isinstance(data.get(name), int) else data.get(name)}
        )
    return ways


def _retyped(value: Any) -> Any:
    """Return a value that says the same in another type; what can say nothing else becomes a number."""
    if isinstance(value, (bool, int, float)):
        return str(value).lower()
    if isinstance(value, (dict, list)):
        return "" if not value else [value]
    return 7


def _within(top: str, change: Change) -> Change:
    return lambda data: change(data[top]) if isinstance(data.get(top), dict) else None


def row_mutants() -> Iterator[Mutant]:
    """Yield the mutants of values."""
    facts, row, both = wire().facts, wire().facts.row, ("create", "update")
    enabled, changed, kind, last = row["enabled"], row["changed"], facts.form["type"], list(facts.types)[-1]
    fields = [field for own in facts.types.values() for field in own]

    def swap(settings: dict[str, Any]) -> None:
        if len(settings) > 1:
            one, other, *_ = settings
            settings[one], settings[other] = settings[other], settings[one]

    yield from mutants_of(Kind.BUG, {
        "enabled-inverted": (
            "Enabled is shown as disabled.", in_rows(lambda row: row.update({enabled: not row.get(enabled)}))),
        "changed-never-set": ("An update leaves no time.", in_rows(lambda row: row.update({changed: None}))),
        "changed-always-set": (
            "A new handler has been changed.", in_rows(lambda row: row.update({changed: _NEVER}))),
        "empty-text-is-null": ("Empty settings are null.", _settings(
            lambda settings: settings.update({name: None for name, value in settings.items() if value == ""}))),
        "settings-swapped": ("Two settings change places.", _settings(swap)),
        "first-setting-lost": ("The first setting is not shown.", _settings(
            lambda settings: settings.pop(next(iter(settings), ""), None))),
        "last-setting-blank": ("The last of several settings is empty.", _settings(
            lambda settings: settings.update(dict.fromkeys(list(settings)[1:][-1:], "")))),
        "foreign-settings": ("Settings of all types are shown.", _settings(
            lambda settings: settings.update(dict.fromkeys(fields, "") | settings))),
        "name-cut-at-64": ("Names are cut at 64 characters.", _texts(lambda text: text[:64], *both, only="name")),
        "texts-without-unicode": ("Other letters than ASCII are lost.", _texts(_ascii, *both)),
        "update-without-unicode": ("An update loses letters beyond ASCII.", _texts(_ascii, "update")),
        "no-four-byte-letters": ("Letters of four bytes are lost.", _texts(
            lambda text: "".join(letter for letter in text if ord(letter) <= 0xFFFF), "create")),
        "lower-case-texts": ("Texts are stored in lower case.", _texts(str.lower, *both)),
        "created-at-update": ("An update sets the time of creation.", _move_creation),
        "type-change-keeps-settings": ("A change of type shows the old settings.", _show_old_settings),
        "unknown-type-taken": ("A create takes any type.", in_forms(lambda form: form.update(
            {kind: next(iter(facts.types))} if form.get(kind) and form[kind] not in facts.types else {}), "create")),
        "last-type-refused": ("A type of the document is refused.", in_forms(
            lambda form: form.update({kind: "refused"} if form.get(kind) == last else {}), "create")),
    })  # fmt: skip


def _settings(change: Change) -> Spoil:
    return in_rows(_within(wire().facts.row["settings"], change))


def _texts(change: Callable[[str], str], *kinds: str, only: str = "") -> Spoil:
    """Change the texts of forms, all but the type and the switch, or one of them by its word."""
    words = wire().facts.form
    kept = {words["type"], words["enabled"]}

    def each(form: Form) -> None:
        for field in form:
            if field == words[only] if only else field not in kept:
                form[field] = change(form[field])

    return in_forms(each, *kinds)


def _ascii(text: str) -> str:
    return "".join(letter if letter.isascii() else "?" for letter in text)


def _move_creation(trip: Trip) -> Reply:
    """Show another time of creation for what was updated."""
    words, moved = wire().facts.row, trip.memory.updated
    change = {words["created"]: _NEVER}
    return with_rows(
        trip, trip.passed(), lambda row: row.update(change if row.get(words["id"]) in moved else {})
    )


def _show_old_settings(trip: Trip) -> Reply:
    """Show the settings that a row had before it got another type: the notes have them by its id."""
    words, old, kind = wire().facts.row, trip.memory.notes, wire().facts.form["type"]
    form = trip.form if trip.kind == "update" else None
    if form and kind in form:
        for row in wire().rows("retrieve", data_of(trip.at(trip.id))):
            if row[words["type"]] != form[kind]:
                old[row[words["id"]]] = row[words["settings"]]

    def change(row: dict[str, Any]) -> None:
        row[words["settings"]] = old.get(row.get(words["id"]), row.get(words["settings"]))

    return with_rows(trip, trip.passed(), change)
