"""The ledger of evidence: how well each operation, status, refusal and question is known, read from the document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from mock_server.document.effective import Document
from mock_server.document.learned import Learned

Kind = Literal["operation", "status", "refusal", "question"]

_WORDS = {"D": "documented", "S": "believed", "C": "believed", "P": "believed", "B": "believed", "M": "open"}
_SOURCES = {
    "S": "on sibling sites' pages", "C": "in a sibling's public client", "P": "by the PHP language",
    "B": "reported of the engine", "M": "a choice of this project",
}  # fmt: skip


class Standing(NamedTuple):
    """One row. `standing` is documented, believed, learned or open; `detail` says by what, or when and where."""

    kind: Kind
    name: str
    grade: str
    standing: str
    detail: str


def ledger_of(document: Document) -> list[Standing]:
    """Return the ledger of a document, in its own order."""
    learned = max(document.learned, key=lambda each: each.date) if document.learned else None
    rows = [*_operations(document.data, learned), *_refusals(document.data, learned)]
    return [*rows, *_questions(document, learned)]


def _operations(data: Mapping[str, Any], learned: Learned | None) -> Iterator[Standing]:
    for item in data["paths"].values():
        for node in item.values():
            if not isinstance(node, dict) or "operationId" not in node:
                continue
            name = node["operationId"]
            is_seen = learned is not None and name in learned.operations
            yield _standing("operation", name, node.get("x-grade", "D"), learned if is_seen else None)
            for code, response in node["responses"].items():
                grade = _resolved(data, response).get("x-grade", "D")
                proved = learned if is_seen and code.startswith("2") else None
                yield _standing("status", f"{name} {code}", grade, proved)


def _refusals(data: Mapping[str, Any], learned: Learned | None) -> Iterator[Standing]:
    """Yield each refusal once, with the grade of the response that it stands in."""
    grades: dict[str, str] = {}
    nodes = [node for item in data["paths"].values() for node in item.values() if isinstance(node, dict)]
    for responses in (*(node.get("responses", {}) for node in nodes), data["x-service"]["refusals"]):
        for code, node in responses.items():
            response = _resolved(data, node)
            for media in response.get("content", {}).values():
                for name in media.get("examples", {}) if not code.startswith("2") else ():
                    grades.setdefault(name, response.get("x-grade", "D"))
    taught = _taught_refusals(learned)
    for name, grade in grades.items():
        yield _standing("refusal", name, grade, learned if name in taught else None)


def _taught_refusals(learned: Learned | None) -> frozenset[str]:
    return frozenset() if learned is None else frozenset(learned.refusals)


def _questions(document: Document, learned: Learned | None) -> Iterator[Standing]:
    for name, question in document.questions().items():
        if learned is not None and name in learned.answers:
            answer = learned.answers[name]
            yield Standing("question", name, question.grade, "learned", f"{answer}, {_where(learned)}")
            continue
        answer = document.answers[name]
        if learned is not None and name in learned.open:
            yield Standing(
                "question", name, question.grade, "open", f"{answer} assumed, {learned.open[name]}"
            )
        elif answer != question.assumed:
            yield Standing("question", name, question.grade, "open", f"{answer} chosen")
        else:
            one = _standing("question", name, question.grade, None)
            yield one._replace(detail=f"{answer}{f', {one.detail}' if one.detail else ''}")


def _standing(kind: Kind, name: str, grade: str, learned: Learned | None) -> Standing:
    if learned is not None:
        return Standing(kind, name, grade, "learned", _where(learned))
    return Standing(kind, name, grade, _WORDS[grade], _SOURCES.get(grade, ""))


def _where(learned: Learned) -> str:
    return f"{learned.date:%Y-%m-%d}, {learned.target}"


def _resolved(data: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in node:
        found: Any = data
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        node = found
    return node
