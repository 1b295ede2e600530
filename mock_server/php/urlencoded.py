"""application/x-www-form-urlencoded bodies and query strings, as PHP's parse_str reads them."""

import re
from binascii import unhexlify

from mock_server.php.form import FormLimits, SentForm, TooManyFields
from mock_server.php.values import field_name

# Whole runs of escapes, so that a long UTF-8 text needs few calls. A "%" without two hex digits is kept.
_ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2})++")


def parse(body: bytes, limits: FormLimits) -> SentForm:
    """Read a urlencoded body. Raises only TooManyFields, for any bytes. Takes linear time and memory.

    Pairs are counted as in PHP, including empty ones between two ``&``.
    """
    if body.count(b"&") - body.endswith(b"&") >= limits.fields:
        raise TooManyFields(limits.fields)
    return _read(body.split(b"&"), limits)


def parse_query(text: str) -> dict[str, str]:
    """Return a query string's text fields by their mangled names, the last one of each name, without arrays.

    ``text`` follows the ``?``, with raw bytes decoded as UTF-8. Raises nothing: pairs beyond the first thousand are
    dropped, as in PHP (max_input_vars).

        parse_query("a.b=1&c=%C3%A9&d[]=2")  ->  {"a_b": "1", "c": "é"}
    """
    limits = FormLimits()
    pairs = [pair for pair in text.encode(errors="surrogatepass").split(b"&") if pair]
    return _read(pairs[: limits.fields], limits).fields


def _read(pairs: list[bytes], limits: FormLimits) -> SentForm:
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
