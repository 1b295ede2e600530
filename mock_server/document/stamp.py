"""How well a mock is known to be like a service: what its banner, its headers and its doctor say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from mock_server.document.effective import Document
from mock_server.document.learned import Learned


class Stamp(NamedTuple):
    """What a document's last learned overlay proves.

    `operations` are those seen to succeed and all there are; `open` counts the questions that stay open, `findings`
    what was seen and cannot be said in a document. `is_current` tells whether it was learned against this base.
    """

    learned: Learned
    operations: tuple[int, int]
    open: int
    findings: int
    is_current: bool

    @property
    def text(self) -> str:
        """The stamp in a line."""
        seen, all_ = self.operations
        day = f"{self.learned.date:%Y-%m-%d}"
        found = f", {self.findings} findings" if self.findings else ""
        against = "" if self.is_current else ", against another document"
        return f"verified {day}, {seen}/{all_} operations, {self.open} questions open{found}{against}"

    def age(self, now: datetime | None = None) -> timedelta:
        """Return how old the proof is."""
        return (now or datetime.now(UTC)) - self.learned.date


NEVER = "never verified"


def stamp_of(document: Document) -> Stamp | None:
    """Return the stamp of a document, None where no overlay was learned from a service."""
    if not document.learned:
        return None
    learned = max(document.learned, key=lambda each: each.date)
    functions = [node["operationId"] for node in _operations(document.data)]
    seen = [name for name in functions if name in learned.operations]
    return Stamp(
        learned=learned,
        operations=(len(seen), len(functions)),
        open=len(document.questions().keys() - learned.answers.keys()),
        findings=len(learned.unsaid),
        is_current=learned.digest == document.base_digest,
    )


def stamp_text(document: Document) -> str:
    """Return the stamp in a line, also where there is none."""
    stamp = stamp_of(document)
    return NEVER if stamp is None else stamp.text


def stamp_facts(document: Document) -> dict[str, Any] | None:
    """Return the stamp as data, None where there is none."""
    stamp = stamp_of(document)
    if stamp is None:
        return None
    return {
        "date": f"{stamp.learned.date:%Y-%m-%dT%H:%M:%SZ}",
        "target": stamp.learned.target,
        "operations": {"seen": stamp.operations[0], "all": stamp.operations[1]},
        "open": stamp.open,
        "findings": stamp.findings,
        "current": stamp.is_current,
    }


def _operations(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the operations that are no other spelling of one."""
    nodes = [node for item in data["paths"].values() for node in item.values() if isinstance(node, dict)]
    return [node for node in nodes if "operationId" in node and "x-spelling-of" not in node]
