"""How the workers of a run share the tests."""

from __future__ import annotations

from collections import Counter
from functools import cached_property

from xdist.scheduler import LoadGroupScheduling  # type: ignore[import-untyped]

# Tests with fewer parameters take seconds each. They are given out one by one, so that no worker waits at the end.
_MANY = 10
_TOGETHER = 25


class Spreading(LoadGroupScheduling):  # type: ignore[misc]  # it has no types
    """Gives out groups as `loadgroup` does, and the parameters of a test by 25 if there are many.

    Most tests take a millisecond. Given out one by one, a worker waits for the next as long.
    """

    def _split_scope(self, nodeid: str) -> str:
        return self._scopes[nodeid]

    @cached_property
    def _scopes(self) -> dict[str, str]:
        names = {nodeid: nodeid.partition("[")[0] for nodeid in self.collection or ()}
        counted, seen = Counter(names.values()), Counter[str]()
        scopes = {}
        for nodeid, name in names.items():
            scopes[nodeid] = str(super()._split_scope(nodeid))
            if scopes[nodeid] == nodeid and counted[name] >= _MANY:
                scopes[nodeid] = f"{name}[{seen[name] // _TOGETHER}]"
                seen[name] += 1
        return scopes
