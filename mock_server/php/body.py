"""Reads a request's body by its Content-Type, with what PHP 8.2 would have in ``$_POST`` and ``$_FILES``."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from mock_server.php import jsonbody, multipart, urlencoded
from mock_server.php.form import Form, Limits, Remark, empty

MULTIPART: Final = "multipart/form-data"
URLENCODED: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"


def media_type(content_type: str) -> str:
    """Give a Content-Type's media type in lower case, cut at ``;``, ``,`` or a blank, as PHP cuts it."""
    kind, _, _ = content_type.partition(";")
    if "," in kind or " " in kind:
        kind = kind.partition(",")[0].partition(" ")[0]
    return kind.lower()


def read(content_type: str | None, body: bytes, limits: Limits, readable: frozenset[str]) -> Form:
    """Read a body of any type.

    ``content_type`` is the header's value decoded as ISO-8859-1, None if absent; ``readable`` are the media
    types that the API takes, in lower case, of which this module knows MULTIPART, URLENCODED and JSON. A body
    of another type gives an empty form with a remark that names its type; no body, an empty form. Raises
    TooManyFields, and nothing else for any bytes; the caller bounds the size of the body.
    """
    if not body:
        return empty()
    kind = media_type(content_type or "")
    reader = _READERS.get(kind) if kind in readable else None
    if reader is None:
        return empty(_unread(kind, readable))
    return reader(content_type or "", body, limits)


def _read_multipart(content_type: str, body: bytes, limits: Limits) -> Form:
    form = multipart.parse(content_type, body, limits)
    if not form.fields and not form.parts and (looks := _looks_like(body)) and looks != MULTIPART:
        remark = Remark(
            "not-multipart", f"The body is {_NAMES[looks]}, but Content-Type says {MULTIPART}: {_LET}."
        )
        return replace(form, remarks=(remark,))
    return form


def _read_urlencoded(_: str, body: bytes, limits: Limits) -> Form:
    return urlencoded.parse(body, limits)


def _read_json(_: str, body: bytes, limits: Limits) -> Form:
    return jsonbody.parse(body, limits)


_READERS: Final[dict[str, Callable[[str, bytes, Limits], Form]]] = {
    MULTIPART: _read_multipart,
    URLENCODED: _read_urlencoded,
    JSON: _read_json,
}
_NAMES: Final = {MULTIPART: MULTIPART, URLENCODED: "urlencoded", JSON: "JSON"}
_LET: Final = "let the HTTP client set Content-Type"


def _looks_like(body: bytes) -> str | None:
    start = body[:200].lstrip()
    if start.startswith((b"{", b"[")):
        return JSON
    if start.startswith(b"--"):
        return MULTIPART
    line = start.partition(b"\n")[0]
    return URLENCODED if b"=" in line and b" " not in line else None


def _unread(kind: str, readable: frozenset[str]) -> Remark:
    wanted = " or ".join(sorted(readable & _READERS.keys(), reverse=True)) or "no body"
    if not kind:
        return Remark("content-type-missing", f"The body has no Content-Type: send {wanted}.")
    named = "JSON" if kind == JSON or kind.endswith("+json") else kind
    if len(named) > 60 or not named.isprintable():  # a sentence is no place for whatever was sent
        named = "of an unknown type"
    return Remark("content-type-unread", f"The body is {named}, which this API does not read: send {wanted}.")
