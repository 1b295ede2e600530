"""The API as a suite calls it: real forms on the wire, and responses as they came."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, NamedTuple

import requests
from _pytest.outcomes import Skipped
from urllib3 import HTTPHeaderDict, encode_multipart_formdata

from contract_tests.document import Facts
from contract_tests.guard.exchange import (
    FAILED_HEADER,
    MULTIPART,
    REFUSED_HEADER,
    URLENCODED,
    Exchange,
    Reply,
    Request,
    as_json,
    at,
)

# A test keeps this many of its last exchanges: more than the longest run of a state machine makes.
_MOST_EXCHANGES = 2000
_NO_RESPONSES = frozenset({FAILED_HEADER.lower(), REFUSED_HEADER.lower()})
_TOO_MANY = 429
_NOT_THERE = frozenset({404, 410})
# Seconds to wait for one response. The guard has its own limit, which is shorter.
_TIMEOUT = 960.0

# Between the parts of a form.
_BOUNDARY = "part-of-a-form"

_ANY_REQUEST = dict(requests.utils.default_headers())

# A key that opens no account: a good one would be longer, or begin with the mock's prefix.
WRONG_KEY = "wrong-key-of-no-account"
# Stands for the run's key, as opposed to no Authorization header (None) or a header of the test's own.
OWN_KEY = object()


class TargetResponse(NamedTuple):
    """One response. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of(cls, exchange: Exchange) -> TargetResponse:
        """Return the response of an exchange."""
        headers = {name.lower(): value for name, value in exchange.headers}
        return cls(exchange.status, headers, exchange.body.encode(errors="surrogatepass"))

    def json(self) -> Any:
        """Return the body parsed. Raises ValueError, with the body's beginning, if it is not JSON in UTF-8."""
        try:
            return as_json(self.body)
        except ValueError:
            raise ValueError(f"the body is not JSON: {self.body[:200]!r}") from None

    def shown(self, *steps: str) -> Any:
        """Return the value at a place in the body, or None if the body is not JSON or has nothing there."""
        return at(json_in(self.body), steps)


def json_in(body: bytes | str) -> Any:
    """Return a body parsed as JSON, or None if it is not JSON."""
    try:
        return as_json(body)
    except ValueError:
        return None


class Trace:
    """Collects exchanges, which arrive in the guard's threads."""

    def __init__(self) -> None:
        self._exchanges: list[Exchange] = []
        self._writes: list[Exchange] = []
        self._lock = threading.Lock()

    def add(self, exchange: Exchange) -> None:
        """Add an exchange."""
        with self._lock:
            self._exchanges.append(exchange)
            del self._exchanges[:-_MOST_EXCHANGES]

    def begin(self) -> None:
        """Start afresh: a test begins, or another attempt of a generated one."""
        with self._lock:
            self._writes += [each for each in self._exchanges if each.is_write and not each.refused]
            del self._writes[:-_MOST_EXCHANGES]
            self._exchanges.clear()

    def earlier_writes(self) -> tuple[Exchange, ...]:
        """Return the writes before the current test, oldest first: a test may read handlers of earlier ones."""
        with self._lock:
            return tuple(self._writes)

    def exchanges(self) -> tuple[Exchange, ...]:
        """Return the exchanges of the current test, oldest first."""
        with self._lock:
            return tuple(self._exchanges)


class ResponseMemory:
    """Remembers the responses since the last write, by request. The trace gets a remembered exchange as if it were new.

    A refusal of a key or of parameters outlives a write, since a write does not change it.
    """

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._answers: dict[Hashable, tuple[TargetResponse, Exchange | None]] = {}
        self._lock = threading.Lock()

    def recall(self, request: Hashable) -> TargetResponse | None:
        """Return the response to a request, or None if the request has to be sent."""
        with self._lock:
            known = self._answers.get(request)
        if known is None:
            return None
        response, exchange = known
        if exchange is not None:
            self._trace.add(exchange)
        return response

    def keep(self, request: Hashable, response: TargetResponse) -> None:
        """Remember a response of the target's own, with its exchange, which is the last one."""
        if response.status == _TOO_MANY or response.status >= 500 or response.headers.keys() & _NO_RESPONSES:
            return
        exchanges = self._trace.exchanges()
        with self._lock:
            self._answers[request] = response, exchanges[-1] if exchanges else None

    def take(self, exchange: Exchange) -> None:
        """Forget what an exchange of any suite may have changed: after a write, only lasting refusals are certain."""
        if exchange.is_write:
            with self._lock:
                self._answers = {
                    asked: known for asked, known in self._answers.items() if _is_lasting(known[0].status)
                }


def _is_lasting(status: int) -> bool:
    return 400 <= status < 500 and status not in _NOT_THERE


class TargetApi:
    """Calls one target, or the guard before it, with one key. Paths are those of the document.

    `respond` is the guard in this process; without it, requests go to the base URL over a socket. With a `memory`, a
    GET that got its response since the last write is not sent again, unless `fresh` asks for it.
    """

    def __init__(
        self, base_url: str, key: str, facts: Facts, respond: Callable[[Request], Reply] | None = None
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.key = key
        self.facts = facts
        self.memory: ResponseMemory | None = None
        self._respond = respond
        self._session = requests.Session()
        self._session.trust_env = False  # the guard alone knows about proxies and .netrc

    def __repr__(self) -> str:
        return f"Api({self.base_url!r})"

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def call(  # noqa: PLR0913  # the parts of an HTTP request, each of them named
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
        urlencoded: bool = False,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        authorization: object = OWN_KEY,
        fresh: bool = False,
    ) -> TargetResponse:
        """Send one request. `form` goes as multipart unless `urlencoded`; `body` goes as it is.

        `authorization` is the whole value of the header, or None for no header; the default is the run's own key.
        """
        sent = {**_ANY_REQUEST, **(headers or {})}
        if authorization is OWN_KEY:
            sent["Authorization"] = f"Bearer {self.key}"
        elif authorization is not None:
            sent["Authorization"] = str(authorization)
        request = requests.Request(method, self.base_url + path, headers=sent, params=dict(query or {}))
        if form is not None and urlencoded:
            request.data = dict(form)
        elif form:  # an empty form has no body
            request.data, media_type = _multipart(form)
            sent.setdefault("Content-Type", media_type)
        elif body is not None:
            request.data = body
        prepared = request.prepare()  # a session would only add cookies
        if self.memory is None or method != "GET":
            return self._send(prepared)
        return self._read(prepared, self.memory, fresh=fresh)

    def _read(
        self, prepared: requests.PreparedRequest, memory: ResponseMemory, *, fresh: bool
    ) -> TargetResponse:
        asked = _asked(prepared)
        known = None if fresh else memory.recall(asked)
        if known is None:
            known = self._send(prepared)
            memory.keep(asked, known)
        return known

    def _send(self, prepared: requests.PreparedRequest) -> TargetResponse:
        if self._respond is not None:
            reply = self._respond(_request_of(prepared))
            merged = HTTPHeaderDict(reply.headers)
            return TargetResponse(reply.status, {k.lower(): v for k, v in merged.items()}, reply.body)
        response = self._session.send(prepared, timeout=_TIMEOUT, allow_redirects=False)
        return TargetResponse(
            response.status_code, {k.lower(): v for k, v in response.headers.items()}, response.content
        )

    def list(self, page: object = None, size: object = None, *, fresh: bool = False) -> TargetResponse:
        """Get a page of the list; None leaves a parameter out."""
        facts = self.facts
        query = {facts.page_parameter: page, facts.size_parameter: size}
        asked = {k: v for k, v in query.items() if v is not None}
        return self.call("GET", facts.operation("list").path, query=asked, fresh=fresh)

    def retrieve(self, handler_id: object) -> TargetResponse:
        """Get one handler."""
        return self.call("GET", self.path_of("retrieve", handler_id))

    def create(self, fields: Mapping[str, str], *, urlencoded: bool = False) -> TargetResponse:
        """Create a handler of these form fields."""
        return self.call("POST", self.facts.operation("create").path, form=fields, urlencoded=urlencoded)

    def update(
        self, handler_id: object, fields: Mapping[str, str], *, urlencoded: bool = False
    ) -> TargetResponse:
        """Update a handler with these form fields."""
        return self.call("POST", self.path_of("update", handler_id), form=fields, urlencoded=urlencoded)

    def delete(self, handler_id: object) -> TargetResponse:
        """Delete a handler."""
        return self.call("DELETE", self.path_of("delete", handler_id))

    def path_of(self, kind: str, handler_id: object) -> str:
        """Return the path of an operation on one handler."""
        before, _, after = self.facts.operation(kind).path.partition("{")
        return f"{before}{handler_id}{after.partition('}')[2]}"


def _multipart(form: Mapping[str, str]) -> tuple[bytes, str]:
    """Write a form as multipart, and return its body and its media type."""
    fields = {name: value.encode() for name, value in form.items()}
    return encode_multipart_formdata(fields, boundary_of(fields.values()))


def boundary_of(values: Iterable[bytes]) -> str:
    """Return the boundary between the parts of a form.

    All forms have the same one, unless a value holds it, so that what reads them may compile it once.
    """
    held, boundary = b"\n".join(values), _BOUNDARY
    while boundary.encode() in held:
        boundary += _BOUNDARY
    return boundary


def _request_of(prepared: requests.PreparedRequest) -> Request:
    """Return a request as the guard reads it."""
    body = prepared.body or b""
    headers = tuple((name, str(value)) for name, value in prepared.headers.items())
    return Request(
        prepared.method or "", prepared.path_url, headers, body if isinstance(body, bytes) else body.encode()
    )


def _asked(prepared: requests.PreparedRequest) -> Hashable:
    """Return what identifies a GET. Its Origin is left out: it decides who may read the response, not what it says."""
    headers = {name.lower(): value for name, value in prepared.headers.items()}
    headers.pop("origin", None)
    return prepared.url, frozenset(headers.items())


JSON = "application/json"


class Written(NamedTuple):
    """A form, byte for byte as a client wrote it."""

    content_type: str
    body: bytes


Media = str | Written


class Withheld(Skipped):
    """Skips a test, without a finding: the service or the guard did not do what the rest of the test needs."""


class Spoken(TargetApi):
    """Calls through another API object, for a suite. `writes` counts the calls that may have changed something."""

    def __init__(self, api: TargetApi) -> None:
        super().__init__(api.base_url, api.key, api.facts)
        self._api = api
        self.writes = 0

    def call(self, method: str, path: str, **parts: Any) -> TargetResponse:
        """Send one request as TargetApi.call does.

        Raises Withheld if the guard does not let it pass, which says nothing about the service.
        """
        self.writes += method != "GET"
        response = self._api.call(method, path, **parts)
        if reason := response.headers.get(REFUSED_HEADER.lower()):
            raise Withheld(f"the guard did not let {method} pass ({reason})")
        return response

    def post(self, path: str, sent: Mapping[str, str], media: Media = MULTIPART) -> TargetResponse:
        """Send a form as one of the three media types, or byte for byte as a client wrote it."""
        if isinstance(media, Written):
            return self.call("POST", path, body=media.body, headers={"Content-Type": media.content_type})
        if media == JSON:
            headers = {"Content-Type": JSON}
            return self.call("POST", path, body=json.dumps(dict(sent)).encode(), headers=headers)
        return self.call("POST", path, form=sent, urlencoded=media == URLENCODED)
