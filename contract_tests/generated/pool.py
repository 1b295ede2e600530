"""The handlers that generated requests made, or may use up: nothing else is updated or deleted by them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import count
from typing import Any, NoReturn

from contract_tests.document.facts import DocumentedOperation, Facts
from contract_tests.judge.conformity import said
from contract_tests.judge.grounds import Grounds
from contract_tests.judge.statements import ANSWERS, WRITTEN, Statement
from contract_tests.judge.verdicts import Complaint, Deviation
from contract_tests.run.run import Run
from contract_tests.target.api import TargetResponse

# A plan may allow few handlers of a type, and a guard few of a run.
_MOST, _MOST_OF_A_TYPE = 8, 4
_NOT_FOUND = 404


class Pool:
    """The live handlers of one suite, each with its type and the mark that its name begins with.

    The mark is empty if a blank name was sent.
    """

    def __init__(self, run: Run) -> None:
        self._api = run.api
        self._facts = run.facts
        self._judge = run.judge
        self._grounds = Grounds(run.judge.statements, run.facts)
        self._marker = run.marker or "contract"
        self._numbers = count(1)
        self._live: dict[int, tuple[str, str]] = {}
        self._proven: set[int] = set()

    def mark(self) -> str:
        """Return what the name of the next create is to begin with; no two are alike."""
        return f"{self._marker} {next(self._numbers)}"

    def __contains__(self, handler_id: object) -> bool:
        return handler_id in self._live

    def take(self) -> int:
        """Return a live handler's id, of a new one if none exists. Raises Deviation if none can be had."""
        if not self._live:
            facts, mark = self._facts, self.mark()
            kind = next(iter(facts.types))
            form = {**facts.examples.get(kind, {}), facts.form["name"]: mark, facts.form["type"]: kind}
            answer = self._api.create(form)
            if self.adopt(answer, kind, mark) is None:
                self._refuse(
                    self._grounds.operation("create"), "a create from the document's own example", answer
                )
        handler_id = next(reversed(self._live))
        self.prove(handler_id)
        return handler_id

    def adopt(self, answer: TargetResponse, kind: str, mark: str) -> int | None:
        """Take the handler that a create made, and return its id; None if it made none that can be told."""
        handler_id = id_in(self._facts, self._facts.operation("create"), answer)
        if handler_id is None or handler_id in self._live:
            return None
        self._live[handler_id] = kind, mark
        return handler_id

    def drop(self, handler_id: int) -> None:
        """Forget a handler that a request deleted."""
        self._live.pop(handler_id, None)
        self._proven.discard(handler_id)

    def prove(self, handler_id: int) -> None:
        """Raise Fault unless the handler is seen to bear its mark: a create may answer somebody else's id."""
        if handler_id in self._proven:
            return
        answer = self._api.retrieve(handler_id)
        self.see(rows_in(self._facts, self._facts.operation("retrieve"), answer))
        if handler_id not in self._proven:
            self.drop(handler_id)
            about = f"handler {handler_id}, whose id a create answered, is not seen to be its own"
            self._refuse(WRITTEN, about, answer)

    def see(self, rows: list[Mapping[str, Any]]) -> None:
        """Take rows of an answer as the proof that handlers bear their marks."""
        for row in rows:
            handler_id, name = row.get(self._facts.row["id"]), row.get(self._facts.row["name"])
            if type(handler_id) is not int or handler_id not in self._live or not isinstance(name, str):
                continue
            mark = self._live[handler_id][1]
            if name.startswith(mark) if mark else not name.strip():
                self._proven.add(handler_id)

    def trim(self) -> None:
        """Delete what is more than a plan may allow. Raises Deviation if a delete fails."""
        kinds = Counter(kind for kind, _ in self._live.values())
        for handler_id, (kind, _) in list(self._live.items()):
            if kinds[kind] > _MOST_OF_A_TYPE or len(self._live) > _MOST:
                kinds[kind] -= 1
                self._delete(handler_id)

    def clean(self) -> None:
        """Delete everything. Raises Deviation, in the end, where some of it could not be deleted."""
        deviations = []
        if len(self._live.keys() - self._proven) > 1:  # one list spares several looks
            facts = self._facts
            self.see(rows_in(facts, facts.operation("list"), self._api.list(1, facts.sizes[-1])))
        for handler_id in list(self._live):
            try:
                self._delete(handler_id)
            except Deviation as deviation:
                deviations.append(deviation)
        if deviations:
            raise deviations[0]

    def _delete(self, handler_id: int) -> None:
        self.prove(handler_id)
        answer = self._api.delete(handler_id)
        self.drop(handler_id)
        if answer.status // 100 != 2 and answer.status != _NOT_FOUND:
            self._refuse(
                self._grounds.operation("delete"), f"handler {handler_id} could not be deleted", answer
            )

    def _refuse(self, rests_on: Statement, about: str, answer: TargetResponse) -> NoReturn:
        """Raise Deviation for an answer without which the pool cannot go on."""
        if answer.status == 0 or answer.status >= 500:
            rests_on = ANSWERS
        raise Deviation([Complaint(rests_on, f"{about}: {said(answer)}")], self._judge.trace())


def id_in(facts: Facts, operation: DocumentedOperation, answer: TargetResponse) -> int | None:
    """Return the id that a successful answer says, None if it says none."""
    found = _at(answer, facts.schemas.path_to(operation.answer, "id")) if answer.status // 100 == 2 else None
    return found if type(found) is int and found > 0 else None


def rows_in(facts: Facts, operation: DocumentedOperation, answer: TargetResponse) -> list[Mapping[str, Any]]:
    """Return the rows that an answer shows: a list's, or the one of a retrieve."""
    schemas = facts.schemas
    found = [_at(answer, schemas.path_to(operation.answer, "row"))]
    if steps := schemas.path_to(operation.answer, "rows"):
        rows = _at(answer, steps)
        found = rows if isinstance(rows, list) else []
    return [row for row in found if isinstance(row, dict)]


def _at(answer: TargetResponse, steps: tuple[str, ...]) -> Any:
    try:
        node = answer.json()
    except ValueError:
        return None
    for step in steps:
        node = node.get(step) if isinstance(node, dict) else None
    return node
