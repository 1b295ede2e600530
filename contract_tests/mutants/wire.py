"""A mutant, the exchanges that it meets, and the document's words by which it changes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from urllib3.filepost import encode_multipart_formdata

from contract_tests.document import Facts, Steps
from contract_tests.guard.body import Multipart

Headers = tuple[tuple[str, str], ...]

_MULTIPART = "multipart/form-data"
_URLENCODED = "application/x-www-form-urlencoded"
_BOUNDARY = "saboteur-5f3a9c"


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request. `target` is its path and query, `headers` are as they came."""

    method: str
    target: str
    headers: Headers
    body: bytes

    def header(self, name: str) -> str:
        """Return a header's value, empty if it was not sent."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def with_header(self, name: str, value: str) -> SentRequest:
        """Return the request with a header set."""
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=(*kept, (name, value)))

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters, the last of each name."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    def with_query(self, query: Mapping[str, str]) -> SentRequest:
        """Return the request with another query."""
        return replace(self, target=urlunsplit(urlsplit(self.target)._replace(query=urlencode(query))))

    def form(self) -> dict[str, str] | None:
        """Return the form's fields as text; None if the body is not a form that can be read."""
        kind = self.header("Content-Type")
        if kind.startswith(_MULTIPART):
            parts = Multipart.read(kind, self.body)
            return None if parts is None else {field.name: field.value for field in parts.fields()}
        if kind.startswith(_URLENCODED):
            text = self.body.decode(errors="surrogateescape")
            return dict(parse_qsl(text, keep_blank_values=True, errors="surrogateescape"))
        return None

    def with_form(self, form: Mapping[str, str]) -> SentRequest:
        """Return the request with other fields, in the encoding that it had."""
        if self.header("Content-Type").startswith(_URLENCODED):
            return replace(self, body=urlencode(form, errors="surrogateescape").encode())
        fields = [(name, value.encode(errors="surrogateescape")) for name, value in form.items()]
        body, kind = encode_multipart_formdata(fields, _BOUNDARY)
        return replace(self, body=body).with_header("Content-Type", kind)


@dataclass(frozen=True, slots=True)
class GotResponse:
    """An answer. Status 0 drops the connection; a `Transfer-Encoding: chunked` header sends the body in chunks."""

    status: int
    headers: Headers
    body: bytes

    @property
    def succeeded(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def data(self) -> Any:
        """Return the body's JSON; None if it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def with_data(self, data: Any) -> GotResponse:
        """Return the answer with another JSON body, written as PHP does: another spelling would be noticed itself."""
        return replace(self, body=json.dumps(data, separators=(",", ":")).replace("/", "\\/").encode())

    def with_header(self, name: str, value: str) -> GotResponse:
        """Return the answer with a header set."""
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=(*kept, (name, value)))


Forward = Callable[[SentRequest], GotResponse]
# Answers a request; most do so by what the service answers to it, or to another one.
Sabotage = Callable[[SentRequest, Forward], GotResponse]


class Kind(StrEnum):
    """What is to become of a mutant: all die but tolerances; a document's survivors want a reason."""

    BUG = "bug"
    CRASH = "crash"
    TOLERANCE = "tolerance"
    DOCUMENT = "document"


def faithful() -> Sabotage:
    """Begin a sabotage that changes nothing."""

    def pass_on(sent: SentRequest, forward: Forward) -> GotResponse:
        return forward(sent)

    return pass_on


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mutant. `begin` makes the sabotage, with a state of its own, for one run.

    `answers` are answers to open questions that the service behind it takes; `actions` are those of an
    Overlay, which change the document that the kit judges by.
    """

    id: str
    kind: Kind
    sentence: str
    begin: Callable[[], Sabotage] = faithful
    answers: tuple[str, ...] = ()
    actions: tuple[Mapping[str, Any], ...] = ()


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
