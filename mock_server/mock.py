"""A mock: its compiled document, the worlds of its keys, and contracts of worlds with other answers.

It can rehearse another document: see `Rehearsal`.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from mock_server.contract import Contract, compile_contract
from mock_server.document import DocumentError, load, place_of
from mock_server.settings import Rules, Settings
from mock_server.state.journal import Exchange, Rehearsed
from mock_server.state.seed import read_seed, seeded_world
from mock_server.state.world import World, Worlds

# Called with each exchange after its response is made.
Observer = Callable[[Exchange], None]

_TIME = "%Y-%m-%d %H:%M:%S"
_DRIFT = 5.0  # seconds by which times in two responses to one request may differ

# Contracts that are kept for later worlds with the same answers. To make one takes 15 milliseconds.
_KEPT = 64


class Mock:
    """What is served, and everything that requests can change.

    `contract`: the compiled document. `files`: all files that were read. `shadow`: the mock of the document that is
    rehearsed, and `rehearsal` what that has shown.

    Raises DocumentError, with file and line.
    """

    def __init__(self, settings: Settings, observers: Sequence[Observer] = ()) -> None:
        document = load(settings.document, settings.overlays, settings.answers)
        self.settings = settings
        self.observers = tuple(observers)
        self.contract: Contract = compile_contract(document)
        rows = {name: resource.seed for name, resource in self.contract.resources.items()}
        if settings.seed is not None:
            rows = read_seed(settings.seed, self.contract)
        rules = _rules(settings.rules, self.contract)
        self.worlds = Worlds(seeded_world(self.contract, rules, rows))
        self.shadow: Mock | None = None
        self.rehearsal: Rehearsal | None = None
        if settings.rehearse:
            overlays = (*settings.overlays, *settings.rehearse)
            self.shadow = Mock(replace(settings, overlays=overlays, rehearse=()))
            self.rehearsal = Rehearsal(", ".join(Path(name).name for name in settings.rehearse))
        self.files = (*document.files, *([settings.seed] if settings.seed else []))
        self._answered = lru_cache(_KEPT)(partial(_answered, settings))

    @property
    def lobby(self) -> World:
        """The world of requests whose key opens no other."""
        return self.worlds.lobby

    def answering(self, answers: Mapping[str, str]) -> Contract:
        """Return the contract with these answers in place of the mock's own.

        Raises DocumentError if a question or an answer is unknown, or if the answers make no valid document.
        """
        document = self.contract.document
        assumed = {name: question.assumed for name, question in document.questions().items()}
        # The mock's own choice stays named, even if it is the assumed answer: an overlay may have learned another.
        chosen = {
            name: answer
            for name, answer in {**document.chosen, **answers}.items()
            if name in document.chosen or assumed.get(name) != answer
        }
        if chosen == dict(document.chosen):
            return self.contract
        return self._answered(frozenset(chosen.items()))


def _answered(settings: Settings, chosen: frozenset[tuple[str, str]]) -> Contract:
    return compile_contract(load(settings.document, settings.overlays, dict(chosen)))


def _rules(rules: Rules, contract: Contract) -> Rules:
    """Return the rules with the document's quota as a number. Raises DocumentError if the document has none."""
    if rules.quota != "document":
        return rules
    if contract.service.quota is None:
        what = "x-service has no quota to enforce: give it one, or choose --quota off or a number."
        raise DocumentError(what, place_of(contract.document.data, "x-service"))
    return replace(rules, quota=contract.service.quota["requests"])


class Change(NamedTuple):
    """What would change in one kind of call: both statuses, and the places in the bodies that differ."""

    operation: str
    status: int
    then: int
    places: tuple[str, ...]


class Rehearsal:
    """Counts what would change under another document, which is called `name`.

    The mock of that document is called the shadow. It begins with the same seed and is given the same requests. Both
    responses are compared as a client would read them: the status, and JSON as data. Times may differ by seconds.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.calls = 0
        self._lock = threading.Lock()
        self._changes: Counter[Change] = Counter()

    def compare(self, operation: str, status: int, body: bytes, rehearsed: Rehearsed) -> None:
        """Note how the shadow's response differs from this one: in the exchange, and in the count."""
        places = ("status",) if status != rehearsed.status else ()
        rehearsed.places = (*places, *_places(_parsed(body), _parsed(rehearsed.body), ""))
        with self._lock:
            self.calls += 1
            if rehearsed.places:
                # All rows of a list differ in the same way: count the list once.
                kinds = tuple(
                    dict.fromkeys(re.sub(r"/\d+(?=/|$)", "/…", place) for place in rehearsed.places)
                )
                self._changes[Change(operation, status, rehearsed.status, kinds)] += 1

    def changes(self) -> list[tuple[Change, int]]:
        """Return each change with its count, the most frequent first."""
        with self._lock:
            return self._changes.most_common()


def _parsed(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except ValueError:
        return body


def _places(one: Any, other: Any, place: str) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*one, *(key for key in other if key not in one)]:
            if key in one and key in other:
                yield from _places(one[key], other[key], f"{place}/{key}")
            else:
                yield f"{place}/{key}"
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other, strict=True)):
            yield from _places(*pair, f"{place}/{number}")
    elif (type(one), one) != (type(other), other) and not _is_one_time(one, other):
        yield place or "body"


def _is_one_time(one: Any, other: Any) -> bool:
    try:
        apart = datetime.strptime(one, _TIME) - datetime.strptime(other, _TIME)
    except (TypeError, ValueError):
        return False
    return abs(apart.total_seconds()) <= _DRIFT
