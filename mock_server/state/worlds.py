"""The worlds by key: each is forked from the seed on first use and dropped when idle."""

from __future__ import annotations

import logging
import threading
import time
import zlib
from collections import OrderedDict

from mock_server.state.coverage import Sightings
from mock_server.state.journal import Archive, Journal, shorten
from mock_server.state.world import World

_LOG = logging.getLogger("mock_server.state.worlds")


class Worlds:
    """At most `limit` worlds, none idle for longer than `idle` seconds; what is dropped is logged.

    `lobby` is the journal of requests that reached no world, and `seen_outside` the behaviours that they, and worlds
    that are gone, have exercised. `varied` are the keys whose worlds have a contract of their own.
    """

    def __init__(self, seed: World, *, limit: int = 20_000, idle: float = 3600.0) -> None:
        self.seed = seed
        self.archive = Archive()
        self.lobby = Journal(self.archive)
        self.seen_outside = Sightings()
        self.varied: set[str] = set()
        self._limit = limit
        self._idle = idle
        self._worlds: OrderedDict[str, World] = OrderedDict()
        self._lock = threading.Lock()
        self._used: dict[str, float] = {}
        self._due = 0.0  # before then, no world can have been idle for too long

    def __len__(self) -> int:
        return len(self._worlds)

    def of(self, key: str) -> World:
        """Return the world of a key, a new one where the key has none."""
        now = time.monotonic()
        with self._lock:
            if now >= self._due:
                self._drop_idle(now)
            world = self._worlds.get(key)
            if world is None:
                world = self._begin(key)
            else:
                self._worlds.move_to_end(key)
            self._used[key] = now
            return world

    def vary(self, key: str, world: World) -> None:
        """Note whether a world has a contract of its own."""
        with self._lock:
            if world.contract is self.seed.contract:
                self.varied.discard(key)
            elif self._worlds.get(key) is world:
                self.varied.add(key)

    def reset(self, key: str) -> World:
        """Put a new world in the place of the key's; its journal is emptied, and its numbers go on."""
        former = self.of(key)
        with self._lock:
            self.seen_outside.update(former.seen)
            world = self._worlds[key] = self._fork(key)
            self.varied.discard(key)
        former.journal.clear()
        world.journal = former.journal
        return world

    def sightings(self) -> Sightings:
        """Return all behaviours exercised since the start, in whatever world."""
        with self._lock:
            seen = Sightings()
            seen.update(self.seen_outside)
            for world in self._worlds.values():
                seen.update(world.seen)
        return seen

    def _begin(self, key: str) -> World:
        """Make a key's world, and room for it."""
        while len(self._worlds) >= self._limit:
            self._drop(next(iter(self._worlds)))
        world = self._worlds[key] = self._fork(key)
        return world

    def _fork(self, key: str) -> World:
        seed = self.seed
        with seed.lock:
            store = seed.store.copy()
        number = zlib.crc32(key.encode())
        world = World(seed.contract, seed.rules, store, seed.next_id, seed=number)
        world.journal = Journal(self.archive)
        return world

    def _drop_idle(self, now: float) -> None:
        """Forget the worlds that were idle for too long."""
        while self._worlds:
            key = next(iter(self._worlds))
            self._due = self._used[key] + self._idle
            if now < self._due:
                return
            self._drop(key)
        self._due = now + self._idle

    def _drop(self, key: str) -> None:
        idle = time.monotonic() - self._used.pop(key)
        world = self._worlds.pop(key)
        self.varied.discard(key)
        self.seen_outside.update(world.seen)
        world.journal.leave()
        _LOG.warning("the world of the key %s was dropped after %.0f idle seconds", shorten(key), idle)
