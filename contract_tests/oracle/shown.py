"""Compares a handler as a service shows it with the handler that it must be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contract_tests.document.words import Words
from contract_tests.oracle.expected import Handler


def same(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are the same; unlike `==`, 1 is not true and 1.0 is not 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


class Showing:
    """Says in sentences what differs, property by property; properties of no known meaning are left alone."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def retrieved(self, handler: Handler, handler_id: int, row: Mapping[str, Any]) -> list[str]:
        """Compare a row of the list, or a retrieved handler."""
        return self._compare(handler, handler_id, row, self._words.row)

    def written(
        self, kind: str, handler: Handler, handler_id: int | None, body: Mapping[str, Any]
    ) -> list[str]:
        """Compare what a create or an update answers: the id, or the whole handler where the document has it.

        `handler_id` None means that the id is news.
        """
        facts = self._words.facts
        answer = facts.operation(kind).answer
        steps = facts.schemas.path_to(answer, "id")[:-1]
        row: Any = body
        for step in steps:
            row = row[step]
        properties = facts.schemas.properties(facts.schemas.at(answer, steps))
        return self._compare(handler, handler_id, row, properties)

    def _compare(
        self, handler: Handler, handler_id: int | None, row: Mapping[str, Any], properties: Mapping[str, Any]
    ) -> list[str]:
        found = []
        for key, schema in properties.items():
            if key not in row:
                continue  # the schema says whether it is required
            complaint = self._property(schema, handler, handler_id, row[key])
            if complaint:
                found.append(f"`{key}` of handler {handler_id} {complaint}")
        return found

    def _property(
        self, schema: Mapping[str, Any], handler: Handler, handler_id: int | None, value: Any
    ) -> str:
        word = schema.get("x-value")
        if word in {"settings", "settings-text"}:
            return self._settings(handler, value, as_text=schema.get("type") == "string")
        if word in {"changed", "never", "created"}:
            return self._time(word, handler, value)
        integer = schema.get("type") == "integer"
        wanted = {
            "type": handler.type,
            "name": handler.name,
            "enabled": int(handler.enabled) if integer else handler.enabled,
        }
        if handler_id is not None:
            wanted["id"] = handler_id
        return _difference(value, wanted[word]) if word in wanted else ""

    def _settings(self, handler: Handler, value: Any, *, as_text: bool) -> str:
        shape = self._words.shape(handler.type)
        if as_text:
            try:
                value = json.loads(value)
            except (TypeError, ValueError):
                return f"is {value!r}, which is no JSON text"
        if shape.container == "array":
            return _difference(value, [])
        if not isinstance(value, dict):
            return f"is {value!r}, which is no object"
        wanted, shown = dict(handler.settings), dict(value)
        for key in handler.uncertain:
            wanted.pop(key, None)
            shown.pop(key, None)
        for key in self._words.masked & wanted.keys() & shown.keys():
            if isinstance(shown[key], str):  # how a service masks is its own affair
                wanted[key] = shown[key]
        return _difference(shown, wanted)

    def _time(self, word: str, handler: Handler, value: Any) -> str:
        if word == "never" or (word == "changed" and not handler.updated):
            return _difference(value, None)
        if word == "changed" and value is None:
            # Where a row never shows the time of a change, the answer to an update need not either.
            never = any(node.get("x-value") == "never" for node in self._words.row.values())
            return "" if never else "is null after an update"
        try:
            datetime.fromisoformat(value)
        except (TypeError, ValueError):
            return f"is {value!r}, which is no time"
        return ""


def _difference(shown: Any, wanted: Any) -> str:
    return "" if same(shown, wanted) else f"is {_short(shown)} and should be {_short(wanted)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 160 else f"{text[:80]}… ({len(text)} characters)"
