"""Everything mutable, once per key: two keys never see each other."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass

from mock_server.clock import Clock, write_time
from mock_server.contract import Contract, parse
from mock_server.journal import Journal
from mock_server.quota import Quota
from mock_server.refusal import Defect
from mock_server.store import Handler, Store


@dataclass(frozen=True, slots=True)
class Rules:
    """What the person who starts the mock may choose.

    `latency`: from and to, in seconds. `quota`: requests allowed in a window, None where nothing is counted.
    `public_url`: what links begin with, None for the host that was asked. `cors`: None as the document says.
    """

    strict: bool = False
    latency: tuple[float, float] = (0.0, 0.0)
    quota: int | None = None
    public_url: str | None = None
    cors: bool | None = None


class World:
    """One user's account: handlers, ids, clock, quota and journal. Hold `lock` around any use of them."""

    def __init__(self, contract: Contract, rules: Rules, store: Store, next_id: int, seed: int = 0) -> None:
        self.contract = contract
        self.rules = rules
        self.store = store
        self.next_id = next_id
        self.lock = threading.Lock()
        self.clock = Clock()
        self.journal = Journal()
        self.random = random.Random(seed)  # noqa: S311  # for latency, not for secrets
        self.quota = _quota(contract, rules)

    def write(self, handler: Handler) -> Handler:
        """Return the handler with its JSON, checked. Raises Defect where it violates the document."""
        resource = self.contract.resource
        wire = resource.template.render(values_of(handler, self.contract))
        if complaint := resource.check(parse(wire)):
            raise Defect(f"the handler {handler.id} would violate the document: {complaint}")
        return handler._replace(wire=wire)


def values_of(handler: Handler, contract: Contract) -> dict[str, str]:
    """Return the JSON text of every `x-value` word that a handler has."""
    quote, offset = contract.quote, contract.service.time_offset
    settings = contract.resource.shape(handler.type).text(handler.settings, quote)
    return {
        "id": str(handler.id),
        "type": quote(handler.type),
        "name": quote(handler.name),
        "settings": settings,
        "settings-text": quote(settings),
        "enabled": "true" if handler.enabled else "false",
        "enabled-integer": "1" if handler.enabled else "0",
        "changed": "null" if handler.changed is None else quote(write_time(handler.changed, offset)),
        "created": quote(write_time(handler.created, offset)),
    }


def _quota(contract: Contract, rules: Rules) -> Quota | None:
    words = contract.service.quota
    if words is None:  # the document has no refusal to say that a quota is used up
        return None
    return Quota(rules.quota or words["requests"], words["seconds"], metered=rules.quota is not None)
