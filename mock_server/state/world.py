"""Worlds: each key has one, with everything that its requests can change. Worlds share nothing."""

from __future__ import annotations

import logging
import math
import random
import threading
import time
import zlib
from collections import Counter, OrderedDict
from copy import copy
from dataclasses import replace
from functools import partial
from typing import Any

from mock_server.contract import Contract, Resource
from mock_server.refusal import Defect
from mock_server.settings import NO_LATENCY, Rules
from mock_server.state.clock import Clock, write_moment, write_time
from mock_server.state.faults import Faults
from mock_server.state.journal import Archive, Journal, Sighting, shorten
from mock_server.state.store import Item, Store

_LOG = logging.getLogger("mock_server.state.world")

# What a world takes without its items and its journal, in bytes.
_EMPTY = 4 << 10

# The requests allowed in a window, the requests left, and the seconds until it ends.
ShownQuota = tuple[int, int, int]


class Quota:
    """The requests that a key may make in a window of time, which opens with the first request (evidence: B).

    A quota that is not metered counts nothing: a mock makes its users wait only if they ask for it. `now` is in seconds
    of the world's clock.
    """

    def __init__(self, requests: int, seconds: float, *, metered: bool) -> None:
        self.requests = requests
        self.seconds: float = seconds
        self.metered = metered
        self._opened = -math.inf
        self._used = 0

    def spend(self, now: float) -> bool:
        """Count one request. False if the quota was used up."""
        if not self.metered:
            return True
        if not self._is_open(now):
            self._opened, self._used = now, 0
        self._used += 1
        return self._used <= self.requests

    def use(self, requests: int, now: float, left: float | None = None) -> None:
        """Open a window with this number of used requests, and with `left` seconds, or all seconds of it."""
        self._opened = now if left is None else now + left - self.seconds
        self._used = requests

    def lift(self) -> None:
        """Stop counting, and forget the count."""
        self.metered, self._opened, self._used = False, -math.inf, 0

    def used_at(self, now: float) -> int:
        """Return the requests made in the current window."""
        return self._used if self._is_open(now) else 0

    def remaining_at(self, now: float) -> int:
        """Return the requests left in the current window, or in a new one."""
        return max(0, self.requests - self.used_at(now))

    def reset_in(self, now: float) -> int:
        """Return the whole seconds until the window ends: at least 1 if one is open, else 0."""
        return math.ceil(self._opened + self.seconds - now) if self._is_open(now) else 0

    def shown(self, now: float) -> ShownQuota:
        """Return what response headers can show: the facts `QUOTA` of `mock_server.contract`."""
        if not self.metered:
            return self.requests, self.requests, 0
        return self.requests, self.remaining_at(now), self.reset_in(now)

    def _is_open(self, now: float) -> bool:
        return self._opened <= now < self._opened + self.seconds


class World:
    """One user's account. Hold `lock` while you use it.

    `contract` is the mock's, unless the world answers open questions in its own way. `stores` holds the items of each
    resource by its name. `used`: the time of the last request, by the machine's monotonic clock.
    """

    def __init__(self, contract: Contract, rules: Rules, stores: dict[str, Store], seed: int = 0) -> None:
        self.contract = contract
        self.rules = rules
        self.stores = stores
        self.lock = threading.Lock()
        self.clock = Clock()
        self.quota = _quota(contract, rules)
        self.faults = Faults()
        self.journal = Journal()
        self.random = random.Random(seed)  # noqa: S311  # for latency, not for secrets
        self.used = 0.0

    def obey(self, contract: Contract) -> None:
        """Use another contract with the same items. Raises Defect if they do not fit it."""
        former, self.contract = self.contract, contract
        try:
            self.stores = {name: self._rewritten(resource) for name, resource in contract.resources.items()}
        except Defect:
            self.contract = former
            raise
        if contract.service.quota != former.service.quota:
            self.quota = _quota(contract, self.rules)

    def _rewritten(self, resource: Resource) -> Store:
        """Return the items of a resource with new JSON. Raises Defect."""
        store = self.stores[resource.name]
        items = [replace(item) for item in store]
        for item in items:
            self.write(item, resource)
        return Store(items, store.next_id, store.first_id)

    @property
    def memory(self) -> int:
        """About how many bytes the world takes, without its journal."""
        memory = _EMPTY
        for store in self.stores.values():  # not `sum`: a generator takes twice as long, and each create asks
            memory += store.memory
        return memory

    @property
    def is_full(self) -> bool:
        """Whether the world takes all the memory that worlds may take."""
        return self.memory >= self.rules.memory

    def saved(self) -> dict[str, Any]:
        """Return the state of the world. `vars(world).update(saved)` restores it."""
        stores = {name: copy(store) for name, store in self.stores.items()}
        faults = self.faults.copy()
        return {
            **vars(self), "stores": stores, "clock": copy(self.clock), "quota": copy(self.quota), "faults": faults,
        }  # fmt: skip

    def facts(self, item: Item, resource: Resource) -> dict[str, Any]:
        """Return the value of each fact of an item that responses show."""
        offset = self.contract.service.time_offset
        facts = {
            "id": item.id,
            "created": write_time(item.created, offset),
            "changed": None if item.changed is None else write_time(item.changed, offset),
            **resource.shown(item.values),
        }
        if resource.template.texts:
            facts |= resource.texts_of(item.id, partial(self.told, item))
        return facts

    def told(self, item: Item, placeholder: str) -> str:
        """Return the value of a placeholder about an item, see `OF_ITEM` of `mock_server.contract.resource`."""
        name, _, form = placeholder.partition(":")
        if name in {"version", "changes"}:
            return str(item.changes + (name == "version"))
        moment = item.created if name == "created" or item.changed is None else item.changed
        return write_moment(moment, form, self.contract.service.time_offset)

    def write(self, item: Item, resource: Resource) -> dict[str, Any]:
        """Write the JSON of a new item into it, and return its facts.

        Raises Defect if the JSON violates the document. The item is not in a store yet.
        """
        facts = self.facts(item, resource)
        item.wire = resource.template.render(facts)
        if complaint := resource.check_text(item.wire):
            raise Defect(f"Item {item.id} of {resource.name} would violate the document: {complaint}")
        return facts


class Worlds:
    """The worlds by key. A key's first request copies its world from the seed.

    At most `limit` worlds are kept, their items take at most `rules.memory` bytes, and worlds that are idle for `idle`
    seconds are dropped. Dropped worlds are logged. `lobby` is the world of requests whose key opens no other. Its
    journal also counts the behaviours seen in dropped worlds.
    """

    def __init__(self, seed: World, *, limit: int = 20_000, idle: float = 3600.0) -> None:
        self.seed = seed
        self.archive = Archive()
        stores = {name: Store() for name in seed.stores}
        self.lobby = World(seed.contract, replace(seed.rules, latency=NO_LATENCY), stores)
        self.lobby.quota, self.lobby.journal = None, Journal(self.archive)
        self._limit = limit
        self._idle = idle
        self._worlds: OrderedDict[str, World] = OrderedDict()  # the latest used is last
        self._weights: dict[str, int] = {}  # the bytes of each world when it was last weighed
        self._bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._worlds)

    def of(self, key: str) -> World:
        """Return the world of a key, or a new one if there is none or it was idle for too long."""
        now = time.monotonic()
        with self._lock:
            world = self._worlds.get(key)
            if world is None or now - world.used >= self._idle:
                self._make_room(now)
                world = self._worlds[key] = self._fork(key)
                self._count(key, world.memory)
            else:
                self._worlds.move_to_end(key)
            world.used = now
            return world

    def all(self) -> list[tuple[str, World]]:
        """Return the worlds with their keys, the last used first."""
        with self._lock:
            return list(reversed(self._worlds.items()))

    def look(self, key: str) -> World:
        """Return the world of a key, or a new one that is not kept."""
        with self._lock:
            is_known = key in self._worlds
        return self.of(key) if is_known else self._fork(key)

    def reset(self, key: str) -> World:
        """Replace the world of a key by a new one. Its journal is emptied, and its numbers go on."""
        former = self.of(key)
        with self._lock:
            world = self._worlds[key] = self._fork(key)
            world.used = former.used
            world.journal = former.journal
        self.lobby.journal.take_seen(former.journal)
        former.journal.clear()
        return world

    def weigh(self, key: str) -> None:
        """Count again what the world of a key takes. If all take too much, drop those that were idle for longest."""
        world = self._worlds.get(key)
        if world is None or (memory := world.memory) == self._weights[key]:
            return
        with self._lock:
            if self._worlds.get(key) is not world:
                return
            self._count(key, memory)
            while self._bytes > self.seed.rules.memory and len(self._worlds) > 1:
                self._drop(next(name for name in self._worlds if name != key), time.monotonic())

    def seen(self) -> Counter[Sighting]:
        """Return how often each behaviour was seen since the mock started, in any world."""
        with self._lock:
            worlds = [self.lobby, *self._worlds.values()]
        seen: Counter[Sighting] = Counter()
        for world in worlds:
            seen.update(world.journal.seen.copy())
        return seen

    def _fork(self, key: str) -> World:
        seed = self.seed
        with seed.lock:
            stores = {name: store.copy() for name, store in seed.stores.items()}
        world = World(seed.contract, seed.rules, stores, seed=zlib.crc32(key.encode()))
        world.journal = Journal(self.archive)
        return world

    def _make_room(self, now: float) -> None:
        """Drop worlds that were idle for too long, and the longest idle one if there are too many."""
        while self._worlds:
            key, world = next(iter(self._worlds.items()))
            if now - world.used < self._idle and len(self._worlds) < self._limit:
                break
            self._drop(key, now)

    def _count(self, key: str, weight: int) -> None:
        self._bytes += weight - self._weights.get(key, 0)
        self._weights[key] = weight

    def _drop(self, key: str, now: float) -> None:
        world = self._worlds.pop(key)
        self._bytes -= self._weights.pop(key)
        self.lobby.journal.take_seen(world.journal)
        world.journal.leave()
        idle = round(now - world.used)
        what = "The world of the key %s was dropped after %d idle second%s."
        _LOG.warning(what, shorten(key), idle, "" if idle == 1 else "s")


def _quota(contract: Contract, rules: Rules) -> Quota | None:
    words = contract.service.quota
    if words is None:  # the document has no refusal to say that a quota is used up
        return None
    requests = rules.quota if isinstance(rules.quota, int) else words["requests"]
    return Quota(requests, words["seconds"], metered=rules.quota is not None)
