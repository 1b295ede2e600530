"""Learns what a row shows of its own history: times in any format, counters, and which updates count as a change.

A row is made, left for a second, and updated three times: with what it has, with another name, with another type. What
moves at which update tells what each time and number means. A change of type shows what it leaves of the settings.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

from contract_tests.document import TIMES
from contract_tests.guard.exchange import Exchange
from contract_tests.learning.draft import Draft, Tree, at
from contract_tests.learning.handlers import row_node, settings_node
from contract_tests.learning.responses import operations
from contract_tests.probes.handler import ProbedHandler
from contract_tests.probes.observations import handler, renaming, type_change
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import Undecided, is_success, mapping
from contract_tests.probes.trials import Trials

Row = Mapping[str, Any]

# Seconds after which a time of whole seconds has moved.
_SECOND = 1.05

_EARLIEST, _LATEST = 1_000_000_000, 4_000_000_000  # seconds that may be a time of our days

# Which updates count as a change (a word of `x-update`), by which of the three moved something.
_COUNTED = {
    (True, True, True): "any",
    (False, True, True): "other-values",
    (False, False, True): "other-type",
}

_SAID = {"any": "any update", "other-values": "an update with other values", "other-type": "another type"}


def form_of(value: Any) -> str | None:
    """Return the format of a time as placeholders name it, empty for the documented one; None if it is not a time."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    if isinstance(value, int) or (value.isascii() and value.isdigit()):
        seconds = int(value)
        if _EARLIEST < seconds < _LATEST:
            return "unix"
        return "unix-ms" if _EARLIEST < seconds // 1000 < _LATEST else None
    if (found := TIMES["iso"].fullmatch(value)) is None:
        return next((form for form in ("", "http") if TIMES[form].fullmatch(value)), None)
    fraction = "" if found[1] is None else "-ms" if len(found[1]) == 4 else "-us"
    return f"iso{'' if found[2] == 'Z' else '-offset'}{fraction}"


class Told(NamedTuple):
    """What a property shows. `counted`: which updates move it; None if none does. `node`: its new schema."""

    key: str
    counted: str | None
    node: dict[str, Any]
    says: str

    @property
    def is_plain(self) -> bool:
        """Whether it is a time in the documented format."""
        return self.node.get("x-text", "{changed}") in {"{created}", "{changed}"}


def learn_history(prober: Prober, draft: Draft) -> None:
    """Watch a row through three updates, if one of its properties is an undocumented time or counter."""
    created = draft.facts.row["created"]
    word = next((draft.facts.row[each] for each in ("changed", "never") if each in draft.facts.row), "")
    first = prober.once(handler).first
    known = draft.facts.schemas.properties(row_node(draft, draft.tree))
    later = prober.once(renaming).handler.shown
    own = [
        key
        for key, shown in first.items()
        if "x-value" not in known.get(key, {})
        and (_is_telling(key, shown) or (shown != later.get(key) and form_of(later.get(key)) is not None))
    ]
    renamed = prober.once(renaming).last_changed
    is_other = {form_of(renamed), form_of(first.get(created))} - {None, ""}
    is_retyped = renamed is None and prober.once(type_change).changed is not None
    is_plain = not own and not is_other and not is_retyped and first.get(word) is None
    if is_plain and (prober.spares or renamed is None):  # else an update that changes nothing may be none
        _learn_switch(prober, draft, word)
        return
    rows, seen = prober.watch(_watched)
    keys = (word, created, *own)
    told = [one for key in keys if key in rows[0] and (one := told_by(key, rows, rows[0][created]))]
    shown_at_first = {word} if rows[0].get(word) is not None else set()
    leader = next((one for one in told if one.counted), None)
    counted = "any" if leader is None or leader.counted is None else leader.counted
    for one in told:
        is_documented = one.key in {word, created} and one.is_plain and one.key not in shown_at_first
        if one.counted not in {None, counted}:
            which = _SAID[str(one.counted)]
            draft.unsaid.append(
                f"{one.key} moves with {which}, {leader and leader.key} with {_SAID[counted]}."
            )
        if not is_documented or (one.key == word and "never" in draft.facts.row):
            if one.key == created:
                one.node["x-value"] = "created"
            about = "last-datetime" if one.key == word else "handler"
            draft.learn(about, one.says, seen, partial(_set, draft, one))
    if counted != "any":
        says = f"Only {_SAID[counted]} counts as a change of a handler."
        draft.learn("last-datetime", says, seen, partial(_count, counted))


def _learn_switch(prober: Prober, draft: Draft, word: str) -> None:
    """Learn whether only updates that switch a row on or off have moved the time of its last change."""
    words, identity, looks = draft.facts.row, draft.facts.row["id"], dict[Any, Row]()
    moved, seen, values = set[bool](), list[Exchange](), [None]
    for response, exchange in zip(prober.responses, prober.exchanges, strict=True):
        row = prober.row_in(response) if draft.facts.kind_of(exchange.operation) == "retrieve" else {}
        before = looks.get(row.get(identity))
        if before is not None and before.get(word) != row.get(word):
            moved.add(before.get(words["enabled"]) != row.get(words["enabled"]))
            seen.append(exchange)
            values.append(row.get(word))
        looks[row.get(identity)] = row
    if moved == {True}:
        says = "Only an update that switches a handler on or off counts as a change of it."
        told = _of_change(word, values, form_of(values[-1]) or "", "switch")

        def change(tree: Tree) -> None:
            _count("switch", tree)
            _set(draft, told, tree)

        draft.learn("last-datetime", says, seen[:1], change)


def _is_telling(key: str, value: Any) -> bool:
    is_counter = type(value) is int and value in (0, 1) and not key.endswith("id")
    return is_counter or form_of(value) is not None


def _watched(prober: Prober) -> list[Row]:
    """Return a row as it was created, and after each of three updates. The last one may be refused."""
    kinds = prober.kinds
    form = kinds.form(kinds.mailbox, prober.name())
    response, number = prober.create(form)
    if number is None:
        raise Undecided(f"a plain create returns {response.status}")
    row = ProbedHandler(prober, number, response, form)
    rows: list[Row] = [dict(row.first)]
    enabled = "1" if row.is_enabled else "0"
    time.sleep(_SECOND)
    updates: Sequence[Mapping[str, str]] = (
        {"enabled": enabled},
        {"name": prober.name()},
        kinds.form(kinds.plain, None),
    )
    for update in updates:
        if not is_success(row.update(**update)):
            break
        rows.append(dict(row.look(renamed=True)))
    prober.discard(number)
    return rows


def told_by(key: str, rows: Sequence[Row], created: Any) -> Told | None:
    """Return what a property shows, judging by its values; None if a document cannot say it."""
    values = [row.get(key) for row in rows]
    moved = [one != other for one, other in pairwise(values)]
    if not any(moved):
        return _of_creation(key, values[0], created)
    at_first = moved.index(True)
    # All later updates are within a second of the first that moved it, so they need not move it again.
    counted = _COUNTED[tuple(step >= at_first for step in range(3))]  # type: ignore[index]
    form = form_of(values[-1])
    if form is not None:
        return _of_change(key, values, form, counted)
    if values[0] not in (0, 1) or isinstance(values[0], bool):
        return None
    if values == [values[0], *(values[0] + max(0, step - at_first + 1) for step in range(len(moved)))]:
        text = "{version}" if values[0] else "{changes}"
        node = {"type": "integer", "readOnly": True, "x-text": text}
        return Told(key, counted, node, f"{key} counts the changes of a handler, from {values[0]}.")
    return None


def _of_change(key: str, values: Sequence[Any], form: str, counted: str) -> Told:
    """Return a property that shows the last change: until then null, some constant, or the time of creation."""
    kind = "integer" if isinstance(values[-1], int) else "string"
    text = f"{{changed:{form}}}" if form else "{changed}"
    shape = f"as {values[-1]!r}"
    if values[0] is not None and form_of(values[0]) is None:
        kinds = [kind] if isinstance(values[0], str) == (kind == "string") else ["integer", "string"]
        node = {"type": kinds, "readOnly": True, "x-text": text, "default": values[0]}
        return Told(
            key, counted, node, f"{key} is {values[0]!r}, and then the time of the last change, {shape}."
        )
    if values[0] is not None:
        says = f"{key} is the time of the last change, {shape}, or of creation."
        return Told(key, counted, {"type": kind, "readOnly": True, "x-text": text}, says)
    node = {
        "type": [kind, "null"],
        "readOnly": True,
        "x-value": "changed",
        **({"x-text": text} if form else {}),
    }
    return Told(key, counted, node, f"{key} is null, and then the time of the last change, {shape}.")


def _of_creation(key: str, value: Any, created: Any) -> Told | None:
    """Return a property that shows the time of creation, in any time zone."""
    form, documented = form_of(value), form_of(created)
    if form is None or documented is None:
        return None
    apart = abs(_seconds(value, form) - _seconds(created, documented)) % 1800
    if min(apart, 1800 - apart) > 1:
        return None
    node = {
        "type": "integer" if isinstance(value, int) else "string",
        "readOnly": True,
        "x-text": f"{{created:{form}}}" if form else "{created}",
    }
    return Told(key, None, node, f"{key} is the time of creation, as {value!r}.")


def _seconds(value: Any, form: str) -> int:
    """Return the seconds of a time in a format, read as UTC."""
    if form.startswith("unix"):
        return int(value) // (1000 if form == "unix-ms" else 1)
    moment = parsedate_to_datetime(value) if form == "http" else datetime.fromisoformat(value)
    return int(moment.replace(tzinfo=UTC).timestamp())


def _set(draft: Draft, told: Told, tree: Tree) -> None:
    """Give a property its new schema, wherever the document has a row."""
    row = row_node(draft, tree)
    for schema in [row, *tree["components"]["schemas"].values()]:
        known = schema.get("properties", {}).get(told.key)
        if known is not None and (schema is row or known.get("x-value") in {"created", "changed", "never"}):
            words = {"description", "x-question"} | ({"pattern"} if "x-text" not in told.node else set())
            kept = {word: said for word, said in known.items() if word in words}
            schema["properties"][told.key] = {**kept, **told.node}
    for branch in row.get("allOf", ()):  # what was taken for a constant of a type, as each was seen once
        branch["then"]["properties"].pop(told.key, None)
    if "x-value" not in told.node:
        for example in at(tree, row["x-resource"]["seed"]):
            example.pop(told.key, None)


def _count(counted: str, tree: Tree) -> None:
    for path in tree["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict) and "x-update" in operation:
                operation["x-update"]["counts-as-change"] = counted


def learn_leftovers(prober: Prober, draft: Draft) -> None:
    """Change the type and then the name, to see what is left of settings; then change to a type without settings."""
    words, trials = _words(draft.tree, draft), Trials(prober)
    if words["unsent"] == "blanked":
        return
    if words["type-change"] == "rebuilt":
        _learn_restored(prober, draft, trials)
        return
    if prober.spares:  # what is left of an earlier type takes more requests
        return
    trials.standing(prober.kinds.mailbox)
    handler = trials.standing(prober.kinds.address)
    if words["same-type"] == "reset":
        _learn_reset(prober, draft, handler)
    _learn_bare(prober, draft, handler)


def _learn_restored(prober: Prober, draft: Draft, trials: Trials) -> None:
    """Give a row a type that it had before, without settings, which may then be as they were."""
    kind = prober.kinds.mailbox
    _, earlier = trials.specimen(kind)
    row = trials.walker
    if row is None or row.type == kind:
        row = trials.standing(prober.kinds.address)
    response, seen = prober.watch(lambda _: row.update(type=kind))
    if not is_success(response):
        return
    shown = row.look()
    (field,) = draft.facts.types[kind]
    before = prober.settings(earlier).get(field)
    if before and prober.settings(shown).get(field) == before:
        says = "Settings of an earlier type are back when a row has that type again."
        draft.learn("update-type-change", says, seen, _set_restored(draft))
    else:
        prober.once(lambda _: dict(shown), ("retyped", kind))  # what becomes of settings that are not sent


def _set_restored(draft: Draft) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        _words(tree, draft)["type-change"] = "restored"

    return change


def _words(tree: Tree, draft: Draft) -> Tree:
    found: Tree = dict(operations(tree))[draft.facts.operation("update").id]["x-update"]
    return found


def _learn_reset(prober: Prober, draft: Draft, handler: ProbedHandler) -> None:
    (left,) = draft.facts.types[prober.kinds.mailbox]
    name = prober.name()
    shown, seen = prober.watch(_renamed(handler, name))
    what = "dropped" if left not in shown else "kept" if shown[left] else "emptied"
    if what != _words(draft.tree, draft).get("left-over", "dropped"):
        says = f"A setting that an earlier type has left is {what} by an update that keeps the type."
        draft.learn("update-same-type", says, seen, _set_left(draft, what))


def _renamed(handler: ProbedHandler, name: str) -> Callable[[Prober], Any]:
    def rename(_: Prober) -> Any:
        handler.update(name=name)
        handler.look()
        return handler.settings

    return rename


def _set_left(draft: Draft, what: str) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        _words(tree, draft)["left-over"] = what

    return change


def _learn_bare(prober: Prober, draft: Draft, handler: ProbedHandler) -> None:
    """Change to the type without settings, whose empty list cannot show what an earlier type has left."""
    bare = prober.kinds.bare
    shown, seen = prober.watch(_retyped(handler, bare, prober.facts.row["settings"]))
    node = settings_node(draft, draft.tree, bare)
    if node.get("type") == "array" and mapping(shown):
        says = f"The settings of {bare} are {shown!r} where an earlier type has left something."
        draft.learn("settings-of-internal-notification", says, seen, _set_either(draft, bare))
    lacking = node.get("properties", {}).keys() - mapping(shown).keys()
    if lacking and mapping(shown):
        says = f"{', '.join(sorted(lacking))} of {bare} is not shown beside what an earlier type has left."
        draft.learn("settings-of-internal-notification", says, seen, _set_alone(draft, bare, lacking))


def _retyped(handler: ProbedHandler, kind: str, key: str) -> Callable[[Prober], Any]:
    def retype(_: Prober) -> Any:
        handler.update(type=kind)
        return handler.look().get(key)

    return retype


def _set_alone(draft: Draft, kind: str, names: Collection[str]) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        node = settings_node(draft, tree, kind)
        node["properties"] |= {name: {**node["properties"][name], "x-alone": True} for name in names}
        node["required"] = [name for name in node.get("required", ()) if name not in names]

    return change


def _set_either(draft: Draft, kind: str) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        settings_node(draft, tree, kind)["type"] = ["object", "array"]

    return change
