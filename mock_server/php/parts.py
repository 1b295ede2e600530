"""A body's parts as the parser saw them, for whoever looks at a journal."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from mock_server.php import Form, Limits, Part, TooManyFields, read

# Characters that a preview shows.
PREVIEW = 200


class SeenPart(NamedTuple):
    """One part: its names, kind and type as forms.Part has them, and of its data the length, SHA-256 and beginning."""

    name: str | None
    key: str | None
    kind: str
    file_name: str | None
    content_type: str | None
    size: int
    sha256: str
    preview: str
    valid_utf8: bool


def parts_of(content_type: str | None, body: bytes, readable: frozenset[str]) -> tuple[SeenPart, ...]:
    """Read a body as the API did, by media types that it reads; one of too many fields has no parts to show."""
    try:
        form: Form = read(content_type, body, Limits(), readable)
    except TooManyFields:
        return ()
    return tuple(_seen(part) for part in form.parts)


def _seen(part: Part) -> SeenPart:
    return SeenPart(
        None if part.name is None else part.name.decode(errors="replace"),
        part.key,
        part.kind,
        part.filename,
        part.content_type,
        part.size,
        hashlib.sha256(part.data).hexdigest(),
        part.data[: PREVIEW * 4].decode(errors="replace")[:PREVIEW],
        part.valid_utf8,
    )
