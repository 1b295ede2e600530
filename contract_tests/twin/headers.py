"""The headers of interest: those that a client acts on. All others are the affair of servers and proxies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from contract_tests.document.facts import Facts
from contract_tests.guard.exchange import Exchange

# Compared as they are, but for blanks and case.
_AS_THEY_ARE = ("content-type", "access-control-allow-origin", "allow", "www-authenticate")
# Compared below each side's own base URL.
_PLACES = ("location",)
# Compared by whether they are there: they count or measure.
_PRESENT = ("retry-after",)
_NONE = "(none)"
_THERE = "(there)"


# An exchange, the base URL of the side that gave it, and the ids of the sequence's rows there.
Given = tuple[Exchange, str, Sequence[int]]


def header_differences(facts: Facts, left: Given, right: Given) -> Iterator[tuple[str, str, str]]:
    """Yield the place and both values of each header of interest that differs."""
    limit, counting = _quota(facts)
    shown = [_shown(*given, limit, counting) for given in (left, right)]
    for name in sorted(shown[0].keys() & shown[1].keys()):
        if shown[0][name] != shown[1][name]:
            yield f"header {name}", shown[0][name], shown[1][name]


def _quota(facts: Facts) -> tuple[str, tuple[str, ...]]:
    """Return the names of the header with the limit, and of those that count, in lower case."""
    declared = facts.document["components"].get("headers", {})
    words = {node.get("x-value"): name.lower() for name, node in declared.items()}
    counting = tuple(name for word, name in words.items() if word in {"quota-remaining", "quota-reset"})
    return words.get("quota-limit", ""), counting


def _shown(
    exchange: Exchange, base: str, ids: Sequence[int], limit: str, counting: tuple[str, ...]
) -> Mapping[str, str]:
    given = {name.lower(): value for name, value in exchange.headers}
    shown = {name: "".join(given.get(name, _NONE).lower().split()) for name in _AS_THEY_ARE}
    # A redirect's page, and a page of HTML, are the site's own and for people.
    if 300 <= exchange.status < 400:
        del shown["content-type"]
    elif "html" in shown["content-type"]:
        shown["content-type"] = shown["content-type"].partition(";")[0]
    for name in _PLACES:
        shown[name] = _placed(given.get(name, _NONE), base, ids)
    for name in (*_PRESENT, *counting):
        shown[name] = _THERE if name in given else _NONE
    if limit:
        shown[limit] = given.get(limit, _NONE)
    return shown


def _placed(location: str, base: str, ids: Sequence[int]) -> str:
    """Return a location below the side's own origin, its ids by the row's number."""
    origin = base[: base.find("/", len("https://"))]
    numbers = {str(row): f"(row {number + 1})" for number, row in enumerate(ids)}
    return re.sub(r"\d+", lambda found: numbers.get(found[0], found[0]), location.removeprefix(origin))
