"""The journal of a world, as its test reads it. The shapes are those of `openapi/control.yaml`."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Unpack, overload

from mock_server.client.control import Channel, Evicted, NotInTime, write_duration
from mock_server.client.vocabulary import CallFilter, CallRecord, Duration, MessageRecord, PartRecord

_MANY = 1_000_000  # more than any journal holds


class CallMessage:
    """The request or the response of a call."""

    __slots__ = ("record",)

    def __init__(self, record: MessageRecord) -> None:
        self.record = record

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, with API keys redacted."""
        return self.record["headers"]

    @property
    def size(self) -> int:
        """The length of the body in bytes."""
        return self.record["bytes"]

    @property
    def text(self) -> str | None:
        """The beginning of the body as text; None if it is not text."""
        return self.record["body"]

    @property
    def body(self) -> bytes | None:
        """The whole body; None if it is too long to be remembered."""
        text = self.record.get("base64")
        return None if text is None else base64.b64decode(text)

    def json(self) -> Any:
        """Parse the body. Raises ValueError if it is not JSON, or too long to be remembered."""
        body = self.body
        return json.loads(body if body is not None else self.text or "")


class CallRequest(CallMessage):
    """The request of a call."""

    __slots__ = ()

    @property
    def parts(self) -> Sequence[PartRecord]:
        """The parts of the form as the parser saw them."""
        return self.record.get("parts", ())

    @property
    def form(self) -> Mapping[str, str]:
        """The fields of the form by name, as the service reads them: of two with one name, the last counts."""
        return {part["key"]: part["preview"] for part in self.parts if part["key"] is not None}


class Call:
    """One request to the API with its response. Two are equal if the journal says the same of both."""

    __slots__ = (
        "defect",
        "fault",
        "method",
        "number",
        "operation",
        "path",
        "record",
        "refusal",
        "request",
        "response",
        "status",
        "target",
    )

    def __init__(self, record: CallRecord) -> None:
        self.record = record
        self.request = CallRequest(record["request"])
        self.response = CallMessage(record["answer"])
        self.number = record["number"]
        self.method = record["method"]
        self.path = record["path"]
        self.target = record["target"]
        self.status = record["status"]
        self.operation = record["operation"]
        self.refusal = record["refusal"]
        self.fault = record["fault"]
        self.defect = record["defect"]

    @property
    def time(self) -> datetime:
        """When it happened, by the world's clock."""
        return datetime.fromisoformat(self.record["time"])

    @property
    def violations(self) -> list[str]:
        """The codes of its violations: what the service ignores or changes in silence."""
        return [each["code"] for each in self.record["violations"]]

    @property
    def remarks(self) -> list[str]:
        """A sentence for each violation: what is wrong, and what to send instead."""
        return [each["sentence"] for each in self.record["violations"]]

    def __eq__(self, other: object) -> bool:
        return self.record == other.record if isinstance(other, Call) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.number, self.record["time"], self.target))

    def __repr__(self) -> str:
        refusal = f" {self.refusal}" if self.refusal else ""
        return f"<{self.number}: {self.method} {self.target} {self.status}{refusal}>"


def calls_since(channel: Channel, since: int = 0, /, **whose: str | bool) -> tuple[list[Call], int]:
    """Return the calls with a higher number that are still remembered, and the number to go on from.

    `whose`: `key=` for the calls of a world, `lobby=True` for those whose key was missing or wrong.
    """
    try:
        found = channel.control("GET", "/journal", **whose, bodies=True, since=since)
    except Evicted:
        try:  # take those that are left
            found = channel.control("GET", "/journal", **whose, bodies=True, limit=_MANY)
        except Evicted:
            return [], since
    return [Call(each) for each in found["exchanges"] if each["number"] > since], found["next"]


class Calls(Sequence[Call]):
    """The calls of a world that match a filter, oldest first. Each access reads the journal anew.

    Use it as a list: `len(journal)`, `journal[-1]`, `for call in journal`, `journal == []`. It can change, so it has
    no hash.
    """

    __slots__ = ("_channel", "_key", "_root", "_wanted", "since")

    def __init__(
        self, channel: Channel, key: str, wanted: CallFilter | None = None, root: Calls | None = None
    ) -> None:
        self._channel = channel
        self._key = key
        self._wanted: CallFilter = wanted or {}
        self._root = self if root is None else root
        self.since = 0  # of the root: calls up to this number are not shown

    def filter(self, **wanted: Unpack[CallFilter]) -> Calls:
        """Narrow the view by method, path, status, operation, refusal, violation or defect.

        Example: `journal.filter(method="POST", status="4xx")`
        """
        return Calls(self._channel, self._key, {**self._wanted, **wanted}, self._root)

    def clear(self) -> None:
        """Hide the calls so far. The mock remembers them for the report of a failed test."""
        self._root.since = self._ask(since=0, limit=1)["next"]

    def wait(self, count: int = 1, timeout: Duration = 5.0) -> list[Call]:
        """Wait until there are `count` calls, and return all that match. Raises NotInTime.

        It blocks this thread. In an async test, use `await asyncio.to_thread(journal.wait, …)`. With a mock in this
        process, other threads must make the calls.
        """
        try:
            return self._read(wait=write_duration(timeout), count=count)
        except NotInTime as error:
            raise NotInTime(f"{error}{_listed(self._root)}") from None  # what came instead says why

    @overload
    def __getitem__(self, index: int) -> Call: ...
    @overload
    def __getitem__(self, index: slice) -> list[Call]: ...
    def __getitem__(self, index: int | slice) -> Call | list[Call]:
        return self._read()[index]

    def __len__(self) -> int:
        return len(self._read())

    def __iter__(self) -> Iterator[Call]:
        return iter(self._read())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (Calls, list)):
            return NotImplemented
        return list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # it can change, as a list can

    def __repr__(self) -> str:
        wanted = "".join(f" {name}={value!r}" for name, value in self._wanted.items())
        return f"<journal{wanted}:{_listed(self) or ' empty'}>"

    def _read(self, **more: Any) -> list[Call]:
        found = self._ask(**{"since": self._root.since, **self._wanted, **more})
        return [Call(record) for record in found["exchanges"]]

    def _ask(self, **query: Any) -> Any:
        return self._channel.control("GET", "/journal", key=self._key, bodies=True, **query)


def _listed(calls: Iterable[Call]) -> str:
    return "".join(f"\n  {call!r}" for call in calls)
