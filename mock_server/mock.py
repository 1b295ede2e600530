"""A mock: its compiled document, the worlds of its keys, and their own contracts if they answer questions otherwise."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mock_server.contract import Contract, compile_contract
from mock_server.document import DocumentError, load, place_of
from mock_server.rehearsal import Rehearsal
from mock_server.settings import Rules, Settings
from mock_server.state.journal import Exchange
from mock_server.state.seed import read_seed, seeded_world
from mock_server.state.world import World, Worlds

# Called with each exchange after its response is made.
Observer = Callable[[Exchange], None]

# Contracts that are kept for the next world with the same answers: each takes a tenth of a second to compile.
_KEPT = 64


class Mock:
    """What is served, and everything that requests can change. The pipelines work in it.

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
        self._lock = threading.Lock()
        self._answered: OrderedDict[tuple[tuple[str, str], ...], Contract] = OrderedDict()

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
        # The mock's own choice stays named even if it is answered back: an overlay may have learned something else.
        chosen = {
            name: answer
            for name, answer in {**document.chosen, **answers}.items()
            if name in document.chosen or assumed.get(name) != answer
        }
        if chosen == dict(document.chosen):
            return self.contract
        key = tuple(sorted(chosen.items()))
        with self._lock:
            contract = self._answered.get(key)
            if contract is None:
                effective = load(self.settings.document, self.settings.overlays, chosen)
                contract = self._answered[key] = compile_contract(effective)
            self._answered.move_to_end(key)
            while len(self._answered) > _KEPT:
                self._answered.popitem(last=False)
        return contract


def _rules(rules: Rules, contract: Contract) -> Rules:
    """Return the rules with the document's quota as a number. Raises DocumentError if the document has none."""
    if rules.quota != "document":
        return rules
    if contract.service.quota is None:
        what = "x-service has no quota to enforce: give it one, or choose --quota off or a number."
        raise DocumentError(what, place_of(contract.document.data, "x-service"))
    return replace(rules, quota=contract.service.quota["requests"])
