"""One handler of the suites' own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contract_tests.oracle.expected import Handler


class Deviation(AssertionError):
    """The target differs from the document; the text has a sentence for each difference, then the calls."""


@dataclass
class Owned:
    """A handler's id, what it must be, and its time of creation as it was first shown.

    `born` is our own clock's time of the create, in seconds of `time.monotonic`.
    """

    id: int
    handler: Handler
    created: str | None = None
    born: float = field(default_factory=time.monotonic)

    def times(self, row: Mapping[str, Any], properties: Mapping[str, str]) -> list[str]:
        """Return what is wrong with a row's times; `properties` maps `x-value` words to the row's properties."""
        found = []
        created = row.get(properties["created"])
        if self.created is not None and created != self.created:
            found.append(f"handler {self.id} was created at {self.created}, and now at {created}")
        self.created = self.created or created
        changed = row.get(properties.get("changed", ""))
        if isinstance(changed, str) and isinstance(created, str) and changed < created:
            found.append(f"handler {self.id} was changed at {changed}, before it was created at {created}")
        return found


def listed(sent: Mapping[str, str]) -> str:
    """Return a form for people to read."""
    fields = (
        f"{name}={text!r}" if len(text) < 60 else f"{name}={text[:40]!r}…" for name, text in sent.items()
    )
    return ", ".join(fields) or "no fields"
