"""A page of the list, read without assuming how its keys and numbers are spelled where that is an open question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract_tests.document import Facts
from contract_tests.probes.expectations import Expectations
from contract_tests.probes.reading import Undecided, Unlisted, at, is_success, mapping, number, parsed
from contract_tests.target.api import TargetResponse


class SeenPage:
    """One page. Raises Unlisted if the list is refused, and Undecided if a page cannot be read."""

    def __init__(self, answer: TargetResponse, expectations: Expectations) -> None:
        self.answer = answer
        self._expectations = expectations
        self._schemas = expectations.facts.schemas
        self._schema = expectations.facts.operation("list").answer
        self._body = parsed(answer)
        rows = at(self._body, self._schemas.path_to(self._schema, "rows"))
        if not is_success(answer):
            raise Unlisted(f"The list is answered {answer.status} without rows.")
        if not isinstance(rows, list):  # which is a finding, and said once
            raise Undecided("the rows of the list cannot be read")
        self.rows = [mapping(row) for row in rows]

    @property
    def ids(self) -> list[int | None]:
        """The rows' ids."""
        return [number(row.get(self._expectations.facts.row["id"])) for row in self.rows]

    @property
    def meta(self) -> Mapping[str, Any]:
        """The object that the total stands in."""
        return mapping(at(self._body, self._schemas.path_to(self._schema, "total")[:-1]))

    def value(self, word: str) -> Any:
        """Return what stands where the document has an `x-value` word."""
        return at(self._body, self._schemas.path_to(self._schema, word))

    @property
    def total_keys(self) -> dict[str, str]:
        """The key of the total by the answer to the question what it is."""
        return self._expectations.by_answer("meta-total", _total_key)

    @property
    def total(self) -> int | None:
        """The total under any of its keys, None if none exists."""
        found = [number(self.meta.get(key)) for key in self.total_keys.values()]
        return next((value for value in found if value is not None), None)

    @property
    def is_last(self) -> bool:
        """Whether this is the last page."""
        return self.value("link-next") is None

    @property
    def is_first(self) -> bool:
        """Whether there is not a page before this one."""
        return self.value("link-previous") is None

    @property
    def links(self) -> list[str]:
        """The links, without those that are null."""
        words = ("link-first", "link-last", "link-next", "link-previous", "link-self")
        return [link for link in map(self.value, words) if isinstance(link, str)]


def _total_key(facts: Facts) -> str:
    return facts.schemas.path_to(facts.operation("list").answer, "total")[-1]
