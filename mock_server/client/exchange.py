"""One exchange of a journal, as a test asks about it. The shapes are those of openapi/control.yaml."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mock_server.client.writing import read_moment

Record = Mapping[str, Any]


class Message:
    """A request or an answer."""

    __slots__ = ("record",)

    def __init__(self, record: Record) -> None:
        self.record = record

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers; keys are redacted."""
        headers: Mapping[str, str] = self.record["headers"]
        return headers

    @property
    def text(self) -> str | None:
        """The beginning of the body, None where it is no text."""
        text: str | None = self.record["body"]
        return text

    @property
    def body(self) -> bytes | None:
        """The whole body, None where it was not asked for or is no longer remembered."""
        text = self.record.get("base64")
        return None if text is None else base64.b64decode(text)

    @property
    def parts(self) -> Sequence[Record]:
        """What the parser made of a request's form."""
        parts: Sequence[Record] = self.record.get("parts") or ()
        return parts

    @property
    def form(self) -> Mapping[str, str]:
        """The beginnings of the fields by name, as the service reads them: the last one counts."""
        return {part["key"]: part["preview"] for part in self.parts if part["key"] is not None}

    def json(self) -> Any:
        """Read the body. Raises ValueError where it is no JSON, or is longer than what is remembered."""
        body = self.body
        return json.loads(body if body is not None else self.text or "")


class Exchange:
    """What was asked and answered. Two are equal where the journal says the same of both."""

    __slots__ = (
        "answer",
        "defect",
        "fault",
        "method",
        "number",
        "operation",
        "path",
        "record",
        "refusal",
        "request",
        "status",
        "target",
    )

    def __init__(self, record: Record) -> None:
        self.record = record
        self.request = Message(record["request"])
        self.answer = Message(record["answer"])
        self.number: int = record["number"]
        self.method: str = record["method"]
        self.path: str = record["path"]
        self.target: str = record["target"]
        self.status: int = record["status"]
        self.operation: str | None = record["operation"]
        self.refusal: str | None = record["refusal"]
        self.fault: int | None = record["fault"]
        self.defect: str | None = record["defect"]

    @property
    def time(self) -> datetime:
        """When it was, by the world's clock."""
        return read_moment(self.record["time"])

    @property
    def violations(self) -> list[str]:
        """The codes of what the service would have swallowed in silence."""
        return [each["code"] for each in self.record["violations"]]

    def __eq__(self, other: object) -> bool:
        return self.record == other.record if isinstance(other, Exchange) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.number, self.record["time"], self.target))

    def __repr__(self) -> str:
        refusal = f" {self.refusal}" if self.refusal else ""
        return f"<{self.number}: {self.method} {self.target} {self.status}{refusal}>"
