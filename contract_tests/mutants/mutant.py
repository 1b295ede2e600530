"""A mutant: one thing that is wrong with a service or, for a tolerance, merely unusual; and the exchanges it meets."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

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
        parts = [
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in form.items()
        ]
        body = "".join([*parts, f"--{_BOUNDARY}--\r\n"]).encode(errors="surrogateescape")
        kind = f"{_MULTIPART}; boundary={_BOUNDARY}"
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

    `answers` are answers to open questions that the service behind it takes; `rewrite` changes, in place, the
    document that the kit judges by.
    """

    id: str
    kind: Kind
    sentence: str
    begin: Callable[[], Sabotage] = faithful
    answers: tuple[str, ...] = ()
    rewrite: Callable[[dict[str, Any]], None] | None = None
