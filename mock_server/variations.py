"""The contracts that worlds have which answer open questions otherwise, each compiled once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

from mock_server.contract import Contract, compile_contract
from mock_server.document import load

# Contracts kept: a test suite has few, and one takes a tenth of a second to compile.
_KEPT = 64

Answers = tuple[tuple[str, str], ...]


class Variations:
    """Contracts by the answers that they give."""

    def __init__(
        self,
        base: Contract,
        overlays: tuple[str, ...],
        document: Path | None,
    ) -> None:
        self.base = base
        self._overlays = overlays
        self._document = document
        self._lock = threading.Lock()
        self._kept: OrderedDict[Answers, Contract] = OrderedDict()

    def answering(self, answers: Mapping[str, str]) -> Contract:
        """Return the contract with these answers in place of the mock's own.

        Raises DocumentError where a question or an answer is unknown, or the answers make no document.
        """
        chosen = {**self.base.document.chosen, **answers}
        assumed = {name: question.assumed for name, question in self.base.document.questions().items()}
        # The mock's own choice stays named, also where it is answered back: an overlay may have learned otherwise.
        own = self.base.document.chosen
        chosen = {name: each for name, each in chosen.items() if name in own or assumed.get(name) != each}
        if chosen == dict(self.base.document.chosen):
            return self.base
        key = tuple(sorted(chosen.items()))
        with self._lock:
            contract = self._kept.get(key)
            if contract is None:
                contract = self._kept[key] = compile_contract(load(self._document, self._overlays, chosen))
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return contract
