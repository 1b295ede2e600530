"""The document's words, as saboteurs need them: which operation a request is, and where a fact stands in an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from contract_tests.document.facts import Facts
from contract_tests.document.schema import Steps
from contract_tests.mutants.mutant import Forward, GotResponse, Sabotage, SentRequest

OPERATIONS = ("list", "retrieve", "create", "update", "delete")
_AT = {"GET": "retrieve", "POST": "update", "DELETE": "delete"}
_ABOVE = {"GET": "list", "POST": "create"}

RowData = dict[str, Any]
Begin = Callable[[], Sabotage]


class Wire:
    """Reads requests and answers by the facts of a document."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._above = facts.base_path + facts.operation("create").path

    def kind(self, sent: SentRequest) -> str:
        """Return which of OPERATIONS a request is, empty for none."""
        path = urlsplit(sent.target).path.rstrip("/")
        if path == self._above.rstrip("/"):
            return _ABOVE.get(sent.method, "")
        return _AT.get(sent.method, "") if self.id_in(sent) else ""

    def id_in(self, sent: SentRequest) -> int:
        """Return the id in a request's path, 0 for none."""
        before, _, last = urlsplit(sent.target).path.rstrip("/").rpartition("/")
        return int(last) if before == self._above.rstrip("/") and last.isdecimal() else 0

    def at(self, sent: SentRequest, handler_id: int, method: str = "GET") -> SentRequest:
        """Return a request about another row, with the key of this one."""
        return replace(sent, method=method, target=f"{self._above.rstrip('/')}/{handler_id}", body=b"")

    def steps(self, kind: str, word: str) -> Steps:
        """Return the keys to a fact in an operation's answer."""
        schemas = self.facts.schemas
        return schemas.path_to(self.facts.operation(kind).answer, word)

    def read(self, kind: str, word: str, data: Any) -> Any:
        """Return a fact of an answer, None if it is not there."""
        for step in self.steps(kind, word):
            data = data.get(step) if isinstance(data, dict) else None
        return data

    def write(self, kind: str, word: str, data: Any, value: Any) -> None:
        """Set a fact of an answer, if its place is there."""
        *before, last = self.steps(kind, word)
        for step in before:
            data = data.get(step) if isinstance(data, dict) else None
        if isinstance(data, dict):
            data[last] = value

    def rows(self, kind: str, data: Any) -> Iterator[RowData]:
        """Yield the rows that an answer shows."""
        if kind not in ("list", "retrieve"):
            return
        shown = self.read(kind, "rows" if kind == "list" else "row", data)
        yield from (row for row in (shown if isinstance(shown, list) else [shown]) if isinstance(row, dict))

    def created(self, got: GotResponse) -> int:
        """Return the id that a create or an update answered, 0 for none."""
        value = self.read("create", "id", got.data()) if got.succeeded else None
        return value if isinstance(value, int) else 0

    def in_answers(
        self, change: Callable[[GotResponse], GotResponse], *kinds: str, failed: bool = False
    ) -> Begin:
        """Begin a sabotage that changes the successes of operations, or their failures."""

        def begin() -> Sabotage:
            def sabotage(sent: SentRequest, forward: Forward) -> GotResponse:
                got = forward(sent)
                return change(got) if self.kind(sent) in kinds and got.succeeded is not failed else got

            return sabotage

        return begin

    def in_data(self, change: Callable[[Any], None], *kinds: str, failed: bool = False) -> Begin:
        """Begin a sabotage that changes the JSON of operations' successes in place, or of their failures."""

        def each(got: GotResponse) -> GotResponse:
            data = got.data()
            if not isinstance(data, dict):
                return got
            change(data)
            return got.with_data(data)

        return self.in_answers(each, *kinds, failed=failed)

    def in_rows(self, change: Callable[[RowData], None]) -> Begin:
        """Begin a sabotage that changes each row shown."""

        def begin() -> Sabotage:
            def sabotage(sent: SentRequest, forward: Forward) -> GotResponse:
                return self.with_rows(sent, forward(sent), change)

            return sabotage

        return begin

    def with_rows(
        self, sent: SentRequest, got: GotResponse, change: Callable[[RowData], None]
    ) -> GotResponse:
        """Change each row that an answer shows."""
        data = got.data() if got.succeeded else None
        rows = list(self.rows(self.kind(sent), data)) if data is not None else []
        for row in rows:
            change(row)
        return got.with_data(data) if rows else got

    def in_forms(self, change: Callable[[dict[str, str]], None], *kinds: str) -> Begin:
        """Begin a sabotage that changes the fields of a form before the service sees them."""

        def begin() -> Sabotage:
            def sabotage(sent: SentRequest, forward: Forward) -> GotResponse:
                form = sent.form() if self.kind(sent) in kinds else None
                if form is None:
                    return forward(sent)
                changed = dict(form)
                change(changed)
                return forward(sent.with_form(changed) if changed != form else sent)

            return sabotage

        return begin
