"""What a row tells of its own history: times in formats of their own, counters, and which updates count as a change.

One row is made, left for a second, and updated in three ways: by what it has, by another name, by another type. What
moves, and with which of them, tells what each time and number is.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

from contract_tests.learning.draft import Draft, Tree, at
from contract_tests.learning.handlers import row_node
from contract_tests.probes.handler import ProbedHandler
from contract_tests.probes.observations import handler, renaming, type_change
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import Undecided, is_success

Row = Mapping[str, Any]

# Until a time of whole seconds moves.
_SECOND = 1.05

_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_DOCUMENTED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_HTTP = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
_EARLIEST, _LATEST = 1_000_000_000, 4_000_000_000  # seconds that look like a time of today

# Which updates count as a change (`x-update`), by which of the three moved something.
_COUNTED = {
    (True, True, True): "any",
    (False, True, True): "other-values",
    (False, False, True): "other-type",
}

_SAID = {"any": "any update", "other-values": "an update with other values", "other-type": "another type"}


def form_of(value: Any) -> str | None:
    """Return the format in which a value shows a time, as placeholders name it; None if it shows no time."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    if isinstance(value, int) or (value.isascii() and value.isdigit()):
        seconds = int(value)
        if _EARLIEST < seconds < _LATEST:
            return "unix"
        return "unix-ms" if _EARLIEST < seconds // 1000 < _LATEST else None
    if _DOCUMENTED.fullmatch(value):
        return ""
    if _HTTP.fullmatch(value):
        return "http"
    found = _ISO.fullmatch(value)
    if found is None:
        return None
    fraction = "" if found[1] is None else "-ms" if len(found[1]) == 4 else "-us"
    return f"iso{'' if found[2] == 'Z' else '-offset'}{fraction}"


class Told(NamedTuple):
    """What a property tells. `counted`: which updates move it, None if none does; `node`: what its schema becomes."""

    key: str
    counted: str | None
    node: dict[str, Any]
    says: str

    @property
    def is_plain(self) -> bool:
        """Whether it is a time in the documented format."""
        return self.node.get("x-text", "{changed}") in {"{created}", "{changed}"}


def learn_history(prober: Prober, draft: Draft) -> None:
    """Watch a row through three updates, if one of its properties is a time or a counter of its own."""
    created = draft.facts.row["created"]
    word = next((draft.facts.row[each] for each in ("changed", "never") if each in draft.facts.row), "")
    first = prober.once(handler).first
    known = draft.facts.schemas.properties(row_node(draft, draft.tree))
    own = [key for key in first if "x-value" not in known.get(key, {}) and _is_telling(key, first[key])]
    renamed = prober.once(renaming).last_changed
    is_other = {form_of(renamed), form_of(first.get(created))} - {None, ""}
    is_retyped = renamed is None and prober.once(type_change).changed is not None
    if not own and not is_other and not is_retyped and first.get(word) is None:
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
        elif not is_documented or (one.key == word and "never" in draft.facts.row):
            if one.key == created:
                one.node["x-value"] = "created"
            about = "last-datetime" if one.key == word else "handler"
            draft.learn(about, one.says, seen, partial(_set, draft, one))
    if counted != "any":
        says = f"Only {_SAID[counted]} counts as a change of a handler."
        draft.learn("last-datetime", says, seen, partial(_count, counted))


def _is_telling(key: str, value: Any) -> bool:
    is_counter = type(value) is int and value in (0, 1) and not key.endswith("id")
    return is_counter or form_of(value) is not None


def _watched(prober: Prober) -> list[Row]:
    """Return a row as it was made, and after each of three updates, the last of which may be refused."""
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
    """Return what a property tells, by its values; None if nothing that a document can say."""
    values = [row.get(key) for row in rows]
    moved = [one != other for one, other in pairwise(values)]
    if not any(moved):
        return _of_creation(key, values[0], created)
    at_first = moved.index(True)
    # All is within a second of the first that moved, so the later ones need not move.
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
    """Return a property that shows the last change: before the first one null, or the time of creation."""
    kind = "integer" if isinstance(values[-1], int) else "string"
    text = f"{{changed:{form}}}" if form else "{changed}"
    shape = f"as {values[-1]!r}"
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
    """Return a property that shows the time of creation, in whatever zone."""
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
    """Return the seconds of a time in a format, as if it were of UTC."""
    if form.startswith("unix"):
        return int(value) // (1000 if form == "unix-ms" else 1)
    moment = parsedate_to_datetime(value) if form == "http" else datetime.fromisoformat(value)
    return int(moment.replace(tzinfo=UTC).timestamp())


def _set(draft: Draft, told: Told, tree: Tree) -> None:
    """Give a property its schema, wherever the document shows a row."""
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
