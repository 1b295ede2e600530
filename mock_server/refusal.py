"""What a step raises when a request does not succeed, and what it notes when one succeeds too easily."""

from __future__ import annotations

from typing import NamedTuple


class Refusal(Exception):
    """The API says no. `name` is a named example of the operation's responses, which gives status and body.

    `told` fills the placeholders of its texts: `detail` says what a strict mock objects to, `field` and `value` what is
    wrong, `owner` the type that a field of another type belongs to.
    """

    def __init__(self, name: str, detail: str = "", **told: str) -> None:
        super().__init__(name)
        self.name = name
        self.told = {"detail": detail, **told}


class Defect(Exception):
    """The mock broke its own document: always a 500, always in the journal."""


class Violation(NamedTuple):
    """What the service swallows in silence and a client should not have sent: one sentence, with the remedy."""

    code: str
    sentence: str
