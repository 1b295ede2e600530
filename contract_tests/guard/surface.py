"""What the guard needs to know of the API beside the facts, read from the effective document and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from contract_tests.document import Facts

_MINUTE = 60.0


class RateHeaders(NamedTuple):
    """The rate headers' names in lower case, empty if none exist, and the window in seconds."""

    remaining: str
    reset: str
    window: float


class Surface:
    """The API as the guard sees it. Raises ValueError, in a sentence, if the document describes no such API.

    `rows`, `retrieved`, `written_id` and `total` say where a response has its rows, its one row, the id of a create,
    and the total. `addresses` are the form fields whose documented examples are addresses.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        try:
            facts = self.facts = Facts(data)
            listed, path_to = facts.operation("list").answer, facts.schemas.path_to
            self.id, self.name = facts.row["id"], facts.row["name"]
            self.rows = path_to(listed, "rows")
            self.total = path_to(listed, "total")
            self.retrieved = path_to(facts.operation("retrieve").answer, "row")
            self.written_id = path_to(facts.operation("create").answer, "id") or (self.id,)
            self.name_field = facts.form["name"]
            self.addresses = frozenset(_addresses(facts))
            self.quota = _quota(facts)
        except (LookupError, StopIteration, TypeError, ValueError) as error:
            what = f"the document describes no such API ({type(error).__name__}: {error})"
            raise ValueError(what) from error


def _addresses(facts: Facts) -> Iterator[str]:
    """Yield the fields that some documented example of a write fills with an e-mail address or a URL."""
    for kind in ("create", "update"):
        for media in facts.node(facts.operation(kind))["requestBody"]["content"].values():
            for example in media.get("examples", {}).values():
                values = facts.schemas.resolve(example).get("value", {}).items()
                yield from (
                    key for key, text in values if isinstance(text, str) and ("://" in text or "@" in text)
                )


def _quota(facts: Facts) -> RateHeaders:
    declared = facts.document.get("components", {}).get("headers", {})
    words = {facts.schemas.resolve(node).get("x-value"): name.lower() for name, node in declared.items()}
    window = (facts.service.get("quota") or {}).get("seconds", _MINUTE)
    return RateHeaders(words.get("quota-remaining", ""), words.get("quota-reset", ""), float(window))
