"""PHP 8.2's reading of texts: casts, trimming and variable names, as observed on a 64-bit PHP 8.2."""

import re
from typing import NamedTuple

INT_MAX = 2**63 - 1
INT_MIN = -(2**63)

# Leading zeros are split off, so that 19 digits are enough for any int; possessive, so that it is linear.
# Casting ignores form feeds that trim() keeps, and trim() drops NULs that casting stops at.
_NUMBER = re.compile(
    r"[ \t\n\r\v\f]*+([+-]?)0*+((?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++|(?<=0)\.?+)(?:[eE][+-]?[0-9]++)?+)"
)
_TRIMMED = " \t\n\r\0\v"
_NO_QUOTES = str.maketrans({"'": "&#39;", '"': "&#34;"})
_SPACES = " \t\n\r\v\f"
_UNDERSCORED = str.maketrans(" .[", "___")
_RESERVED = ("__Host-", "__Secure-")
NESTING = 64  # max_input_nesting_level


def to_int(text: str) -> int:
    """Cast to int as ``(int) $text`` does: the number the text begins with, or 0.

    ``"12abc"`` is 12, ``"1e3"`` is 1000, ``"1.9"`` is 1, ``"0x1A"`` is 0. Whole numbers and finite floats
    beyond 64 bits are clamped to INT_MIN … INT_MAX (zend_dval_to_lval_cap); a float that overflows to
    infinity, such as ``"1e400"``, is 0. Only ASCII digits count. Linear in the length of the text. One oddity
    is left out: PHP wraps 19 digits beyond INT_MAX around if "e+" or "e-" without a digit follows.
    """
    if len(text) < 19 and text.isascii() and text.isdigit():
        return int(text)
    found = _NUMBER.match(text)
    if found is None:
        return 0
    sign, number = found[1], found[2]
    if number.isdigit() and len(number) <= 19:
        value = int(number)
        return max(INT_MIN, -value) if sign == "-" else min(INT_MAX, value)
    return _float_to_int(float(f"{sign}0{number}"), whole=number.isdigit())


def _float_to_int(value: float, *, whole: bool) -> int:
    # 400 plain digits are infinite as well, and PHP takes them for 0 like any other infinity.
    if value in {float("inf"), float("-inf")}:
        return 0
    if whole or not INT_MIN <= value < -INT_MIN:
        return INT_MAX if value > 0 else INT_MIN
    return int(value)


def trim(text: str) -> str:
    """Drop blanks, tabs, line ends, vertical tabs and NULs at both ends, as ``trim()`` does."""
    return text.strip(_TRIMMED)


def escape_quotes(text: str) -> str:
    """Replace both quotes by their numeric HTML references, as FILTER_SANITIZE_STRING did."""
    return text.translate(_NO_QUOTES) if "'" in text or '"' in text else text


def cut(text: str, characters: int) -> str:
    """Keep the first ``characters`` code points, as ``mb_substr($text, 0, $characters)`` does."""
    return text[:characters]


def truthy(text: str) -> bool:
    """Cast to bool as ``(bool) $text`` does: only ``""`` and ``"0"`` are false."""
    return text not in {"", "0"}


class FieldName(NamedTuple):
    """A field's name as PHP files it: the ``key`` in ``$_POST``, and the indices below it.

    ``key`` is None when PHP drops the field. ``path`` is empty for a text; an index is None for ``[]``.
    ``too_deep`` marks more than 64 indices: PHP then drops this field and what it held under the key.
    """

    key: str | None
    path: tuple[str | None, ...] = ()
    too_deep: bool = False


def field_name(name: str) -> FieldName:
    """Read a field name as php_variables.c does.

    Leading blanks go; blanks, dots and an unmatched ``[`` become ``_``; a NUL ends the name; ``a[x][]`` is an
    index path below ``a``; an empty name or one that begins with ``[x]`` is dropped, and so is one that
    mangling would turn into a ``__Host-`` or ``__Secure-`` name.
    """
    if name.isidentifier():  # nothing in an identifier is mangled
        return FieldName(name)
    name = name.partition("\0")[0].lstrip(" ")
    head, bracket, rest = name.partition("[")
    # "[" opens an index only if something closes it, and "[" or "[x" is no name in any case.
    indexed = bracket and "]" in rest
    key = (head if indexed or not head else name).translate(_UNDERSCORED)
    if not key or (key.startswith(_RESERVED) and not name.startswith(_RESERVED)):
        return FieldName(None)
    return _indices(key, rest) if indexed else FieldName(key)


def _indices(key: str, rest: str) -> FieldName:
    # `rest` begins after the first "[". What follows a "]" counts only if it opens the next index.
    path: list[str | None] = []
    at = 0
    while (end := rest.find("]", at)) >= 0:
        if len(path) == NESTING:
            return FieldName(key, tuple(path), too_deep=True)
        index = rest[at:end]
        # One white space before "]" is skipped, two are an index.
        path.append(None if index == "" or (len(index) == 1 and index in _SPACES) else index)
        at = end + 2
        if not rest.startswith("[", end + 1):
            break
    return FieldName(key, tuple(path))
