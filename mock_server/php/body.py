"""Reads a request's body by its Content-Type: forms as PHP 8.2 does, and JSON objects as if they were forms."""

import json
import re
from binascii import unhexlify
from collections.abc import Callable
from typing import Any, Final

from mock_server.php import multipart
from mock_server.php.form import FormLimits, Part, SentForm, TooManyFields, quoted
from mock_server.php.values import field_name

MULTIPART: Final = "multipart/form-data"
URLENCODED: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"

# Whole runs of escapes, so that a long UTF-8 text needs few calls. A "%" without two hex digits is kept.
_ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2})++")


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


def parse_urlencoded(body: bytes, limits: FormLimits) -> SentForm:
    """Read a urlencoded body as PHP's parse_str does, in linear time. Raises only TooManyFields, for any bytes.

    Pairs are counted as in PHP, including empty ones between two ``&``.
    """
    if body.count(b"&") - body.endswith(b"&") >= limits.fields:
        raise TooManyFields(limits.fields)
    return _read_pairs(body.split(b"&"), limits)


def parse_query(text: str) -> dict[str, str]:
    """Return a query string's text fields by their mangled names, the last one of each name, without arrays.

    ``text`` follows the ``?``, with raw bytes decoded as UTF-8. Raises nothing: pairs beyond the first thousand are
    dropped, as in PHP (max_input_vars).

        parse_query("a.b=1&c=%C3%A9&d[]=2")  ->  {"a_b": "1", "c": "é"}
    """
    limits = FormLimits()
    pairs = [pair for pair in text.encode(errors="surrogatepass").split(b"&") if pair]
    return _read_pairs(pairs[: limits.fields], limits).fields


def _read_pairs(pairs: list[bytes], limits: FormLimits) -> SentForm:
    form = SentForm(limits)
    first = pairs[0].lstrip() if pairs else b""
    if first.startswith(b"{"):
        remedy = "send form fields, or the right Content-Type."
        form.remark("json-in-form", f"The body is JSON but Content-Type says it is a form: {remedy}")
    elif first.startswith(b"--") and b"Content-Disposition" in first:
        remedy = "let the HTTP client set Content-Type."
        form.remark(
            "multipart-in-urlencoded", f"The body is multipart but Content-Type says urlencoded: {remedy}"
        )
    for pair in pairs:
        if pair:
            name, _, data = pair.partition(b"=")
            form.text(field_name(_decode(name).decode(errors="replace")), _decode(data))
    return form


def _decode(text: bytes) -> bytes:
    text = text.replace(b"+", b" ")
    return _ESCAPES.sub(_unescape, text) if b"%" in text else text


def _unescape(run: re.Match[bytes]) -> bytes:
    return unhexlify(run[0].replace(b"%", b""))


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
    URLENCODED: lambda _, body, limits: parse_urlencoded(body, limits),
    JSON: _read_json,
}
