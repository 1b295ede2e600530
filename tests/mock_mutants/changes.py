"""Small faults of the mock itself, read from changes.yaml: one change of its code each, which changes some response.

The contract tests must find each of them when they hold the mock to its document, as `make contract` does.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import yaml


class Change(NamedTuple):
    """One fault: in this module of `mock_server`, `old`, which stands there once, becomes `new`.

    `flags`: those of `serve` without which no response changes.
    """

    name: str
    module: str
    old: str
    new: str
    flags: tuple[str, ...] = ()

    def apply(self, text: str) -> str:
        """Return the module's text with the change. Raises ValueError if `old` doesn't stand there once."""
        if text.count(self.old) != 1:
            raise ValueError(
                f"{self.name}: the text to change stands {text.count(self.old)} times in {self.module}"
            )
        return text.replace(self.old, self.new)


def _read() -> tuple[Change, ...]:
    entries = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return tuple(
        Change(name, entry["module"], entry["old"], entry["new"], tuple(entry.get("flags", ())))
        for name, entry in entries.items()
    )


CHANGES = _read()
