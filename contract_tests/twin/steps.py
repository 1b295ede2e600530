"""The calls of a sequence, in words that fit both services: they name rows by number, never by id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["list", "retrieve", "create", "update", "delete", "put", "nowhere"]
Bearer = Literal["own", "none", "wrong", "small", "other"]
Media = Literal["multipart", "urlencoded", "json"]

Pairs = tuple[tuple[str, str], ...]

# An id that no handler has.
NOBODY = "2000000011"


@dataclass(frozen=True, slots=True)
class TwinStep:
    """One call. `row` is the number of a create in the sequence, or an id's text; `tail` follows the id.

    `bearer` says whose key it has; `other` is that of another account. `later` means that it is sent in a later second
    than the response before it: times on the wire have no fractions.
    """

    kind: Kind
    row: int | str | None = None
    form: Pairs = ()
    media: Media = "multipart"
    query: Pairs = ()
    bearer: Bearer = "own"
    tail: str = ""
    later: bool = False


Sequence = tuple[TwinStep, ...]
