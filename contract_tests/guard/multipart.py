"""multipart/form-data, read leniently (line ends of either kind, no end needed) and written back byte for byte."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from contract_tests.guard.exchange import FormField

_BOUNDARY = re.compile(r"boundary\s*=\s*(?:\"([^\"]*)\"|([^;,\s]*))", re.IGNORECASE)
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_DISPOSITION = re.compile(rb"(?:^|\n)content-disposition\s*:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE)
_VALUE = rb"(?:\"((?:\\.|[^\"\\])*)\"|'((?:\\.|[^'\\])*)'|([^;\s]*))"
_NAME = re.compile(rb"(?:^|[;\s])name\s*=\s*" + _VALUE, re.IGNORECASE | re.DOTALL)
_EXTENDED = re.compile(rb"(?:^|[;\s])name\*\s*=\s*[^';]*'[^';]*'([^;\s]*)", re.IGNORECASE)
_FILENAME = re.compile(rb"(?:^|[;\s])filename\*?\s*=\s*" + _VALUE, re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Part:
    """The bytes before the value, the value, and what they say; `field` is None where no name is found."""

    before: bytes
    value: bytes
    field: FormField | None


class Multipart:
    """The parts of one body."""

    def __init__(self, parts: list[_Part]) -> None:
        self._parts = parts

    @classmethod
    def read(cls, content_type: str, data: bytes) -> Multipart | None:
        """Read a body; None where it has no boundary, no part, or a part with no name or in an encoding."""
        found = _BOUNDARY.search(content_type)
        boundary = (found[1] or found[2] or "") if found else ""
        if not boundary:
            return None
        pieces = _split(data, boundary.encode("latin-1", errors="replace"))
        parts = [_part(before, piece) for before, piece in pieces[:-1]]
        parts.append(_Part(pieces[-1][0], pieces[-1][1], None))
        odd = any(part.field is None for part in parts[1:-1])
        encoded = b"content-transfer-encoding" in data.lower()
        return None if len(parts) == 1 or odd or encoded else cls(parts)

    def fields(self) -> Iterator[FormField]:
        """Yield the fields in their order."""
        for part in self._parts:
            if part.field is not None:
                yield part.field

    def changed(self, change: Callable[[str, str], str]) -> bytes:
        """Return the body with each field's value changed."""
        out = []
        for part in self._parts:
            value = part.value
            if part.field is not None:
                changed = change(part.field.name, part.field.value)
                value = value if changed == part.field.value else changed.encode(errors="surrogateescape")
            out += [part.before, value]
        return b"".join(out)


def _split(data: bytes, boundary: bytes) -> list[tuple[bytes, bytes]]:
    """Return pairs of a delimiter line and what follows it, the preamble first and the epilogue last."""
    line = re.compile(rb"(?:^|\r?\n)--" + re.escape(boundary) + rb"(--)?[^\n]*(?:\n|\Z)")
    pieces: list[tuple[bytes, bytes]] = []
    before, at = b"", 0
    for found in line.finditer(data):
        pieces.append((before, data[at : found.start()]))
        before, at = found[0], found.end()
        if found[1]:
            break
    else:
        # The end is missing: the last piece is a part, and nothing follows it.
        return [*pieces, (before, data[at:]), (b"", b"")] if pieces else [(b"", data)]
    return [*pieces, (before, data[at:])]


def _part(before: bytes, piece: bytes) -> _Part:
    end = _HEAD_END.search(piece)
    disposition = _DISPOSITION.search(piece[: end.start()]) if end else None
    name = _name_in(disposition[1]) if disposition else None
    if end is None or disposition is None or name is None:
        return _Part(before, piece, None)
    value = piece[end.end() :]
    filename = _FILENAME.search(disposition[1])
    shown = None if filename is None else _text(b"".join(filename.groups(b"")))
    return _Part(before + piece[: end.end()], value, FormField(name, _text(value), shown))


def _name_in(disposition: bytes) -> str | None:
    if found := _NAME.search(disposition):
        return _text(re.sub(rb"\\(.)", rb"\1", b"".join(found.groups(b"")), flags=re.DOTALL))
    if found := _EXTENDED.search(disposition):
        return _text(unquote_to_bytes(found[1]))
    return None


def _text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")
