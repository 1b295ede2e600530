"""The headers of interest: those that a client acts on. All others are the affair of servers and proxies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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


def header_differences(
    facts: Facts, left: Exchange, right: Exchange, left_base: str, right_base: str
) -> Iterator[tuple[str, str, str]]:
    """Yield the place and both values of each header of interest that differs."""
    limit, counting = _quota(facts)
    shown = [
        _shown(exchange, base, limit, counting) for exchange, base in ((left, left_base), (right, right_base))
    ]
    for name in shown[0]:
        if shown[0][name] != shown[1][name]:
            yield f"header {name}", shown[0][name], shown[1][name]


def _quota(facts: Facts) -> tuple[str, tuple[str, ...]]:
    """Return the names of the header with the limit, and of those that count, in lower case."""
    declared = facts.document["components"].get("headers", {})
    words = {node.get("x-value"): name.lower() for name, node in declared.items()}
    counting = tuple(name for word, name in words.items() if word in {"quota-remaining", "quota-reset"})
    return words.get("quota-limit", ""), counting


def _shown(exchange: Exchange, base: str, limit: str, counting: tuple[str, ...]) -> Mapping[str, str]:
    given = {name.lower(): value for name, value in exchange.headers}
    shown = {name: "".join(given.get(name, _NONE).lower().split()) for name in _AS_THEY_ARE}
    if "html" in shown["content-type"]:  # a page of the site's own, for people
        shown["content-type"] = shown["content-type"].partition(";")[0]
    origin = base[: base.find("/", len("https://"))]
    for name in _PLACES:
        shown[name] = given.get(name, _NONE).removeprefix(origin)
    for name in (*_PRESENT, *counting):
        shown[name] = _THERE if name in given else _NONE
    if limit:
        shown[limit] = given.get(limit, _NONE)
    return shown
