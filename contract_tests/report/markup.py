"""Pieces of HTML that are well-formed XML too; all text in them is escaped."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

# Neither XML nor HTML has these, and a fuzzed answer may.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def escaped(content: str) -> Markup:
    """Return content as HTML; what is Markup already stays as it is."""
    if isinstance(content, Markup):
        return content
    return Markup(html.escape(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", content)))


def prose(sentence: str) -> Markup:
    """Return a sentence as HTML, with what stands between backticks as code."""
    return joined(
        tag("code", part) if number % 2 else part for number, part in enumerate(sentence.split("`"))
    )


def joined(parts: Iterable[str]) -> Markup:
    """Put pieces one after the other."""
    return Markup("".join(map(escaped, parts)))


def tag(name: str, *content: str, kind: str = "") -> Markup:
    """Put content between an element's tags; `kind` is its class."""
    attribute = f' class="{html.escape(kind)}"' if kind else ""
    return Markup(f"<{name}{attribute}>{joined(content)}</{name}>")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Markup:
    """Make a table that scrolls by itself where it is too wide."""
    top = tag("tr", *(tag("th", cell) for cell in head))
    body = joined(tag("tr", *(tag("td", cell) for cell in row)) for row in rows)
    return tag("div", tag("table", tag("thead", top), tag("tbody", body)), kind="wide")


def described(pairs: Iterable[tuple[str, str]], kind: str = "") -> Markup:
    """Make a list of terms and what is said of them; a term of which nothing is said is left out."""
    rows = (tag("div", tag("dt", term), tag("dd", text)) for term, text in pairs if text)
    return tag("dl", *rows, kind=kind)
