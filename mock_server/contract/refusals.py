"""The names of refusals: each must be an example of some response."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from mock_server.contract.vocabulary import words_in
from mock_server.document import DocumentError, Object, place_of

# What the mock refuses with by itself, whatever the document names.
_NEEDED = (
    "missing_bearer", "no_access", "not_found", "too_large", "malformed", "head_too_large", "timeout", "violation",
    "defect",
)  # fmt: skip

# The words of x-service that name a refusal, unless they say this.
_TOLERANCES = {"unknown-fields": "ignored", "foreign-fields": "ignored", "invalid-utf-8": "replaced"}


def check_names(document: Object, refusals: Collection[str]) -> None:
    """Raise DocumentError where a word names a refusal that no response has as an example, or one is missing."""
    for container, key in _names_in(document):
        if container[key] not in refusals:
            listed = ", ".join(sorted(refusals))
            what = f"{key}: {container[key]} is none of the refusals ({listed})."
            raise DocumentError(what, place_of(container, key))
    words = document["x-service"]
    needed = [*_NEEDED, *(["rate_limited"] if words["quota"] is not None else [])]
    needed += ["plan_limit"] if words["plan-limit"] is not None else []
    for name in needed:
        if name not in refusals:
            what = f"no response has the example {name}, with which the mock refuses: give one to a response."
            raise DocumentError(what, place_of(words, "refusals"))


def _names_in(document: Object) -> Iterator[tuple[Object, str]]:
    """Yield each mapping and key whose value names a refusal."""
    words = document["x-service"]
    yield from ((words, key) for key in ("other-methods", "unknown-route"))
    yield from ((words, key) for key, tolerance in _TOLERANCES.items() if words[key] != tolerance)
    for container, word in words_in(document):
        if word == "x-refusals":
            yield from ((container[word], violated) for violated in container[word])
        elif word == "x-otherwise" and container[word] != "default":
            yield container, word
