"""Texts as the document says that a service reads and stores them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_TRUE = frozenset({"1", "true", "on", "yes"})
_NUMBER = re.compile(r"\s*([+-]?\d+)", re.ASCII)

# The suites send only tags that every reading of HTML agrees on.
_CLEANERS: Mapping[str, Callable[[str], str]] = {
    "strip-tags": lambda text: re.sub(r"<[^<>]*>", "", text),
    "escape-quotes": lambda text: text.replace("'", "&#39;").replace('"', "&#34;"),
    "trim": lambda text: text.strip(" \t\n\r\0\v"),
}


def stored(text: str, schema: Mapping[str, Any]) -> str:
    """Return what a service keeps of a text: cleaned, then cut."""
    for word in schema.get("x-clean", ()):
        text = _CLEANERS[word](text)
    return text[: schema.get("x-cut")]


def is_on(text: str, schema: Mapping[str, Any]) -> bool:
    """Return what a switch's text means by the schema's cast. Raises KeyError for a cast that is not known."""
    return _CASTS[schema["x-cast"]](text)


def _integer_is_on(text: str) -> bool:
    found = _NUMBER.match(text)
    return found is not None and int(found[1]) != 0


_CASTS: Mapping[str, Callable[[str], bool]] = {
    "php-integer-boolean": _integer_is_on,
    "php-boolean": lambda text: text not in {"", "0"},
    "spelled-boolean": lambda text: text.strip().lower() in _TRUE,
}


def violates(text: str, word: str, schema: Mapping[str, Any]) -> bool:
    """Tell whether a text violates one word of its field's schema; a word that the schema lacks is not violated."""
    if word not in schema:
        return False
    match word:
        case "enum":
            return text not in schema[word]
        case "pattern":
            return re.search(schema[word], text) is None
        case "minLength":
            return len(text) < int(schema[word])
        case "maxLength":
            return len(text) > int(schema[word])
    raise KeyError(word)
