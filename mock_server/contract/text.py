"""JSON texts as the service writes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any

# Writes one Python string as a JSON string.
Quote = Callable[[str], str]


def quote_as_php(text: str) -> str:
    r"""Write a JSON string as PHP's json_encode does: `/` as `\/`, all but ASCII as `\uXXXX` (evidence: B)."""
    return encode_basestring_ascii(text).replace("/", "\\/")


def quote_plainly(text: str) -> str:
    """Write a JSON string with no escape that JSON does not ask for."""
    return encode_basestring(text)


_WORDS = {True: "true", False: "false", None: "null"}
QUOTES: dict[str, Quote] = {"php": quote_as_php, "plain": quote_plainly}


@lru_cache(maxsize=512)
def quote_again(text: str, quote: Quote) -> str:
    """Write a JSON string that comes again and again, such as a key."""
    return quote(text)


def write(value: Any, quote: Quote) -> str:
    """Write a JSON value compactly, its strings with `quote`."""
    match value:
        case str():
            return quote(value)
        case dict():
            return "{" + ",".join(f"{quote(key)}:{write(item, quote)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ",".join(write(item, quote) for item in value) + "]"
        case bool() | None:
            return _WORDS[value]
        case _:
            return json.dumps(value)  # takes an integer of any size
