"""The journal of a world, as its test reads it. The shapes are those of `openapi/control.yaml`."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Unpack, overload

from mock_server.client.control import (
    IS_A_MISTAKE,
    Evicted,
    Headers,
    HTTPChannel,
    NotInTime,
    TooMany,
    write_duration,
)
from mock_server.client.vocabulary import CallFilter, CallRecord, Duration, MessageRecord, PartRecord

__tracebackhide__ = IS_A_MISTAKE


class CallMessage:
    """The request or the response of a call."""

    __slots__ = ("record",)

    def __init__(self, record: MessageRecord) -> None:
        self.record = record

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers by name, in any case, with API keys redacted."""
        return Headers(self.record["headers"].items())

    @property
    def size(self) -> int:
        """The length of the body in bytes."""
        return self.record["bytes"]

    @property
    def text(self) -> str | None:
        """The body as text, or None if it is not text. A body too long to be remembered is cut, and says so."""
        body, beginning = self.body, self.record["body"]
        if body is None or beginning is None:
            return None if beginning is None else _beginning(beginning, self.size)
        return body.decode(errors="replace")

    @property
    def body(self) -> bytes | None:
        """The whole body; None if it is too long to be remembered."""
        text = self.record.get("base64")
        return None if text is None else base64.b64decode(text)

    def json(self) -> Any:
        """Parse the body. Raises ValueError if it is not JSON, or too long to be remembered."""
        body = self.body
        if body is None:
            raise ValueError(f"The mock does not remember the whole body, which has {self.size} bytes.")
        return json.loads(body)


class CallRequest(CallMessage):
    """The request of a call."""

    __slots__ = ()

    @property
    def parts(self) -> Sequence[PartRecord]:
        """The parts of the form as the parser saw them."""
        return self.record.get("parts", ())

    @property
    def form(self) -> Mapping[str, str]:
        """The fields of the form by name, as the service reads them. The last of several fields with one name counts.

        A field too long to be remembered is cut, and says so.
        """
        found: dict[str, str] = {}
        for part in self.parts:
            if part["key"] is not None:
                text = part.get("text")
                found[part["key"]] = _beginning(part["preview"], part["bytes"]) if text is None else text
        return found


def _beginning(text: str, size: int) -> str:
    return f"{text}… (the beginning of {size} bytes)"


class Call:
    """One request to the API with its response. Calls are equal if their records are."""

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
    def wire(self) -> str | None:
        """How a fault spoilt the response on the wire, or None."""
        return self.record.get("wire")

    @property
    def beyond(self) -> Sequence[str]:
        """What a fault sent that is not in the document: "status", "headers", "body"."""
        return self.record.get("beyond", [])

    @property
    def hint(self) -> str:
        """What a refused client probably meant, and what to send instead, or an empty text."""
        return self.record.get("hint") or ""

    @property
    def is_cut_off(self) -> bool:
        """Whether a fault on the wire kept the client from a whole response."""
        return self.wire not in {None, "slow"}

    @property
    def violations(self) -> list[str]:
        """The codes of its violations: what the service silently ignores or changes."""
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
        words = (f"{self.number}:", self.method, self.target, self.status, self.refusal, self.wire)
        return f"<{' '.join(str(word) for word in words if word)}>"


class JournalPage(NamedTuple):
    """Calls of a journal, as far as they are remembered.

    `last`: the number of the latest call. `lost`: how many calls after `since` are no longer remembered, whether they
    match a filter or not. `violated`, `defects`: how many calls violated the API's document or met a defect of the
    mock, including lost calls. `lobby`: the number of the latest call that reached no world.
    """

    calls: list[Call]
    last: int
    lost: int
    violated: int
    defects: int
    lobby: int


def read_journal(channel: HTTPChannel, since: int = 0, /, **query: Any) -> JournalPage:
    """Return the calls with a higher number that match a query of `GET /_mock/journal`.

    Raises ControlError, NotInTime.
    """
    found = channel.control("GET", "/journal", bodies=True, partial=True, since=since, **query)
    gone = found["cleared"] + found["evicted"]
    begin = max(since if since <= found["total"] else 0, found["cleared"])  # a new world counts anew
    calls = [Call(record) for record in found["exchanges"]]
    counts = found["violated"], found["defects"], found["lobby"]
    return JournalPage(calls, found["next"], max(0, gone - begin), *counts)


class Calls(Sequence[Call]):
    """The calls of a world that match a filter, oldest first. Each access reads the journal again.

    Use it as a list: `len(journal)`, `journal[-1]`, `for call in journal`, `journal == []`. It can change, so it has
    no hash. A journal remembers only the latest calls. `journal[-1]`, `journal[-5:]` and `len(journal)` work with
    these. Evicted is raised if a result depends on forgotten calls, such as the number of calls that match a filter.
    """

    __slots__ = ("_channel", "_key", "_root", "_wanted", "accepted", "since")

    def __init__(
        self, channel: HTTPChannel, key: str, wanted: CallFilter | None = None, root: Calls | None = None
    ) -> None:
        self._channel = channel
        self._key = key
        self._wanted: CallFilter = wanted or {}
        self._root = self if root is None else root
        # Only for the root: calls up to this number are hidden, and violations of `accepted` calls are not errors.
        self.since = 0
        self.accepted: set[Call] = set()

    def filter(self, **wanted: Unpack[CallFilter]) -> Calls:
        """Narrow the view by method, path, status, operation, refusal, violation or defect.

        Example: `journal.filter(method="POST", status="4xx")`
        """
        return Calls(self._channel, self._key, {**self._wanted, **wanted}, self._root)

    def wait(self, count: int = 1, timeout: Duration = 5.0) -> list[Call]:
        """Wait until there are `count` calls, and return all that match. Raises NotInTime.

        It blocks this thread, so a coroutine uses `wait_async`. With a mock in this process, other threads make the
        calls.
        """
        if _in_event_loop():
            raise RuntimeError("journal.wait would block the event loop. Use `await journal.wait_async(…)`.")
        return self._wait(count, timeout)

    async def wait_async(self, count: int = 1, timeout: Duration = 5.0) -> list[Call]:
        """Do the same as `wait` without blocking the event loop."""
        return await asyncio.to_thread(self._wait, count, timeout)

    def exactly(self, count: int, timeout: Duration = 5.0, quiet: Duration = 0.0) -> list[Call]:
        """Wait until there are `count` calls, and check that no more come during the time `quiet`.

        Raises NotInTime, TooMany. Example: `journal.filter(method="DELETE").exactly(0, quiet="200ms")`
        """
        found = self.wait(count, timeout) if count else list(self)
        with contextlib.suppress(NotInTime):
            found = self._wait(count + 1, quiet)
        if len(found) > count:
            what = "is 1 call" if len(found) == 1 else f"are {len(found)} calls"
            which = f" with{self._described()}" if self._wanted else ""
            raise TooMany(f"There {what}{which}, not {count}:{_listed(found)}")
        return found

    def accept(self) -> None:
        """Accept the violations of these calls, so that they do not fail a strict test.

        Example: `journal.filter(violation="unknown-field").accept()`
        """
        self._root.accepted.update(self._read().calls)

    def clear(self) -> None:
        """Hide the calls so far. The mock remembers them for the report of a failed test."""
        self._root.since = self._read(limit=1).last

    @overload
    def __getitem__(self, index: int) -> Call: ...
    @overload
    def __getitem__(self, index: slice) -> list[Call]: ...
    def __getitem__(self, index: int | slice) -> Call | list[Call]:
        page = self._read()
        if not page.lost:
            return page.calls[index]
        # Forgotten calls come before the remembered ones. With a filter, their number is unknown, so only indices from
        # the end are certain.
        places = range(page.lost + len(page.calls))[index]
        ends = (
            (index,)
            if isinstance(index, int)
            else (index.start or 0, -1 if index.stop is None else index.stop)
        )
        sure = not self._wanted or all(end < 0 for end in ends)
        wanted = [places] if isinstance(places, int) else places
        if not sure or any(place < page.lost for place in wanted):
            raise self._evicted(page)
        found = [page.calls[place - page.lost] for place in wanted]
        return found if isinstance(index, slice) else found[0]

    def __len__(self) -> int:
        page = self._read()
        if page.lost and self._wanted:
            raise self._evicted(page)
        return page.lost + len(page.calls)

    def __bool__(self) -> bool:
        page = self._read()
        if page.lost and not page.calls and self._wanted:
            raise self._evicted(page)
        return bool(page.lost or page.calls)

    def __iter__(self) -> Iterator[Call]:
        page = self._read()
        if page.lost:
            raise self._evicted(page)
        return iter(page.calls)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (Calls, list)):
            return NotImplemented
        return list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # it can change, as a list can

    def __repr__(self) -> str:
        page = self._read()
        return f"<journal{self._described()}:{_lost(page) + _listed(page.calls) or ' empty'}>"

    def _read(self, **more: Any) -> JournalPage:
        return read_journal(self._channel, self._root.since, key=self._key, **self._wanted, **more)

    def _wait(self, count: int, timeout: Duration) -> list[Call]:
        return self._read(wait=write_duration(timeout), count=count).calls

    def _evicted(self, page: JournalPage) -> Evicted:
        which = "which may match" if self._wanted else "which are asked for"
        return Evicted(
            f"The mock no longer remembers {page.lost} earlier calls, {which}. "
            f"It remembers the last {len(page.calls)}: use journal[-{len(page.calls)}:], or look sooner."
        )

    def _described(self) -> str:
        return "".join(f" {name}={value!r}" for name, value in self._wanted.items())


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _listed(calls: Iterable[Call]) -> str:
    return "".join(f"\n  {call!r}" for call in calls)


def _lost(page: JournalPage) -> str:
    return f"\n  … {page.lost} earlier calls are no longer remembered" if page.lost else ""
