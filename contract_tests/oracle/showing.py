"""Compares what is shown of a handler with what it must be."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from contract_tests.document import Facts
from contract_tests.judge.statements import SAME, TIMES, WRITTEN, Statement, Statements
from contract_tests.judge.verdicts import Complaint
from contract_tests.oracle.expected import Handler, is_kept, is_masked_as, is_recoded, is_time, may_hide
from contract_tests.oracle.listing import same
from contract_tests.probes.reading import MISSING
from contract_tests.target.api import TargetResponse

# So long is a text of settings that can be recognized.
TELLING = 8
_ROUNDING = timedelta(seconds=2)


@dataclass
class Owned:
    """A handler: id, what it must be, creation time as first shown, and time of the last change as last shown.

    `born` is the time of the create by `time.monotonic`, in seconds. `is_written`: it was not looked at since a write.
    """

    id: int
    handler: Handler
    created: str | None = None
    changed: str | None = None
    born: float = field(default_factory=time.monotonic)
    is_written: bool = True


class Showing:
    """Yields what differs, property by property, as key, shown value and complaint.

    The key is that of Handler.ground; it is empty for what a handler does not hold. Properties without a known meaning
    are ignored.
    """

    def __init__(self, facts: Facts, statements: Statements) -> None:
        self._facts = facts
        self._statements = statements
        word = "changed" if "changed" in facts.row else "never"
        self._changed = statements.time(word, "The time of a change is shown as the document says.")
        self._unmasked = statements.secrets()
        self._secrets = self._unmasked.questions
        shapes = facts.shapes.values()
        self._alone = frozenset(key for shape in shapes for key in shape.alone)
        self._fixed = {key for shape in shapes for key, value in shape.constants.items() if value is not None}
        self._counts_any = facts.update.get("counts-as-change", "any") == "any"  # whether updates keep a time
        self._created = statements.time("created", "The time of creation stays.")
        self._sent: set[str] = set()  # texts of settings that no mask looks like
        self._keys: dict[
            tuple[str, str], str
        ] = {}  # the key that shows a field of a type, if it is another one

    def retrieved(self, owned: Owned, row: Mapping[str, Any]) -> Iterator[tuple[str, Any, Complaint]]:
        """Compare a row of the list, or a retrieved handler."""
        yield from self._compare(owned, owned.id, row, self._facts.properties)
        yield from (("", None, complaint) for complaint in self._times(owned, row))

    def written(
        self, kind: str, owned: Owned, response: TargetResponse, *, is_new: bool = False
    ) -> Iterator[tuple[str, Any, Complaint]]:
        """Compare the response to a create or update: the id, or the whole handler if the document shows it."""
        facts, schema = self._facts, self._facts.operation(kind).response
        steps = facts.schemas.path_to(schema, "id")[:-1]
        row = response.shown(*steps)
        if isinstance(row, Mapping):
            properties = facts.schemas.properties(facts.schemas.at(schema, steps))
            yield from self._compare(owned, None if is_new else owned.id, row, properties)

    def _compare(
        self, owned: Owned, handler_id: int | None, row: Mapping[str, Any], properties: Mapping[str, Any]
    ) -> Iterator[tuple[str, Any, Complaint]]:
        handler, kind = owned.handler, row.get(self._facts.row["type"])
        is_of_another_type = kind is not None and handler.type and kind != handler.type  # so are its settings
        for name, schema in properties.items():
            if name not in row:
                continue  # the schema says whether it is required
            word, value, about = schema.get("x-value"), row[name], f"`{name}` of handler {owned.id}"
            if word in {"settings", "settings-text"}:
                if is_of_another_type:
                    continue
                yield from self._settings(handler, value, about, as_text=schema.get("type") == "string")
            elif word in {"changed", "never"}:
                if complaint := self._time(word, handler, value, about):
                    yield "", None, complaint
            else:
                wanted = {"type": handler.type, "name": handler.name, "id": handler_id}
                wanted["enabled"] = (
                    int(handler.enabled) if schema.get("type") == "integer" else handler.enabled
                )
                if wanted.get(word) is None or same(value, wanted[word]):
                    continue
                if word == "enabled" and value in (0, 1) and bool(value) is handler.enabled:
                    continue  # the schema's check reports a wrong type
                ground = SAME if word == "id" else handler.ground(word)
                if word == "name" and is_recoded(value, handler.name):
                    ground = self._text(handler, self._facts.form["name"])
                yield (
                    "" if word == "id" else word,
                    value,
                    Complaint(ground, about, _short(value), _short(wanted[word]), part=name),
                )

    def _settings(
        self, handler: Handler, value: Any, about: str, *, as_text: bool
    ) -> Iterator[tuple[str, Any, Complaint]]:
        shape, ground = self._facts.shape(handler.type), self._statements.shape(handler.type)
        part = self._facts.row["settings"]
        if as_text:
            try:
                value = json.loads(value)
            except (TypeError, ValueError):
                yield "", None, Complaint(ground, about, _short(value), "JSON in a text", part=part)
                return
        if shape.container == "array" or not (isinstance(value, dict) or value == []):
            wanted = "[]" if shape.container == "array" else "an object"
            if wanted != json.dumps(value):
                yield "", None, Complaint(ground, about, _short(value), wanted, part=part)
            return
        if self._alone and not self._alone | self._fixed >= handler.settings.keys():
            held = {key: each for key, each in handler.settings.items() if key not in self._alone}
            handler = replace(handler, settings=held)
        # The schema's check reports `[]`, which PHP writes for an object without keys.
        value = self._facts.by_field(handler.type, value or {})
        for key, other in self._under_other_keys(handler, value):
            value[key] = value.pop(other)
            yield "", None, Complaint(ground, f"`{key}` in {about}", f"shown as `{other}`", part=part)
        for key, number in value.items():
            if type(number) is int and str(number) == handler.settings.get(key):
                value[key] = str(number)
                yield "", None, Complaint(ground, f"`{key}` in {about}", _short(number), "a text", part=part)
        self._sent.update(text for text in handler.sent.values() if len(text) >= TELLING)
        for key in sorted((handler.settings.keys() | value.keys()) - handler.uncertain):
            complaint = self._setting(handler, key, value, f"`{key}` in {about}")
            if complaint is not None:
                is_held = key in handler.settings or key in self._facts.types.get(handler.type, ())
                yield f"settings.{key}" if is_held else "", value.get(key, MISSING), complaint

    def _under_other_keys(self, handler: Handler, shown: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield settings that are shown under undocumented keys, with those keys.

        A value identifies its key. A masked value does not: then the key is the end of the field's name, or there are
        equally many masks and fields, which are paired in their order.
        """
        others = [key for key in shown if key not in handler.settings.keys() | self._facts.own_fields]
        lacking = [key for key in handler.settings if key not in shown and handler.sent.get(key)]

        def hides(key: str, other: str) -> bool:
            return _is_mask(shown[other], handler.sent[key], handler.sent)

        tells: tuple[Callable[[str, str], bool], ...] = (
            lambda key, other: self._keys.get((handler.type, key)) == other,
            # A text of digits may be shown as a number.
            lambda key, other: str(shown[other]) == str(handler.settings[key]),
            lambda key, other: key.endswith(other) and hides(key, other),
        )
        for is_key, key in product(tells, tuple(lacking)):
            found = next((other for other in others if is_key(key, other)), None)
            if key in lacking and found is not None:
                self._keys[handler.type, key] = found
                lacking.remove(key)
                others.remove(found)
                yield key, found
        masks = [other for other in others if any(hides(key, other) for key in lacking)]
        # A word of letters may be another property, such as a format.
        for candidates in ([other for other in masks if not str(shown[other]).isalpha()], masks):
            if len(candidates) == len(lacking):
                yield from zip(lacking, candidates, strict=True)
                return

    def _setting(
        self, handler: Handler, key: str, settings: Mapping[str, Any], about: str
    ) -> Complaint | None:
        ground = handler.grounds.get(f"settings.{key}")
        if key not in handler.settings:
            is_own = key in self._facts.types.get(handler.type, ())
            how = (
                f"is {_short(settings[key])}, and was not sent" if is_own else "is not a setting of this type"
            )
            return Complaint(ground or self._extra(key), f"{about} {how}")
        if key not in settings:
            if ground is not None and handler.sent.keys() & settings.keys():  # others are not left out
                ground = replace(ground, questions=ground.questions - self._secrets)
            return Complaint(ground or WRITTEN, f"{about} is missing")
        value = settings[key]
        text = handler.sent.get(key, "")
        is_lost = value == "" != text == handler.settings[key]  # no mask shows nothing
        is_masked = key in self._facts.masked and isinstance(value, str)  # services may mask in any way
        if (is_masked and not is_lost) or same(value, handler.settings[key]):
            return None
        is_another = value == handler.former.get(key) or (isinstance(value, str) and value in self._sent)
        if key in handler.sent and is_recoded(value, text):
            ground = self._text(handler, key)
        elif ground is not None and ground.is_open and key in handler.sent and is_masked_as(value, text):
            ground = self._unmasked  # whatever else becomes of such a text
        elif ground is not None and text and (is_lost or is_another or not may_hide(value, text)):
            ground = replace(ground, questions=ground.questions - self._secrets)  # no mask would show this
        elif ground is not None and ground.questions & self._secrets and _is_mask(value, text, handler.sent):
            ground = self._unmasked  # other settings may still be shown
        odd = key in handler.sent and not is_kept(text)
        about, sort = (f"{about}, sent as {_short(text)},", f"`{key}`") if odd else (about, "")
        return Complaint(ground or WRITTEN, about, _short(value), _short(handler.settings[key]), sort)

    def _text(self, handler: Handler, field: str) -> Statement:
        """Return what a text rests on that the service writes in another way."""
        return self._statements.text("create" if handler.updated is False else "update", field)

    def _extra(self, key: str) -> Statement:
        """Return what the absence of a setting rests on: a field of another type never belonged to this one."""
        ground = self._statements.service(
            "foreign-fields", "A field of another type is treated as the document says."
        )
        return ground if key in self._facts.own_fields else self._statements.extra_setting()

    def _time(self, word: str, handler: Handler, value: Any, about: str) -> Complaint | None:
        if word == "never" or handler.updated is False:
            return None if value is None else Complaint(self._changed, about, _short(value), "null")
        if value is None:
            # If rows never show the time of a change, the response to an update need not show it either.
            never = any(node.get("x-value") == "never" for node in self._facts.properties.values())
            if never or not self._counts_any:
                return None
            which = "an update" if handler.updated else "an update that changes nothing"
            return Complaint(self._changed, f"{about} after {which}", "null", "a time")
        return None if is_time(value) else Complaint(self._changed, about, _short(value), "a time")

    def changed_later(self, owned: Owned, before: str | None) -> Iterator[Complaint]:
        """Yield what is wrong with the last shown time of a change, if an earlier change was at `before`."""
        if self._counts_any and before is not None and owned.changed is not None and owned.changed <= before:
            about = f"the time of the last change of handler {owned.id}, after another one"
            yield Complaint(self._changed, about, _short(owned.changed), f"later than {_short(before)}")

    def _times(self, owned: Owned, row: Mapping[str, Any]) -> Iterator[Complaint]:
        """Yield what is wrong with a row's times."""
        names = self._facts.row
        created, changed = row.get(names["created"]), row.get(names.get("changed", ""))
        about = f"the time of creation of handler {owned.id}"
        if owned.created is not None and created != owned.created:
            yield Complaint(self._created, about, _short(created), _short(owned.created))
        owned.created = owned.created or created
        owned.changed = changed if isinstance(changed, str) else None
        if not is_time(created):
            yield Complaint(self._created, about, _short(created), "a time")
        if is_before(changed, created):
            yield Complaint(
                TIMES,
                f"handler {owned.id} was changed at {changed}, before it was created at {created}",
            )


def is_before(one: object, other: object) -> bool:
    """Tell whether a shown time is before another one, by more than rounding explains."""
    try:
        return datetime.fromisoformat(str(one)) < datetime.fromisoformat(str(other)) - _ROUNDING
    except (TypeError, ValueError):  # another format, or only one of them has a zone
        return False


def _is_mask(shown: object, sent: str, others: Mapping[str, str]) -> bool:
    """Tell whether a shown value hides the sent one: it is neither part of it nor another setting's text."""
    if not isinstance(shown, str) or not shown.strip() or not sent or not may_hide(shown, sent):
        return False
    return shown.strip().lower() not in sent.lower() and shown not in others.values()


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 160 else f"{text[:80]}… ({len(text)} characters)"
