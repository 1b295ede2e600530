"""What the suites share while a run lasts: the target, the document, the exchanges so far, and what was reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from contract_tests.document import (
    DocumentedOperation,
    Facts,
    demanded_operations,
    demanded_refusals,
    refusing,
)
from contract_tests.guard.exchange import KEY_VARIABLE, Exchange, at
from contract_tests.judge.statements import Statements
from contract_tests.judge.verdicts import Judge
from contract_tests.run.flags import Profile
from contract_tests.target.api import TargetApi, Trace, json_in

_TOO_MANY = 429
_MOST_ROWS = 10
_ANYTHING: Mapping[str, Any] = {}
# Headers that HTTP or a server adds to any response.
_TRANSPORT = frozenset({
    "date", "server", "connection", "keep-alive", "content-type", "content-length", "transfer-encoding", "vary", "via",
    "age", "etag", "last-modified", "alt-svc", "content-encoding",
})  # fmt: skip


@dataclass
class Reach:
    """Counts what was seen: `statuses` by operation and status, `refusals` by operation and name, and so on.

    `types` counts successful creates by handler type, `rules` how often each rule of a state machine ran, and `own` the
    successes of an operation, on rows of the run only. `lost` counts, by operation, exchanges that were refused for the
    key or the rate although the key is good: they say nothing. `extras` maps sentences about things that neither the
    document nor a question mentions to the first exchange that shows each.
    """

    facts: Facts
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    refusals: Counter[tuple[str, str]] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    own: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    extras: dict[str, Exchange] = field(default_factory=dict)
    _headers: dict[str, tuple[Exchange, Counter[bool]]] = field(default_factory=dict, repr=False)
    _responses: Counter[bool] = field(default_factory=Counter, repr=False)  # by whether they are successes
    _created: set[str] = field(default_factory=set, repr=False)

    def take(self, exchange: Exchange) -> None:
        """Count an exchange. Any thread may call this, since the guard passes on one exchange at a time."""
        operation = self._operation(exchange)
        if operation is None or not exchange.status:
            return
        self._take_extras(operation, exchange)
        self.statuses[operation.id, exchange.status] += 1
        if exchange.status >= 400 and (name := _refusal_name(operation, exchange)):
            self.refusals[operation.id, name] += 1
        if 200 <= exchange.status < 300:
            self._take_own(operation, exchange)
        elif self._is_lost(operation, exchange):
            self.lost[operation.id] += 1

    def refused(self, operation_id: str, name: str) -> None:
        """Note that a documented refusal was provoked, however it looks."""
        self.refusals[operation_id, name] = max(1, self.refusals[operation_id, name])

    def rule(self, name: str) -> None:
        """Count one run of a state machine's rule."""
        self.rules[name] += 1

    def unreached(self, rules: Iterable[str] = ()) -> list[str]:
        """Return a sentence for each thing never seen. A sentence that holds for each of several runs holds for all."""
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

    @property
    def headers(self) -> dict[str, Exchange]:
        """The undocumented headers of every response, or of every success, each with an exchange that shows it."""
        known = {name.lower() for name in self.facts.document["components"].get("headers", {})} | _TRANSPORT
        successes = Counter({True: self._responses[True]})
        found = {}
        for name, (exchange, has) in self._headers.items():
            if name not in known and has in [self._responses, successes]:
                where = "response" if has == self._responses else "success"
                found[f"An undocumented header in every {where}: `{name}`."] = exchange
        return found

    def _take_extras(self, operation: DocumentedOperation, exchange: Exchange) -> None:
        is_success = 200 <= exchange.status < 300
        self._responses[is_success] += 1
        for name in dict.fromkeys(name.lower() for name, _ in exchange.headers):
            self._headers.setdefault(name, (exchange, Counter()))[1][is_success] += 1
        declared = {operation.success, *(refusal.status for refusal in operation.refusals.values())}
        if exchange.status not in declared:
            self.extras.setdefault(
                f"An undocumented status: {exchange.status} for {operation.kind}.", exchange
            )
        if exchange.status == operation.success and operation.response:
            for place in self._undocumented(operation.response, json_in(exchange.body), ""):
                self.extras.setdefault(f"An undocumented property: `{place}`.", exchange)

    def _undocumented(self, schema: Mapping[str, Any], value: Any, here: str) -> Iterator[str]:
        """Yield the properties of a response that its schema does not have."""
        schema = self.facts.schemas.resolve(schema)
        if isinstance(value, list):
            for item in value[:_MOST_ROWS]:
                yield from self._undocumented(schema.get("items", {}), item, here)
        elif isinstance(value, dict):
            known = self.facts.schemas.properties(schema)
            if schema.get("x-value") in {"settings", "settings-text"}:
                known = dict.fromkeys(self.facts.own_fields | self.facts.types.keys(), _ANYTHING)
            for key, item in value.items():
                place = f"{here}.{key}".lstrip(".")
                if key not in known:
                    yield place
                else:
                    yield from self._undocumented(known[key], item, place)

    def _operation(self, exchange: Exchange) -> DocumentedOperation | None:
        """Return the operation that was called, in its spelling with or without a slash at the end."""
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

    def _take_own(self, operation: DocumentedOperation, exchange: Exchange) -> None:
        if operation.kind == "create":
            place = self.facts.schemas.path_to(operation.response, "id")
            self._created.add(str(at(json_in(exchange.body), place)))
            if exchange.status == operation.success:
                form = {part.name: part.value for part in exchange.form}
                self.types[form.get(self.facts.form["type"], "")] += 1
        last = urlsplit(exchange.url).path.rstrip("/").rpartition("/")[2]
        if not operation.on_row or last in self._created:
            self.own[operation.id] += 1

    def _is_lost(self, operation: DocumentedOperation, exchange: Exchange) -> bool:
        """Tell whether a good key was refused, by a refusal that even the list has or by the rate limit."""
        sent = {name.lower(): value for name, value in exchange.request_headers}
        if sent.get("authorization") != f"Bearer {KEY_VARIABLE}":
            return False
        if exchange.status == _TOO_MANY:
            return True
        name, listing = _refusal_name(operation, exchange), self.facts.operation("list")
        return name in listing.refusals.keys() - refusing(self.facts, listing.id).keys()


def turned_away(lost: Mapping[str, int]) -> list[str]:
    """Return a sentence for each operation with exchanges that were lost."""
    return [
        f"{count} exchanges of {name} with a good key were turned away for the key or the rate"
        for name, count in lost.items()
    ]


def _refusal_name(operation: DocumentedOperation, exchange: Exchange) -> str:
    refusals = operation.refusals.values()
    return next((one.name for one in refusals if one.is_shown_by(exchange.status, exchange.body)), "")


@dataclass
class Run:
    """What the suites share. `api` goes through the guard, if any; `can_write` says whether it lets writes pass.

    `answers` are the answers to open questions, found or given, that the facts follow; `unknown` maps the questions
    that no probe settled to the reason. `is_alone` means that only this run uses the account. `other_key` is the key of
    a second account, if there is one. `nowhere` is a path below the base that no service has. `seed` is set in every
    run started by the command line or by pytest. `examples` is a folder for failing examples of generated tests, which
    runs may share. `judge` holds the target to the whole document until the run's opening says otherwise.
    """

    api: TargetApi
    facts: Facts
    reach: Reach
    profile: Profile
    can_write: bool
    is_alone: bool = False
    seed: int | None = None
    examples: Path | None = None
    marker: str = ""
    unknown: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    other_key: str | None = field(default=None, repr=False)
    nowhere: str = ""
    trace: Trace = field(default_factory=Trace, repr=False)
    judge: Judge = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.judge = Judge(Statements(self.facts), trace=self.trace.exchanges)

    def begin(self) -> None:
        """Start an attempt of a generated test: the steps that repeat a finding begin here."""
        self.trace.begin()
