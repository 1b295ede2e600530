"""Which rows a text in a path may mean: every integer that a service could read in it.

The guard lets a write pass only if all of them are harmless, so a reading too many costs a request and a reading too
few may cost somebody's row.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

_INT_MAX = 2**63 - 1
_WORD = 2**32
_LEADING = re.compile(r"\s*([+-]?[0-9]+)", re.ASCII)
_FLOAT = re.compile(r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?)", re.ASCII)
_ODD_START = re.compile(r"[^0-9A-Za-z+.-]+")
_MOST_DIGITS = 4000  # int() refuses more, and no service has such ids


def readings(text: str) -> frozenset[int]:
    """Return every integer that a once-decoded path segment may be cast to; 0 stands for none.

    PHP's cast (`1abc`, `01`, `1.9`, ` 1` are 1, `1e3` is 1000), C's and JavaScript's (`1e3` is 1), Python's (other
    digits than ASCII's, `1_0`, `0x1`), octal, a second percent-decoding, and 32-bit wrap-around.
    """
    found = {0}
    for spelling in _spellings(text):
        found.update(_casts(spelling))
    return frozenset(found | {_wrapped(value) for value in found})


def _spellings(text: str) -> set[str]:
    spellings = {text}
    for _ in range(4):
        spellings |= {unquote(spelling) for spelling in spellings}
    spellings |= {spelling.replace("+", " ") for spelling in spellings}
    spellings |= {unicodedata.normalize("NFKC", spelling) for spelling in spellings}
    return spellings | {_ODD_START.sub("", spelling, count=1) for spelling in spellings}


def _casts(text: str) -> Iterator[int]:
    if found := _LEADING.match(text):
        yield _clamped(found[1])
    if found := _FLOAT.match(text):
        value = float(found[1])
        # PHP clamps what is beyond 64 bits, and takes infinity for 0.
        yield int(value) if abs(value) < _INT_MAX else (_INT_MAX if value > 0 else -_INT_MAX)
    bases = (10, 0, 8) if text.strip().startswith("0") else (10,)
    for base in bases:
        with contextlib.suppress(ValueError):
            yield int(text[:_MOST_DIGITS], base)


def _clamped(digits: str) -> int:
    return max(-_INT_MAX, min(_INT_MAX, int(digits[:_MOST_DIGITS])))


def _wrapped(value: int) -> int:
    low = value % _WORD
    return value if abs(value) < _WORD else low
