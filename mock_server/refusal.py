"""What a step raises when a request does not succeed, and what it notes when one succeeds too easily."""

from __future__ import annotations

from typing import NamedTuple


class Refusal(Exception):
    """The API says no. `name` is a named example of the operation's responses, which gives status and body.

    `detail` fills the `{detail}` of a title that has one: what a strict mock objects to.
    """

    def __init__(self, name: str, detail: str = "") -> None:
        super().__init__(name)
        self.name = name
        self.detail = detail


class Defect(Exception):
    """The mock broke its own document: always a 500, always in the journal."""


class Violation(NamedTuple):
    """What the service swallows in silence and a client should not have sent: one sentence, with the remedy."""

    code: str
    sentence: str
