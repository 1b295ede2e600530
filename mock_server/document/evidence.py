"""How well a mock is known to be like a service: the ledger of each statement, the stamp in a line, and recordings.

A recording is a file of JSON, an object a line: a head, an exchange each, and a foot with what the run found out. The
contract-test kit writes it and reads its exchanges; head and foot also tell how well a mock is known.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from mock_server.document.effective import Document
from mock_server.document.overlay import Learned
from mock_server.document.source import (
    DocumentError,
    Object,
    Place,
    follow,
    operations_in,
    place_of,
    read_bytes,
)

# The version of a recording's format, in each file's head.
RECORDING = 1
RECORDING_DATE = "%Y-%m-%dT%H:%M:%SZ"

Kind = Literal["operation", "status", "refusal", "question"]

_WORDS = {"D": "documented", "S": "believed", "C": "believed", "P": "believed", "B": "believed", "M": "open"}
_SOURCES = {
    "S": "on sibling sites' pages", "C": "in a sibling's public client", "P": "by the PHP language",
    "B": "reported of the engine", "M": "a choice of this project",
}  # fmt: skip


class Stamp(NamedTuple):
    """What a document's last learned overlay proves.

    `operations`: how many were seen to succeed, and how many there are. `open` counts the open questions, `findings`
    what was seen but cannot be said in a document. `is_current`: it was learned against this base.
    """

    learned: Learned
    operations: tuple[int, int]
    open: int
    findings: int
    is_current: bool


def stamp_of(document: Document) -> Stamp | None:
    """Return the stamp of a document, None if no overlay was learned from a service."""
    learned = _last(document)
    if learned is None:
        return None
    names = [node["operationId"] for node in operations_in(document.data) if "x-spelling-of" not in node]
    return Stamp(
        learned=learned,
        operations=(sum(name in learned.operations for name in names), len(names)),
        open=len(learned.still_open(document.questions())),
        findings=len(learned.unsaid),
        is_current=learned.digest == document.base_digest,
    )


def stamp_text(document: Document) -> str:
    """Return the stamp in a line, or that the document has none."""
    stamp = stamp_of(document)
    if stamp is None:
        return "never verified"
    day, (seen, all_) = f"{stamp.learned.date:%Y-%m-%d}", stamp.operations
    found = f", {stamp.findings} seen, not modelled" if stamp.findings else ""
    against = "" if stamp.is_current else ", against another document"
    return f"verified {day}, {seen}/{all_} operations, {stamp.open} questions open{found}{against}"


def stamp_facts(document: Document) -> dict[str, Any] | None:
    """Return the stamp as data, or None."""
    stamp = stamp_of(document)
    return stamp and {
        "date": f"{stamp.learned.date:%Y-%m-%dT%H:%M:%SZ}",
        "target": stamp.learned.target,
        "operations": {"seen": stamp.operations[0], "all": stamp.operations[1]},
        "open": stamp.open,
        "findings": stamp.findings,
        "current": stamp.is_current,
    }


class Standing(NamedTuple):
    """One row of the ledger. `standing` is documented, believed, learned or open; `detail` is its source."""

    kind: Kind
    name: str
    grade: str
    standing: str
    detail: str


def ledger_of(document: Document) -> list[Standing]:
    """Return the ledger of a document: how well each operation, status, refusal and question is known."""
    learned = _last(document)
    statements = [*_statements(document, learned), *_refusals(document, learned)]
    return [*statements, *_questions(document, learned)]


def _statements(document: Document, learned: Learned | None) -> Iterator[Standing]:
    """Yield each operation and its statuses."""
    data = document.data
    for node in operations_in(data):
        name = node["operationId"]
        seen = learned if learned is not None and name in learned.operations else None
        yield _standing("operation", name, node.get("x-grade", "D"), seen)
        for code, response in node["responses"].items():
            grade, origin = _graded(document, follow(data, response))
            taught = origin or (seen if code.startswith("2") else None)
            yield _standing("status", f"{name} {code}", grade, taught)


def _graded(document: Document, response: Object) -> tuple[str, Learned | None]:
    """Return the grade of a response, and where it was learned. A learned response without a grade has none."""
    if "x-grade" in response:
        return response["x-grade"], None
    # `learn` writes the description of each response that it makes, and may merge it into one of the base document.
    file = place_of(response, "description").file
    origin = next((each for each in document.learned if each.file == file), None)
    return "D" if origin is None else "", origin


def _refusals(document: Document, learned: Learned | None) -> Iterator[Standing]:
    """Yield each refusal once, with the grade of the response that it stands in."""
    data = document.data
    grades: dict[str, tuple[str, Learned | None]] = {}
    for responses in (*(node["responses"] for node in operations_in(data)), data["x-service"]["refusals"]):
        for code, node in responses.items():
            response = follow(data, node)
            for media in response.get("content", {}).values():
                for name in media.get("examples", {}) if not code.startswith("2") else ():
                    grades.setdefault(name, _graded(document, response))
    taught = () if learned is None else learned.refusals
    for name, (grade, origin) in grades.items():
        yield _standing("refusal", name, grade, origin or (learned if name in taught else None))


def _questions(document: Document, learned: Learned | None) -> Iterator[Standing]:
    for name, question in document.questions().items():
        answer = document.answers[name]
        if learned is not None and name in learned.answers:
            detail = f"{learned.answers[name]}, {_origin(learned)}"
            yield Standing("question", name, question.grade, "learned", detail)
        elif learned is not None and name in learned.open:
            detail = f"{answer} assumed, {learned.open[name]}"
            yield Standing("question", name, question.grade, "open", detail)
        elif learned is not None and name in learned.taught:
            detail = f"different from every listed answer, {_origin(learned)}"
            yield Standing("question", name, question.grade, "learned", detail)
        elif answer != question.assumed:
            yield Standing("question", name, question.grade, "open", f"{answer} chosen")
        else:
            row = _standing("question", name, question.grade, None)
            yield row._replace(detail=f"{answer}, {row.detail}" if row.detail else answer)


def _standing(kind: Kind, name: str, grade: str, learned: Learned | None) -> Standing:
    if learned is not None:
        return Standing(kind, name, grade, "learned", _origin(learned))
    return Standing(kind, name, grade, _WORDS[grade], _SOURCES.get(grade, ""))


def _origin(learned: Learned) -> str:
    return f"{learned.date:%Y-%m-%d}, {learned.target}"


def _last(document: Document) -> Learned | None:
    """Return where the last overlay was learned."""
    return max(document.learned, key=lambda each: each.date, default=None)


@dataclass(frozen=True, slots=True)
class RecordingEnds:
    """Head and foot of a recording. `date` is in UTC, `digest` that of the document that the run began with.

    `exchanges` is how many there are. `answers` are those to open questions that the run found, `findings` the
    number of departures from the document, None if they were not judged. A recording of a killed run has no foot, and
    `is_whole` is False.
    """

    date: datetime
    target: str
    digest: str
    exchanges: int
    answers: Mapping[str, str]
    findings: int | None
    is_whole: bool
    file: str


def read_recorded(file: Path) -> RecordingEnds:
    """Read head and foot of a recording. Raises DocumentError, with the line, if it is not one, and OSError."""
    try:
        lines = recorded_lines(read_bytes(file).decode())
    except UnicodeDecodeError:
        raise DocumentError(f"{file} is not a recording, because it is not text.") from None
    head = line_of(file, 1, lines[0]) if lines else {}
    check_head(file, head)
    last = line_of(file, len(lines), lines[-1])
    foot = last if "end" in last else {}
    try:
        return RecordingEnds(
            date=datetime.strptime(head["date"], RECORDING_DATE).replace(tzinfo=UTC),
            target=str(head["target"]),
            digest=str(head["document"]),
            exchanges=len(lines) - 1 - bool(foot),
            answers={str(name): str(answer) for name, answer in foot.get("answers", {}).items()},
            findings=foot.get("findings"),
            is_whole=bool(foot),
            file=str(file),
        )
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        message = f"Invalid head or foot of a recording ({type(error).__name__}: {error}). Record again."
        raise DocumentError(message, Place(str(file), 1)) from None


def recorded_lines(text: str) -> Sequence[str]:
    """Return the lines of a recording's text."""
    return [line for line in text.split("\n") if line]


def check_head(file: Path, head: Mapping[str, Any]) -> None:
    """Check the first line of a recording. Raises DocumentError if it is of another version, or of no recording."""
    if head.get("recording") != RECORDING:
        raise DocumentError(
            f"This is not a recording of version {RECORDING}. Record again.", Place(str(file), 1)
        )


def line_of(file: Path, number: int, line: str) -> dict[str, Any]:
    """Return a line of a recording as data. Raises DocumentError if it is not an object."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise DocumentError("This line is not a JSON object.", Place(str(file), number))
    return data
