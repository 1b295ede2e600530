"""Reads a request's body by its Content-Type: forms as PHP 8.2 does, and JSON objects as if they were forms."""

import json
from collections.abc import Callable
from typing import Any, Final

from mock_server.php import multipart, urlencoded
from mock_server.php.form import FormLimits, Part, SentForm, TooManyFields, quoted

MULTIPART: Final = "multipart/form-data"
URLENCODED: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"


def read(content_type: str | None, body: bytes, limits: FormLimits, readable: frozenset[str]) -> SentForm:
    """Read a body of any type.

    ``content_type`` is the header's value decoded as ISO-8859-1, or None. ``readable`` are the media types that the API
    takes, in lower case. This module knows MULTIPART, URLENCODED and JSON. For another type, the form has no fields and
    a remark that names the type. Raises only TooManyFields, for any bytes. The caller bounds the size of the body.
    """
    if not body:
        return SentForm()
    kind = media_type(content_type or "")
    reader = _READERS.get(kind) if kind in readable else None
    if reader is not None:
        return reader(content_type or "", body, limits)
    form = SentForm()
    wanted = " or ".join(sorted(readable & _READERS.keys(), reverse=True)) or "no body"
    if not kind:
        form.remark("content-type-missing", f"The body has no Content-Type: send {wanted}.")
        return form
    named = "JSON" if kind == JSON or kind.endswith("+json") else kind
    if len(named) > 60 or not named.isprintable():  # a sentence must not repeat everything that was sent
        named = "of an unknown type"
    form.remark("content-type-unread", f"The body is {named}, which this API does not read: send {wanted}.")
    return form


def media_type(content_type: str) -> str:
    """Return a Content-Type's media type in lower case, cut at ``;``, ``,`` or a blank, as PHP cuts it."""
    return content_type.partition(";")[0].partition(",")[0].partition(" ")[0].lower()


def _read_multipart(content_type: str, body: bytes, limits: FormLimits) -> SentForm:
    form = multipart.parse(content_type, body, limits)
    if not form.parts and (kind := _guess(body)):
        form = SentForm()
        sentence = (
            f"The body is {kind}, but Content-Type says {MULTIPART}: let the HTTP client set Content-Type."
        )
        form.remark("not-multipart", sentence)
    return form


def _guess(body: bytes) -> str | None:
    """Return the likely type of a body that is not multipart, or None."""
    start = body[:200].lstrip()
    if start.startswith((b"{", b"[")):
        return "JSON"
    line = start.partition(b"\n")[0]
    return "urlencoded" if b"=" in line and b" " not in line and not start.startswith(b"--") else None


def _read_urlencoded(_: str, body: bytes, limits: FormLimits) -> SentForm:
    return urlencoded.parse(body, limits)


class _Number(str):
    """A number's digits as sent, told apart from a string."""

    __slots__ = ()


def _read_json(_: str, body: bytes, limits: FormLimits) -> SentForm:
    """Read a JSON object as a form, for documents that list application/json; PHP would leave ``$_POST`` empty.

    Members that are strings, numbers or booleans are texts. Numbers keep their digits as sent, true is ``"1"`` and
    false ``""``, as PHP casts. null is absent. Lists and objects are arrays. Names are not mangled.
    """
    form = SentForm(limits)
    try:
        members = json.loads(
            body.decode(), parse_int=_Number, parse_float=_Number, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):
        form.remark("json-broken", "The body is not valid JSON (in UTF-8): send one JSON object.")
        return form
    if not isinstance(members, dict):
        form.remark("json-no-object", "The body is JSON, but not an object: send one JSON object.")
        return form
    if len(members) > limits.fields:
        raise TooManyFields(limits.fields)
    for name, member in members.items():
        if member is not None:
            _take_member(form, _whole(name), member)
    return form


def _take_member(form: SentForm, key: str, member: Any) -> None:
    if isinstance(member, (dict, list)):
        last = member[-1] if isinstance(member, list) and member else None
        data = b"" if isinstance(last, (dict, list)) else _whole(_cast(last)).encode()
        form.arrays[key] = None
        form.parts.append(Part(key, key, "array", None, None, data))
        form.remark("array-field", f"Field {quoted(key)} is sent as an array: send a single value.")
        return
    text = _cast(member)
    value = _whole(text)
    if value != text:
        sentence = f"Field {quoted(key)} has half a surrogate pair: send whole characters."
        form.remark("invalid-utf8", sentence)
    form.fields[key] = value
    form.parts.append(Part(key, key, "text", None, None, value.encode(), value == text))


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _cast(member: str | bool | None) -> str:
    """Cast a value to a text as PHP does."""
    if isinstance(member, bool):
        return "1" if member else ""
    return "" if member is None else str(member)


def _whole(text: str) -> str:
    """Replace halves of surrogate pairs, which JSON can escape: they cannot be sent back as UTF-8."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


_READERS: Final[dict[str, Callable[[str, bytes, FormLimits], SentForm]]] = {
    MULTIPART: _read_multipart,
    URLENCODED: _read_urlencoded,
    JSON: _read_json,
}
