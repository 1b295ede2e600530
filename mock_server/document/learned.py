"""What an overlay says of its own origin: when, where and how well it was learned from a running service."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import NamedTuple

from mock_server.document import shape
from mock_server.document.places import DocumentError, Object, place_of

# The extension of an overlay that holds it, with the version of its shape.
WORD = "x-learned"

_WHAT = f"'{WORD}' of an overlay"
_KEYS = (
    "date", "target", "document", "requests", "writes", "operations", "refusals", "answers", "open", "unsaid",
    "lessons",
)  # fmt: skip


class Learned(NamedTuple):
    """Where an overlay was learned. `date` is in UTC, `digest` that of the base document it was learned against.

    `answers` are the answers to open questions that the overlay's actions embody, the assumed ones too; `open` says of
    each other question why it stays open. `operations` are those that were seen to answer with success, `refusals`
    those that were provoked. `unsaid` are sentences on what was seen and cannot be said in a document.
    """

    date: datetime
    target: str
    digest: str
    requests: int
    writes: bool
    operations: tuple[str, ...]
    refusals: tuple[str, ...]
    answers: Mapping[str, str]
    open: Mapping[str, str]
    unsaid: tuple[str, ...]
    file: str


def parse_learned(overlay: Object) -> Learned | None:
    """Read the extension of an overlay, None where it has none. Raises DocumentError where its shape is wrong."""
    if WORD not in overlay:
        return None
    data = shape.an_object(overlay, WORD, _WHAT)
    shape.check_keys(data, _KEYS, _WHAT)
    return Learned(
        date=_date(data),
        target=shape.text(data, "target", _WHAT),
        digest=shape.text(data, "document", _WHAT),
        requests=_number(data, "requests"),
        writes=shape.flag(data, "writes", _WHAT),
        operations=tuple(shape.an_array(data, "operations", _WHAT)),
        refusals=tuple(shape.an_array(data, "refusals", _WHAT)),
        answers=_texts(data, "answers"),
        open=_texts(data, "open"),
        unsaid=tuple(shape.an_array(data, "unsaid", _WHAT)),
        file=data.place.file,
    )


def _texts(data: Object, key: str) -> Mapping[str, str]:
    found = shape.an_object(data, key, f"{key!r} of {_WHAT}")
    return MappingProxyType({name: shape.text(found, name, f"{key!r} of {_WHAT}") for name in found})


def _number(data: Object, key: str) -> int:
    value = shape.required(data, key, _WHAT)
    if not isinstance(value, int) or isinstance(value, bool):
        raise DocumentError(f"{key!r} of {_WHAT} must be a number", place_of(data, key))
    return value


def _date(data: Object) -> datetime:
    text = shape.text(data, "date", _WHAT)
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        message = f"'date' of {_WHAT} is {text!r}, write it as 2026-01-31T12:00:00Z"
        raise DocumentError(message, place_of(data, "date")) from None
