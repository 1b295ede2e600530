"""The file of a failed test."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_FORMAT = "bitpeak-mock capsule 1"

Step = Mapping[str, Any]


class NoCapsule(Exception):
    """The file is none, or not one that this version reads; the sentence names it."""


@dataclass(frozen=True, slots=True)
class Capsule:
    """`test` is pytest's node id, `info` what the mock said of itself, `flags` those of its `serve`.

    Each world has a `state` by the control's document, and `steps`: `{"change": {method, path, body}}` for a control
    request, `{"exchange": …}` for one of the API's, as the journal has it, keys redacted.
    """

    test: str
    failure: str
    info: Mapping[str, Any]
    flags: Sequence[str]
    worlds: Sequence[Mapping[str, Any]]

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_text(json.dumps({"format": _FORMAT, **asdict(self)}, indent=1) + "\n", encoding="utf-8")
        draft.replace(path)

    @classmethod
    def read(cls, path: Path) -> Capsule:
        """Read the file. Raises NoCapsule, OSError."""
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise NoCapsule(f"{path} is no capsule: it is no JSON ({error}).") from None
        if not isinstance(facts, dict) or facts.pop("format", None) != _FORMAT:
            raise NoCapsule(f"{path} is no capsule of this version: its format is not {_FORMAT!r}.")
        try:
            return cls(**facts)
        except TypeError as error:
            raise NoCapsule(f"{path} is no whole capsule: {error}.") from None

    @property
    def exchanges(self) -> list[Mapping[str, Any]]:
        """The exchanges of all worlds."""
        return [step["exchange"] for world in self.worlds for step in world["steps"] if "exchange" in step]
