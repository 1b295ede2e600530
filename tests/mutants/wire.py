"""A mutant, an exchange on its way through it, and the few ways in which most mutants change one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from urllib3.filepost import encode_multipart_formdata

from contract_tests.document import Facts, Steps
from contract_tests.guard.body import Multipart
from contract_tests.guard.exchange import MULTIPART, URLENCODED, Headers, Reply, Request
from mock_server.document import load

_BOUNDARY = "saboteur-5f3a9c"
_KEY = "Authorization"

OPERATIONS = ("list", "retrieve", "create", "update", "delete")
_AT = {"GET": "retrieve", "POST": "update", "DELETE": "delete"}
_ABOVE = {"GET": "list", "POST": "create"}

Forward = Callable[[Request], Reply]
Form = dict[str, str]
RowData = dict[str, Any]
# Changes parsed JSON, a row or a form in place.
Change = Callable[[dict[str, Any]], object]


def with_header(headers: Headers, name: str, value: str) -> Headers:
    """Return headers with one set."""
    return (*(pair for pair in headers if pair[0].lower() != name.lower()), (name, value))


def data_of(reply: Reply) -> Any:
    """Return the JSON of a body; None if it is not JSON."""
    try:
        return json.loads(reply.body)
    except ValueError:
        return None


def with_data(reply: Reply, data: Any) -> Reply:
    """Return a reply with another JSON body, written as PHP does: another spelling would be noticed itself."""
    return reply._replace(body=json.dumps(data, separators=(",", ":")).replace("/", "\\/").encode())


class Wire:
    """Reads requests and replies by the facts of a document."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._above = (facts.base_path + facts.operation("create").path).rstrip("/")

    def kind(self, sent: Request) -> str:
        """Return which of OPERATIONS a request is, empty for none."""
        if urlsplit(sent.target).path.rstrip("/") == self._above:
            return _ABOVE.get(sent.method, "")
        return _AT.get(sent.method, "") if self.id_in(sent) else ""

    def id_in(self, sent: Request) -> int:
        """Return the id in a request's path, 0 for none."""
        before, _, last = urlsplit(sent.target).path.rstrip("/").rpartition("/")
        return int(last) if before == self._above and last.isdecimal() else 0

    def target(self, handler_id: int | str) -> str:
        """Return the target of a request about a row; the collection's for an empty text."""
        return f"{self._above}/{handler_id}".rstrip("/")

    def steps(self, kind: str, word: str) -> Steps:
        """Return the keys to a fact in an operation's answer."""
        return self.facts.schemas.path_to(self.facts.operation(kind).response, word)

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
        shown = self.read(kind, "rows" if kind == "list" else "row", data) if kind in OPERATIONS[:2] else None
        yield from (row for row in (shown if isinstance(shown, list) else [shown]) if isinstance(row, dict))

    def created(self, got: Reply) -> int:
        """Return the id that a create or an update answered, 0 for none."""
        value = self.read("create", "id", data_of(got)) if got.is_success else None
        return value if isinstance(value, int) else 0


@cache
def wire() -> Wire:
    """Return what reads the exchanges of the packaged document's API."""
    return Wire(Facts(load().data))


@dataclass
class Memory:
    """What a mutant has seen: the keys that opened something, the last one last, and what became of rows.

    `own` are the ids that were created and not deleted, `gone` those that were deleted, `updated` those that were
    changed, and `shown` what was last retrieved of each. `notes` are for what one mutant alone remembers.
    """

    requests: int = 0
    keys: list[str] = field(default_factory=list)
    own: list[int] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    updated: set[int] = field(default_factory=set)
    shown: dict[int, Reply] = field(default_factory=dict)
    notes: dict[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trip:
    """A request on its way through a mutant. `forward` asks the service, for this request or another one."""

    sent: Request
    forward: Forward
    memory: Memory

    @property
    def kind(self) -> str:
        """Which of OPERATIONS it is, empty for none."""
        return wire().kind(self.sent)

    @property
    def id(self) -> int:
        """The id in the path, 0 for none."""
        return wire().id_in(self.sent)

    @property
    def key(self) -> str:
        """The header with the key, empty if none was sent."""
        return self.sent.header(_KEY.lower())

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the query, the last of each name."""
        return dict(parse_qsl(urlsplit(self.sent.target).query, keep_blank_values=True))

    @property
    def form(self) -> Form | None:
        """The fields of the form as text; None if the body is not a form that can be read."""
        kind = self.sent.header("content-type")
        if kind.startswith(MULTIPART):
            parts = Multipart.read(kind, self.sent.body)
            return None if parts is None else {field.name: field.value for field in parts.fields()}
        if kind.startswith(URLENCODED):
            text = self.sent.body.decode(errors="surrogateescape")
            return dict(parse_qsl(text, keep_blank_values=True, errors="surrogateescape"))
        return None

    def passed(self) -> Reply:
        """Return what the service answers."""
        return self.forward(self.sent)

    def with_key(self, key: str) -> Reply:
        """Return what the service answers to the request with another key."""
        return self.forward(self.sent._replace(headers=with_header(self.sent.headers, _KEY, key)))

    def with_query(self, query: Mapping[str, str]) -> Reply:
        """Return what the service answers to the request with another query."""
        target = urlunsplit(urlsplit(self.sent.target)._replace(query=urlencode(query)))
        return self.forward(self.sent._replace(target=target))

    def with_form(self, form: Mapping[str, str], target: str = "") -> Reply:
        """Return what the service answers to other fields, in the encoding that they had."""
        sent = self.sent._replace(target=target or self.sent.target)
        if sent.header("content-type").startswith(URLENCODED):
            return self.forward(sent._replace(body=urlencode(form, errors="surrogateescape").encode()))
        fields = [(name, value.encode(errors="surrogateescape")) for name, value in form.items()]
        body, kind = encode_multipart_formdata(fields, _BOUNDARY)
        headers = with_header(sent.headers, "Content-Type", kind)
        return self.forward(sent._replace(body=body, headers=headers))

    def at(self, handler_id: int, method: str = "GET") -> Reply:
        """Return what the service answers about another row, or this one."""
        sent = self.sent._replace(method=method, target=wire().target(handler_id), body=b"")
        return self.forward(sent)

    def remember(self, got: Reply) -> None:
        """Note what the reply says of keys and rows."""
        memory, kind, row = self.memory, self.kind, self.id
        memory.requests += 1
        if not got.is_success:
            return
        if self.key:
            memory.keys = [*(key for key in memory.keys if key != self.key), self.key]
        if kind == "create" and (created := wire().created(got)):
            memory.own.append(created)
        elif kind == "retrieve":
            memory.shown[row] = got
        elif kind == "update":
            memory.updated.add(row)
        elif kind == "delete":
            memory.gone.append(row)
            memory.own = [one for one in memory.own if one != row]


# Answers a request; most do so by what the service answers to it, or to another one.
Spoil = Callable[[Trip], Reply]


class Kind(StrEnum):
    """What is to become of a mutant: all die but tolerances; a document's survivors want a reason."""

    BUG = "bug"
    CRASH = "crash"
    TOLERANCE = "tolerance"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mutant: `spoil` is what it does to an exchange.

    `answers` are answers to open questions that the service behind it takes; `actions` are those of an
    Overlay, which change the document that the kit judges by.
    """

    id: str
    kind: Kind
    sentence: str
    spoil: Spoil = Trip.passed
    answers: tuple[str, ...] = ()
    actions: tuple[Mapping[str, Any], ...] = ()


def mutants_of(kind: Kind, table: Mapping[str, tuple[str, Spoil]]) -> Iterator[Mutant]:
    """Yield the mutants of a table: id, what it does in a sentence, and how."""
    for name, (sentence, spoil) in table.items():
        yield Mutant(name.replace("_", "-"), kind, sentence, spoil)


def on(kind: str, spoil: Spoil) -> Spoil:
    """Spoil the requests of one operation."""
    return lambda trip: spoil(trip) if trip.kind == kind else trip.passed()


def in_replies(change: Callable[[Reply], Reply], *kinds: str, failed: bool = False) -> Spoil:
    """Change the successes of operations, or their failures."""

    def spoil(trip: Trip) -> Reply:
        got = trip.passed()
        return change(got) if trip.kind in kinds and got.is_success is not failed else got

    return spoil


def in_data(change: Change, *kinds: str, failed: bool = False) -> Spoil:
    """Change the JSON of operations' successes in place, or of their failures."""

    def each(got: Reply) -> Reply:
        data = data_of(got)
        if not isinstance(data, dict):
            return got
        change(data)
        return with_data(got, data)

    return in_replies(each, *kinds, failed=failed)


def in_rows(change: Change) -> Spoil:
    """Change each row that is shown."""
    return lambda trip: with_rows(trip, trip.passed(), change)


def with_rows(trip: Trip, got: Reply, change: Change) -> Reply:
    """Change each row that a reply shows."""
    data = data_of(got) if got.is_success else None
    rows = list(wire().rows(trip.kind, data)) if data is not None else []
    for row in rows:
        change(row)
    return with_data(got, data) if rows else got


def in_forms(change: Callable[[Form], object], *kinds: str) -> Spoil:
    """Change the fields of a form before the service sees them."""

    def spoil(trip: Trip) -> Reply:
        form = trip.form if trip.kind in kinds else None
        changed = dict(form or {})
        change(changed)
        return trip.passed() if form is None or changed == form else trip.with_form(changed)

    return spoil
