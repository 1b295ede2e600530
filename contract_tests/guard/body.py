"""A request's body: read as a form, searched for real addresses, and changed field by field.

Fields that are not changed keep every byte. Texts are UTF-8 with other bytes as lone surrogates.
"""

from __future__ import annotations

import html
import json
import re
import secrets
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_from_bytes, unquote, unquote_to_bytes, urlencode

from contract_tests.guard.exchange import MULTIPART, URLENCODED, FormField, GuardRefusal, Surface, read_json
from contract_tests.guard.ledger import Marker

# Takes a field's name and value, and returns the value to send.
Change = Callable[[str, str], str]
# In which way a form has no plain name: see `FormGuard.lack`.
Lack = tuple[tuple[str, ...], ...]


class Body:
    """A body and its Content-Type. `readable` is False if the body is not a form."""

    def __init__(self, content_type: str, data: bytes) -> None:
        self.media_type = content_type.partition(";")[0].partition(",")[0].strip().lower()
        self.data = data
        self.fields: tuple[FormField, ...] = ()
        self._multipart = Multipart.read(content_type, data) if self.media_type == MULTIPART else None
        self._json: Any = None
        self.readable = not data or self._read()

    def _read(self) -> bool:
        if self._multipart is not None:
            self.fields = tuple(self._multipart.fields())
            return True
        if self.media_type == URLENCODED:
            self.fields = tuple(_pair(pair) for pair in self.data.split(b"&") if pair)
            return True
        return self._read_json() if self.media_type.endswith("json") else False

    def _read_json(self) -> bool:
        try:
            self._json = read_json(self.data)
        except ValueError:
            return False
        if not isinstance(self._json, dict):
            return False
        self.fields = tuple(FormField(name, _shown(value)) for name, value in self._json.items())
        return True

    @property
    def text(self) -> str:
        """The whole body as text, to search or to show it."""
        return self.data.decode(errors="replace")

    @property
    def exact(self) -> str:
        """The whole body as text, with bytes that are not UTF-8 as lone surrogates."""
        return self.data.decode(errors="surrogateescape")

    @property
    def is_utf_8(self) -> bool:
        """Whether all of its fields are UTF-8."""
        return not any(_SURROGATE.search(field.value) for field in self.fields)

    def as_utf_8(self, content_type: str) -> Body:
        """Return the body without the bytes of its fields that are not UTF-8."""
        drop = lambda _, value: value.encode(errors="surrogateescape").decode(errors="ignore")  # noqa: E731
        return Body(content_type, self.changed(drop))

    def has_odd(self, name: str) -> bool:
        """Tell whether a JSON body has a member of a name that is not a text."""
        return isinstance(self._json, dict) and not isinstance(self._json.get(name, ""), str)

    def changed(self, change: Change) -> bytes:
        """Return the body with the value of each field changed."""
        if self._multipart is not None:
            return self._multipart.changed(change)
        if self.media_type == URLENCODED:
            return b"&".join(_changed_pair(pair, change) if pair else pair for pair in self.data.split(b"&"))
        if isinstance(self._json, dict):
            return _changed_json(self._json, change, self.data)
        return self.data

    def with_field(self, name: str, value: str) -> bytes:
        """Return the body with one more field, or unchanged if it is not a form."""
        if self._multipart is not None:
            return self._multipart.with_field(name, value)
        if self.media_type == URLENCODED:
            return urlencode({name: value}).encode() + b"&" + self.data
        return json.dumps({**self._json, name: value}).encode() if isinstance(self._json, dict) else self.data


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _pair(pair: bytes) -> FormField:
    name, _, value = pair.partition(b"=")
    return FormField(_decoded(name), _decoded(value))


def _decoded(text: bytes) -> str:
    return _text(unquote_to_bytes(text.replace(b"+", b" ")))


def _changed_pair(pair: bytes, change: Change) -> bytes:
    name, value = _pair(pair)[:2]
    changed = change(name, value)
    if changed == value:
        return pair
    encoded = quote_from_bytes(changed.encode(errors="surrogateescape"), safe="")
    return pair.partition(b"=")[0] + b"=" + encoded.encode()


def _changed_json(members: dict[str, Any], change: Change, data: bytes) -> bytes:
    texts = {name: value for name, value in members.items() if isinstance(value, str)}
    changed = {name: change(name, value) for name, value in texts.items()}
    return data if changed == texts else json.dumps({**members, **changed}).encode()


# multipart/form-data, read leniently (line ends of either kind, no end needed) and written back byte for byte.

_BOUNDARY = re.compile(r"boundary\s*=\s*(?:\"([^\"]*)\"|([^;,\s]*))", re.IGNORECASE)
_DASHES = re.compile(rb"(?:^|\r?\n)--")  # what a delimiter line begins with
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_DISPOSITION = re.compile(rb"(?:^|\n)content-disposition\s*:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE)
_VALUE = rb"(?:\"((?:\\.|[^\"\\])*)\"|'((?:\\.|[^'\\])*)'|([^;\s]*))"
_NAME = re.compile(rb"(?:^|[;\s])name\s*=\s*" + _VALUE, re.IGNORECASE | re.DOTALL)
_EXTENDED = re.compile(rb"(?:^|[;\s])name\*\s*=\s*[^';]*'[^';]*'([^;\s]*)", re.IGNORECASE)
_FILENAME = re.compile(rb"(?:^|[;\s])filename\*?\s*=\s*" + _VALUE, re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Part:
    """One part: the bytes before the value, the value, and its field, which is None if the part has no name."""

    before: bytes
    value: bytes
    field: FormField | None


class Multipart:
    """The parts of one body."""

    def __init__(self, parts: list[_Part], boundary: bytes) -> None:
        self._parts = parts
        self._boundary = boundary

    @classmethod
    def read(cls, content_type: str, data: bytes) -> Multipart | None:
        """Read a body; None if it has no boundary or part, or a part that has no name or is encoded."""
        found = _BOUNDARY.search(content_type)
        boundary = (found[1] or found[2] or "") if found else ""
        if not boundary:
            return None
        mark = boundary.encode("latin-1", errors="replace")
        pieces = _split(data, mark)
        parts = [_part(before, piece) for before, piece in pieces[:-1]]
        parts.append(_Part(pieces[-1][0], pieces[-1][1], None))
        odd = any(part.field is None for part in parts[1:-1])
        encoded = b"content-transfer-encoding" in data.lower()
        return None if len(parts) == 1 or odd or encoded else cls(parts, mark)

    def fields(self) -> Iterator[FormField]:
        """Yield the fields in their order."""
        for part in self._parts:
            if part.field is not None:
                yield part.field

    def changed(self, change: Change) -> bytes:
        """Return the body with the value of each field changed."""
        out = []
        for part in self._parts:
            value = part.value
            if part.field is not None:
                changed = change(part.field.name, part.field.value)
                value = value if changed == part.field.value else changed.encode(errors="surrogateescape")
            out += [part.before, value]
        return b"".join(out)

    def with_field(self, name: str, value: str) -> bytes:
        """Return the body with one more field, before all others."""
        preamble, *parts = [part.before + part.value for part in self._parts]
        head = f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        return b"".join([preamble, b"--", self._boundary, b"\r\n", head.encode(), *parts])


def _split(data: bytes, boundary: bytes) -> list[tuple[bytes, bytes]]:
    """Return pairs of a delimiter line and what follows it, the preamble first and the epilogue last."""
    pieces: list[tuple[bytes, bytes]] = []
    before, at = b"", 0
    for dashes in _DASHES.finditer(data):
        start, name = dashes.span()
        if start < at or not data.startswith(boundary, name):
            continue
        pieces.append((before, data[at:start]))
        at = data.find(b"\n", name) + 1 or len(data)
        before = data[start:at]
        if data.startswith(b"--", name + len(boundary)):
            break
    else:
        # The closing delimiter is missing, so the last piece is a part.
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


def form_data(fields: Mapping[str, str]) -> tuple[str, bytes]:
    """Return a form as multipart/form-data: its Content-Type, and the body."""
    boundary = secrets.token_hex(12)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in fields.items()
    ]
    return f"{MULTIPART}; boundary={boundary}", f"{''.join(parts)}--{boundary}--\r\n".encode()


# Addresses. A form could make the service contact somebody, so only hosts that are reserved for examples may pass.

_RESERVED = re.compile(
    r"(?:[^.]+\.)*(?:example\.(?:com|net|org)|example|invalid|test|localhost)\.?", re.IGNORECASE
)
_LABEL = r"[^\W_][\w-]{0,62}+\."
_HOST = re.compile(rf"(?:{_LABEL})+(?:xn--[\w-]+|[^\W\d_]{{2,63}})(?![\w-])", re.IGNORECASE)
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])", re.ASCII)
_MAILBOX = re.compile(r"[^\s@]@([^\s@<>,;\"']+)")
_AUTHORITY = re.compile(r"[/\\]{2,}+([^\s/\\?#<>\"']*)")
# What C's inet_aton reads as an address, if it is a whole value: 0x7f.1, 2130706433.
_NUMERIC = re.compile(
    r"\s*(?:[a-z]+:)?(?:0x[0-9a-f]+(?:\.[0-9a-fx]+)*|\d+(?:\.[0-9a-fx]+)+|\d{8,10})\s*(?:[:/?#].*)?",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)
_TAG = re.compile(r"<[^>]*>?")
_SURROGATE = re.compile("[\udc80-\udcff]")  # a byte that is not UTF-8
_DOTS = str.maketrans("。．｡․", "....")


def contacts(value: str, *, address: bool = False) -> list[str]:
    """Return the hosts in a value that are not reserved for examples (RFC 2606, RFC 6761).

    The value is read as sent and as a service may read it: percent-decoded, HTML-decoded, without tags and invisible
    characters, and with other full stops as dots. `address`: the field holds an address, so a number counts as one.
    """
    found: list[str] = []
    for text in dict.fromkeys((value, _cleaned(value))):
        plain = unicodedata.normalize("NFKC", text.translate(_DOTS))
        found += [host for host in _hosts(plain) if not _RESERVED.fullmatch(host)]
        if address and _NUMERIC.fullmatch(plain):
            found.append(plain.strip())
    return found


def _cleaned(value: str) -> str:
    text = _TAG.sub("", html.unescape(unquote(value)))
    if text.isprintable():  # most values: they have none of these characters
        return text
    return "".join(
        sign for sign in text if unicodedata.category(sign) not in {"Cf", "Cc", "Cs"} or sign in "\t\n\r"
    )


def _hosts(text: str) -> list[str]:
    hosts = _HOST.findall(text) + _IPV4.findall(text)
    hosts += [name.rstrip(".,;:!?)]}") for name in _MAILBOX.findall(text)]
    authorities = [name.rpartition("@")[2] for name in _AUTHORITY.findall(text)]
    hosts += [re.sub(r":\d*\Z", "", name) for name in authorities]
    return [host for host in hosts if host]


class FormGuard:
    """Checks and changes the forms of one run: a marker in the name, reserved hosts only, no override of the method."""

    def __init__(self, surface: Surface, marker: Marker) -> None:
        self._name, self._type = surface.name_field, surface.facts.form["type"]
        self._addresses = surface.addresses
        self._types, self._examples = surface.facts.types, surface.facts.examples
        self._marker = marker

    def check(self, body: Body) -> None:
        """Raise GuardRefusal (`contact`, `form`, `override`) if a body must not leave."""
        if any(_key(field.name).lower() == "_method" for field in body.fields):
            raise GuardRefusal(
                "override", "A field that overrides the method could turn a write into another one."
            )
        if not body.readable and self._name in unquote(body.text).lower():
            # A service that still reads it would store a name like those of the user.
            raise GuardRefusal("form", "The body is not a form that the guard can read, and may hold a name.")
        if body.has_odd(self._name):
            raise GuardRefusal("form", "The name is not a text, so it cannot bear the run's mark.")
        texts = [(field.name, text) for field in body.fields for text in (field.name, field.value)]
        for name, text in texts or [("", body.text)]:
            if found := contacts(text, address=_key(name) in self._addresses):
                what = "".join(sign for sign in found[0] if sign.isprintable())[:60]
                raise GuardRefusal(
                    "contact",
                    f"{what!r} is not reserved for examples: use example.com or a name under .invalid.",
                )

    def prepared(self, body: Body, number: int, *, in_addresses: bool = False) -> bytes:
        """Return the body with the marker in its name, unless that is blank; in addresses, too, if asked."""

        def change(name: str, value: str) -> str:
            key = _key(name)
            if key == self._name and not Marker.is_blank(value):
                return self._marker.insert(value, number)
            return (
                self._marker.in_address(value, number) if in_addresses and key in self._addresses else value
            )

        return body.changed(change)

    def named(self, body: Body, number: int) -> bytes:
        """Return the body with the marker in its name, also if the name is blank or missing."""
        if not self._names(body):
            return body.with_field(self._name, self._marker.insert("", number))
        return body.changed(
            lambda name, value: self._marker.insert(value, number) if _key(name) == self._name else value
        )

    def lack(self, body: Body) -> Lack | None:
        """Return in which way a body has no plain name; None if it has one that every service reads.

        The way is, for each field that may be the name: its spelling, its text if that is blank, and `file` if it is
        sent as a file.
        """
        fields = [
            (f.name, f.value * Marker.is_blank(f.value), *["file"] * (f.filename is not None))
            for f in self._names(body)
        ]
        is_plain = fields == [(self._name, "")] and not Marker.is_blank(self._names(body)[0].value)
        return None if is_plain else tuple(fields)

    def _names(self, body: Body) -> list[FormField]:
        return [field for field in body.fields if _key(field.name) == self._name]

    def has_name(self, body: Body) -> bool:
        """Tell whether a body has a name that will bear the marker."""
        return any(not Marker.is_blank(field.value) for field in self._names(body))

    def addressed_type(self, body: Body) -> str:
        """Return the type of a create that has an address which can bear the marker; empty if it has none."""
        values = {field.name: field.value for field in body.fields if field.filename is None}
        kind = values.get(self._type, "")
        return kind if self._can_mark(kind, values) else ""

    @property
    def example_type(self) -> str:
        """The first type whose documented example has an address; empty if none has."""
        return next((kind for kind, example in self._examples.items() if self._can_mark(kind, example)), "")

    def lacking(self, kind: str, lack: Lack) -> dict[str, str]:
        """Return a type's example with a name that is missing in this way; empty if texts cannot express it."""
        if any(len(field) > 2 for field in lack):
            return {}
        fields = {name: text for name, text in self._examples[kind].items() if name != self._name}
        return fields | {field[0]: field[1] for field in lack}

    def _can_mark(self, kind: str, fields: Mapping[str, str]) -> bool:
        own = self._addresses.intersection(self._types.get(kind, ()))
        return any(self._marker.in_address(fields.get(name, ""), 0) != fields.get(name, "") for name in own)


def _key(name: str) -> str:
    """Return a field's name as PHP files it: without leading blanks, what follows a NUL, and indices."""
    return name.partition("\0")[0].lstrip(" ").partition("[")[0]
