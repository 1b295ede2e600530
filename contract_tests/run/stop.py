"""How a run ends, as an exit code, and the exception that ends one before its time."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """What the process says when it ends; one that a signal ended says 128 and the signal's number."""

    FINE = 0
    FINDINGS = 1
    USAGE = 2
    CANNOT = 3
    UNREACHABLE = 4
    NOTHING = 5  # nothing was executed, which is no success


class Stop(Exception):
    """A run cannot begin, or cannot go on; `sentence` says why. `code` is a Code, or what a signal's end says."""

    def __init__(self, code: int, sentence: str) -> None:
        sentence = " ".join(sentence.split())
        self.code = code
        self.sentence = sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."
        super().__init__(self.sentence)
