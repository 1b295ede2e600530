"""One control request, and what of the mock it can reach."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from mock_server.refusal import Defect, Refusal
from mock_server.rehearsal import Rehearsal
from mock_server.state.world import World, Worlds
from mock_server.variations import Variations


class Subject(NamedTuple):
    """What is steered: the worlds and their contracts.

    `token`: what a request must send, None where it need not. `cors`: whether pages of other origins may steer.
    `rehearsal`: the one that is on, if any.
    """

    worlds: Worlds
    variations: Variations
    token: str | None = None
    cors: bool = False
    rehearsal: Rehearsal | None = None


class Request(NamedTuple):
    """A control request whose parameters and body are good.

    `key` and `account` are None where no world is meant; the lock of a world that is meant is held. `media_type`: of
    the answer, where the document lets it be chosen.
    """

    subject: Subject
    key: str | None
    account: World | None
    values: Mapping[str, Any]
    body: Any = None
    media_type: str | None = None

    @property
    def world(self) -> World:
        """The world that is meant. Raises Defect where the document lets none be named."""
        if self.account is None:
            raise Defect("a control operation needs a world, and its document does not say so")
        return self.account


class NotYet(Exception):
    """What the request waits for, at most so many seconds, is not there; `end`: what is said if it stays so."""

    def __init__(self, seconds: float, end: Refusal | Mapping[str, Any]) -> None:
        super().__init__(str(end))
        self.seconds = seconds
        self.end = end


def unusable(detail: str) -> Refusal:
    """Return the refusal of a request that cannot be used; `detail`: what is wrong, where, and what to do."""
    return Refusal("unusable", detail)


def unknown(what: str, name: str, known: Iterable[str]) -> Refusal:
    """Return the refusal of a name that nothing has; `what`: where it stands."""
    return unusable(f"{what}: there is no {name[:60]!r}, choose from {', '.join(known)}.")
