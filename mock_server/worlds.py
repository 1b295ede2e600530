"""The worlds by key: each is forked from the seed on first use and dropped when idle."""

from __future__ import annotations

import logging
import threading
import time
import zlib
from collections import OrderedDict

from mock_server.journal import shorten
from mock_server.world import World

_LOG = logging.getLogger("mock_server.worlds")


class Worlds:
    """At most `limit` worlds, none idle for longer than `idle` seconds; what is dropped is logged."""

    def __init__(self, seed: World, *, limit: int = 20_000, idle: float = 3600.0) -> None:
        self.seed = seed
        self._limit = limit
        self._idle = idle
        self._worlds: OrderedDict[str, World] = OrderedDict()
        self._lock = threading.Lock()
        self._used: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._worlds)

    def of(self, key: str) -> World:
        """Return the world of a key, a new one where the key has none."""
        with self._lock:
            self._drop_idle(key)
            world = self._worlds.get(key)
            if world is None:
                world = self._worlds[key] = self._fork(key)
            else:
                self._worlds.move_to_end(key)
            self._used[key] = time.monotonic()
            return world

    def _fork(self, key: str) -> World:
        seed = self.seed
        with seed.lock:
            store = seed.store.copy()
        return World(seed.contract, seed.rules, store, seed.next_id, seed=zlib.crc32(key.encode()))

    def _drop_idle(self, wanted: str) -> None:
        """Make room for the wanted world, and forget those that were idle for too long, itself included."""
        now = time.monotonic()
        while self._worlds:
            key = next(iter(self._worlds))
            idle = now - self._used[key]
            if idle < self._idle and len(self._worlds) < self._limit + (wanted in self._worlds):
                return
            del self._worlds[key], self._used[key]
            _LOG.warning("the world of the key %s was dropped after %.0f idle seconds", shorten(key), idle)
