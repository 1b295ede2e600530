"""Everything mutable, once per key: two keys never see each other."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from copy import copy
from functools import lru_cache
from typing import Any

from mock_server.contract import Contract, Quote, quote_again
from mock_server.refusal import Defect
from mock_server.settings import Rules
from mock_server.state.clock import Clock, write_time
from mock_server.state.coverage import Sightings
from mock_server.state.faults import Faults
from mock_server.state.journal import Journal
from mock_server.state.quota import Quota
from mock_server.state.store import Item, Store, make_item


class World:
    """One user's account: handlers, ids, clock, quota, faults and journal. Hold `lock` around any use of them.

    `contract` is the mock's, unless the world answers open questions otherwise; `seen` are the behaviours exercised.
    """

    def __init__(
        self,
        contract: Contract,
        rules: Rules,
        store: Store,
        next_id: int,
        seed: int = 0,
    ) -> None:
        self.contract = contract
        self.rules = rules
        self.store = store
        self.next_id = next_id
        self.lock = threading.Lock()
        self.clock = Clock()
        self.journal = Journal()
        self.faults = Faults()
        self.seen = Sightings()
        self.random = random.Random(seed)  # noqa: S311  # for latency, not for secrets
        self.quota = _quota(contract, rules)

    def obey(self, contract: Contract) -> None:
        """Behave by another contract from now on, its handlers too. Raises Defect where they do not fit it."""
        former, self.contract = self.contract, contract
        try:
            store = Store()
            for handler in self.store.all():
                store.add(self.write(handler))
        except Defect:
            self.contract = former
            raise
        self.store = store
        if contract.service.quota != former.service.quota:
            self.quota = _quota(contract, self.rules)

    def memento(self) -> dict[str, Any]:
        """Return what `return_to` needs to undo a change that replaces parts of the world."""
        state = {name: getattr(self, name) for name in ("contract", "rules", "store", "next_id", "faults")}
        return {**state, "clock": copy(self.clock), "quota": copy(self.quota)}

    def return_to(self, memento: Mapping[str, Any]) -> None:
        """Undo what happened since the memento, but for what the API's own calls did to the handlers."""
        for name, value in memento.items():
            setattr(self, name, value)

    def write(self, handler: Item, values: Mapping[str, str] | None = None) -> Item:
        """Return the handler with its JSON, checked. Raises Defect where it violates the document.

        `values`: what `values_of` says of it, where that is known.
        """
        resource = self.contract.resource
        wire = resource.template.render(values or values_of(handler, self.contract))
        if complaint := resource.check_text(wire):
            raise Defect(f"the handler {handler.id} would violate the document: {complaint}")
        return make_item((*handler[:-1], wire))


def values_of(handler: Item, contract: Contract) -> dict[str, str]:
    """Return the JSON text of every `x-value` word that a handler has."""
    quote, offset = contract.quote, contract.service.time_offset
    # Unpacked, because each look at a named tuple's field costs as much as two of these.
    number, type_name, name, chosen, enabled, changed, created, _ = handler
    settings = contract.resource.shape(type_name).text(chosen, quote)
    return {
        "id": str(number),
        "type": quote_again(type_name, quote),
        "name": quote(name),
        "settings": settings,
        "settings-text": quote(settings),
        "enabled": "true" if enabled else "false",
        "enabled-integer": "1" if enabled else "0",
        "changed": "null" if changed is None else _quoted_time(changed, offset, quote),
        "created": _quoted_time(created, offset, quote),
    }


@lru_cache(maxsize=256)
def _quoted_time(seconds: int, offset: int, quote: Quote) -> str:
    """Write a time as JSON. Remembered, as a time is: what is created in one second has one."""
    return quote(write_time(seconds, offset))


def _quota(contract: Contract, rules: Rules) -> Quota | None:
    words = contract.service.quota
    if words is None:  # the document has no refusal to say that a quota is used up
        return None
    requests = rules.quota if isinstance(rules.quota, int) else words["requests"]
    return Quota(requests, words["seconds"], metered=rules.quota is not None)
