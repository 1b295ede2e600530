"""application/x-www-form-urlencoded bodies and query strings as PHP's parse_str reads them."""

import re
from binascii import unhexlify
from typing import Final

from mock_server.php.form import Form, Limits, Part, Remark, TooManyFields
from mock_server.php.gather import Gathering

JSON: Final = Remark(
    "json-in-form",
    "The body is JSON but Content-Type says it is a form: send form fields, or the right Content-Type.",
)
MULTIPART: Final = Remark(
    "multipart-in-urlencoded",
    "The body is multipart but Content-Type says urlencoded: let the HTTP client set Content-Type.",
)
_QUERY: Final = Limits()
# Whole runs, so that UTF-8 text costs one call per run; a "%" without two hex digits stays as it is.
_ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2})++")


def parse(body: bytes, limits: Limits) -> Form:
    """Read a urlencoded body. Raises TooManyFields, and nothing else for any bytes; linear time and memory.

    Pairs are counted as PHP counts them, the empty ones between two ``&`` included.
    """
    if body.count(b"&") - body.endswith(b"&") >= limits.fields:
        raise TooManyFields(limits.fields)
    pairs = body.split(b"&")
    return _usual(pairs, escaped=b"%" in body or b"+" in body) or _any(pairs, limits)


def parse_query(text: str) -> dict[str, str]:
    """Give a query string's text fields by their mangled names, the last of a name; arrays are left out.

    ``text`` is what follows the ``?``, with any raw bytes decoded as UTF-8. Never raises: pairs beyond the
    first 1000 are dropped, as PHP does (max_input_vars).
    """
    plain = _plain_query(text) if text else {}
    if plain is not None:
        return plain
    body = text.encode(errors="surrogatepass")
    pairs = [pair for pair in body.split(b"&") if pair][: _QUERY.fields]
    return (_usual(pairs, escaped=b"%" in body or b"+" in body) or _any(pairs, _QUERY)).fields


def _plain_query(text: str) -> dict[str, str] | None:
    """Read a query of plain names and values; None if it is not one."""
    if "%" in text or "+" in text or not text.isascii() or text.count("&") >= _QUERY.fields:
        return None
    fields = {}
    for pair in text.split("&"):
        key, _, value = pair.partition("=")
        if not key.isidentifier():  # PHP mangles no identifier
            return None
        fields[key] = value
    return fields


def _usual(pairs: list[bytes], *, escaped: bool) -> Form | None:
    """Read pairs with distinct and plain names; None if they are not."""
    fields: dict[str, str] = {}
    parts: list[Part] = []
    try:
        for pair in pairs:
            name, _, data = pair.partition(b"=")
            key = name.decode()
            if key in fields or not key.isidentifier():  # an escaped name is none, and PHP mangles none
                return None
            if escaped and (b"+" in data or b"%" in data):
                data = _decode(data)
            fields[key] = value = data.decode()
            parts.append(Part(name, key, "text", None, None, data, value))
    except UnicodeDecodeError:
        return None
    return Form(fields, {}, frozenset(), tuple(parts), ())


def _any(pairs: list[bytes], limits: Limits) -> Form:
    gathering = Gathering(limits)
    first = pairs[0].lstrip() if pairs else b""
    if first.startswith(b"{"):
        gathering.remark(JSON)
    elif first.startswith(b"--") and b"Content-Disposition" in first:
        gathering.remark(MULTIPART)
    for pair in pairs:
        if pair:
            name, _, data = pair.partition(b"=")
            gathering.text(_decode(name), _decode(data))
    return gathering.form()


def _decode(text: bytes) -> bytes:
    if b"+" in text:
        text = text.replace(b"+", b" ")
    return _ESCAPES.sub(_unescape, text) if b"%" in text else text


def _unescape(run: re.Match[bytes]) -> bytes:
    return unhexlify(run[0].replace(b"%", b""))
