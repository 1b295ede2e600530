"""What a run reached: a suite that executed nothing must not look like one that found nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from contract_tests.document.demand import demanded_operations, demanded_refusals
from contract_tests.document.facts import Facts, Operation
from contract_tests.guard.exchange import KEY_VARIABLE, Exchange

_RATE_LIMITED = 429


@dataclass
class Reach:
    """Counts what was seen: `statuses` by operation and status, `refusals` by operation and name, and so on.

    `types` counts creates that succeeded by handler type, `rules` the rules of the state machines that ran, `own` the
    successes of an operation, on a row of the run where it is one on a row. `lost` counts exchanges with the run's
    good key that were turned away for the key or the rate, by operation: samples that said nothing.
    """

    facts: Facts
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    refusals: Counter[tuple[str, str]] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    own: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    _created: set[str] = field(default_factory=set, repr=False)

    def take(self, exchange: Exchange) -> None:
        """Count an exchange that took place, from whatever thread it comes: the guard tells of one at a time."""
        operation = self._operation(exchange)
        if operation is None or not exchange.status:
            return
        form = {part.name: part.value for part in exchange.form}
        self.observe(operation.id, exchange.status, form, exchange.body)
        if 200 <= exchange.status < 300:
            self._take_own(operation, exchange)
        elif self._is_lost(operation, exchange):
            self.lost[operation.id] += 1

    def observe(self, operation_id: str, status: int, form: Mapping[str, str], body: bytes | str) -> None:
        """Count one exchange of an operation."""
        operation = self.facts.operations.get(operation_id)
        if operation is None:
            return
        self.statuses[operation_id, status] += 1
        if status == operation.success and operation_id.startswith("create_"):
            self.types[form.get(self.facts.form["type"], "")] += 1
        if status >= 400 and (name := _refusal_name(operation, status, body)):
            self.refusals[operation_id, name] += 1

    def rule(self, name: str) -> None:
        """Count one run of a state machine's rule."""
        self.rules[name] += 1

    def missed(self, rules: Iterable[str] = ()) -> list[str]:
        """Return a sentence for each thing that a whole run must have reached, or kept, and this one did not."""
        return [*self.unreached(rules), *turned_away(self.lost)]

    def unreached(self, rules: Iterable[str] = ()) -> list[str]:
        """Return a sentence for each thing that was never seen: true of several runs where it is true of each."""
        missing = [
            f"{operation.id} never succeeded"
            for operation in demanded_operations(self.facts)
            if not self.own[operation.id]
        ]
        missing += [
            f"the refusal {refusal.name} of {name} was never seen"
            for name, refusals in demanded_refusals(self.facts).items()
            for refusal in refusals
            if not self.refusals[name, refusal.name]
        ]
        missing += [
            f"no handler of type {name} was created" for name in self.facts.types if not self.types[name]
        ]
        return missing + [f"the rule {rule} never ran" for rule in rules if not self.rules[rule]]

    def _operation(self, exchange: Exchange) -> Operation | None:
        """Return the operation in the spelling, with a slash at its end or without, in which it was called."""
        found = self.facts.operations.get(exchange.operation)
        if found is None:
            return None
        slash = urlsplit(exchange.url).path.endswith("/")
        alike = [
            operation
            for operation in self.facts.operations.values()
            if operation.method == found.method and operation.path.strip("/") == found.path.strip("/")
        ]
        return next((operation for operation in alike if operation.path.endswith("/") == slash), found)

    def _take_own(self, operation: Operation, exchange: Exchange) -> None:
        if operation.id.startswith("create_"):
            self._created.add(_id_in(self.facts, operation, exchange.body))
        last = urlsplit(exchange.url).path.rstrip("/").rpartition("/")[2]
        if not operation.path.endswith("}") or last in self._created:
            self.own[operation.id] += 1

    def _is_lost(self, operation: Operation, exchange: Exchange) -> bool:
        """Tell whether a good key was refused: by one of the refusals that even the list has, or by the rate."""
        sent = {name.lower(): value for name, value in exchange.request_headers}
        if sent.get("authorization") != f"Bearer {KEY_VARIABLE}":
            return False
        if exchange.status == _RATE_LIMITED:
            return True
        name = _refusal_name(operation, exchange.status, exchange.body)
        return name in self.facts.operation("list").refusals


def turned_away(lost: Mapping[str, int]) -> list[str]:
    """Return a sentence for each operation of which samples were lost."""
    return [
        f"{count} exchanges of {name} with a good key were turned away for the key or the rate"
        for name, count in lost.items()
    ]


def _id_in(facts: Facts, operation: Operation, body: str) -> str:
    try:
        node: Any = json.loads(body)
        for step in facts.schemas.path_to(operation.answer, "id"):
            node = node[step]
    except (ValueError, LookupError, TypeError):
        return ""
    return str(node)


def _refusal_name(operation: Operation, status: int, body: bytes | str) -> str | None:
    try:
        title: Any = json.loads(body)["errors"][0]["title"]
    except (ValueError, LookupError, TypeError):
        return None
    found = [r.name for r in operation.refusals.values() if r.status == status and r.title == title]
    return found[0] if found else None
