"""What earlier runs found: a JSON object a line, so that an interrupted run is continued where it ended."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from contract_tests.mutants.mutant import Mutant
from contract_tests.mutants.trial import Fate
from mock_server.document import home

_KIT = Path(__file__).parents[1]
# Modules that say what came out, and have no part in it.
_TELLING = ("__main__.py", "matrix.py", "state.py", "verdict.py")
_TUPLES = ("killed_by", "noticed", "ran")


class State:
    """The fates in a file, by a digest of the kit, the mutants, the documents, the suites asked for and an id."""

    def __init__(self, file: Path | None, suites: Sequence[str] = ()) -> None:
        self._file = file
        self._version = _version(suites)
        self._fates: dict[str, Fate] = {}
        for line in file.read_text(encoding="utf-8").splitlines() if file and file.exists() else ():
            self._read(line)

    def get(self, mutant: Mutant) -> Fate | None:
        """Return what became of a mutant, None where it was not tried."""
        return self._fates.get(self._digest(mutant))

    def put(self, mutant: Mutant, fate: Fate) -> None:
        """Note what became of a mutant."""
        self._fates[self._digest(mutant)] = fate
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"digest": self._digest(mutant), "fate": asdict(fate)}) + "\n")

    def _digest(self, mutant: Mutant) -> str:
        return hashlib.sha256(f"{self._version} {mutant.id}".encode()).hexdigest()[:16]

    def _read(self, line: str) -> None:
        try:
            entry = json.loads(line)
            fate: dict[str, Any] = entry["fate"]
            fate |= {key: tuple(fate[key]) for key in _TUPLES}
            self._fates[entry["digest"]] = Fate(**fate)
        except (ValueError, TypeError, KeyError):  # the last line of a run that was killed
            return


def _version(suites: Sequence[str]) -> str:
    digest = hashlib.sha256(" ".join(sorted(suites)).encode())
    told = [Path(__file__).with_name(name) for name in _TELLING]
    modules = (file for file in _KIT.rglob("*.py") if file not in told)
    for file in sorted([*modules, *home().glob("*.yaml")]):
        digest.update(file.read_bytes())
    return digest.hexdigest()
