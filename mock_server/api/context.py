"""One request on its way through the pipeline, and the response that it gets."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter
from typing import Any, NamedTuple
from urllib.parse import quote as percent_encode

from mock_server import MARKER
from mock_server.contract import Contract, Field, Form, Operation, Route, filled
from mock_server.contract.resource import OF_ITEM, RANDOM
from mock_server.contract.response import repeated, told
from mock_server.document.rows import Row
from mock_server.document.treatments import SentInput
from mock_server.mock import Mock
from mock_server.php import SentForm
from mock_server.refusal import Problem, Refusal, Violation
from mock_server.state.clock import write_moment
from mock_server.state.faults import Fault
from mock_server.state.store import Item, Store
from mock_server.state.world import World

Environ = dict[str, Any]
Headers = tuple[tuple[str, str], ...]

# On every response of the API: how well the mock is known to be like a service.
VERIFIED = "X-Bitpeak-Mock-Verified"

# Let pages of every origin read a response.
CORS: Headers = (("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", "*"))

# A request with a thousand mistakes does not get a thousand sentences.
_MOST_VIOLATIONS = 20


@dataclass(slots=True)
class Response:
    """What leaves the mock: the status and headers as WSGI wants them, and the whole body.

    `delay`: seconds to hold it back. `wire`: how it fails on the wire, a word of `mock_server.server`. `again`: seconds
    after which the server asks again for a better response; 0 if this one is final.
    """

    status: str
    headers: Headers
    body: bytes
    delay: float = 0.0
    wire: str | None = None
    again: float = 0.0

    def finish(self, *more: tuple[str, str]) -> None:
        """Add the headers that all responses have, and `more`."""
        length = None if self.status.startswith("204") else len(self.body)  # RFC 9110, section 8.6
        # A client chooses the target of a redirect, so its headers must not be remembered.
        complete = _completed if self.status.startswith("3") else _remembered
        self.headers = complete(self.headers, length, more)


def _completed(headers: Headers, length: int | None, more: Headers) -> Headers:
    sized = () if length is None else (("Content-Length", str(length)),)
    return (*headers, *sized, MARKER, *more)


# Most responses have the same few headers, and a journal keeps them. Not remembered, they cost 5 % of a retrieve.
_remembered = lru_cache(maxsize=1024)(_completed)


def preflight(methods: str, headers: str) -> Response:
    """Return the response to a CORS preflight, in which a browser asks whether a page may send a request."""
    allowed = (
        ("Access-Control-Allow-Methods", methods),
        ("Access-Control-Allow-Headers", headers),
        ("Access-Control-Max-Age", "600"),
    )
    return Response("204 No Content", allowed, b"")


class Foreign(NamedTuple):
    """A field of another type than the item's, and how it was sent."""

    field: Field
    sent: SentInput
    type_name: str


class Context:
    """A request and what is known of it so far. Each step adds what it finds.

    Reading an attribute that no step has set yet is an AttributeError, and so a defect.
    """

    __slots__ = (
        "admitted", "applied", "arguments", "body", "contract", "defect", "environ", "fault", "foreign", "form",
        "found", "item_id", "key", "media_type", "method", "mock", "now", "operation", "path", "patience", "problems",
        "refusal", "route", "sent", "sent_form", "situation", "started", "told", "violations", "world",
    )  # fmt: skip

    operation: Operation  # set by the step `method`; `found` is the same, and None before
    form: Form  # the operation's
    # What the body says: the value of each field that counts; or the JSON of a control request.
    sent: dict[str, Any]
    foreign: list[Foreign]  # the fields of other types than the item's
    arguments: Mapping[str, Any]  # the query of a control request, by the parameters' names
    media_type: str | None  # of a control response

    def __init__(self, mock: Mock, environ: Environ) -> None:
        self.mock = mock
        self.environ = environ
        self.started = perf_counter()
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ["PATH_INFO"]
        self.key = ""
        self.world: World = mock.lobby  # until the key opens another
        self.contract: Contract = mock.contract  # until the world has one of its own
        self.now = self.world.clock.now()  # seconds since 1970 UTC
        self.admitted = False  # whether the key was checked
        self.route: Route | None = None
        self.found: Operation | None = None
        self.item_id = 0
        self.body: bytes | None = None  # None until it is read
        self.sent_form: SentForm | None = None  # what the body held, once it is read as a form
        self.fault: Fault | None = None  # the fault that struck
        self.applied = ""  # the preference that chose the response
        self.situation = ""  # what a success shows of the service, for the coverage: a type or a kind of page
        self.patience = 0.0  # seconds that the client still waits for a better response
        self.violations: tuple[Violation, ...] = ()
        self.refusal = ""  # the name of the refusal
        self.told: Mapping[str, str] = {}  # what the refusal tells, for the placeholders of its texts
        self.problems: Sequence[Problem] = ()  # what the refusal lists
        self.defect = ""  # how the mock failed

    @property
    def query(self) -> str:
        """The query, undecoded."""
        return _text(self.environ.get("QUERY_STRING", ""))

    @property
    def target(self) -> str:
        """Path and query as a client would send them."""
        return percent_encode(_text(self.path)) + (f"?{self.query}" if self.query else "")

    @property
    def site(self) -> str:
        """The scheme and host that links begin with: those of the public URL, or of the request."""
        if self.world.rules.public_url is not None:
            return self.world.rules.public_url
        environ = self.environ
        host = environ.get("HTTP_HOST")
        if not host:
            name = environ["SERVER_NAME"]
            host = f"[{name}]:{environ['SERVER_PORT']}" if ":" in name else f"{name}:{environ['SERVER_PORT']}"
        return f"{environ['wsgi.url_scheme']}://{host}"

    @property
    def store(self) -> Store:
        """The items of the operation's resource."""
        return self.world.stores[self.operation.resource.name]

    def tell(self, placeholder: str) -> Any:
        """Return the value of a placeholder in the document's texts (`mock_server.contract.response`)."""
        name, _, form = placeholder.partition(":")
        if name in self.told:
            text = self.repeat(self.told[name], form)
            return told(text, self.tell) if name in _TOLD_BY_ROWS else text
        if name in _ITEMS:
            return _ITEMS[name](self)
        if name in OF_ITEM and self.found is not None and (item := self.store.get(self.item_id)) is not None:
            return self.world.told(item, placeholder)
        if name in RANDOM:
            return RANDOM[name](self.world.random, int(form or 0))
        return str(_TOLD[name](self, form)) if name in _TOLD else ""

    def repeat(self, text: str, form: str) -> str:
        """Return what a placeholder shows of a value; `label` is what messages call the field of this name."""
        return self.contract.service.labels.get(text, text) if form == "label" else repeated(text, form)

    def item(self) -> Item:
        """Return the item that the path names. Raises Refusal if it does not exist."""
        item = self.store.get(self.item_id)
        if item is None:
            raise Refusal(self.contract.service.deleted if self.store.had(self.item_id) else "not_found")
        return item

    def read_body(self, most: int) -> bytes:
        """Read the body. Raises Refusal if it is longer than `most` bytes."""
        environ = self.environ
        length: str = environ.get("CONTENT_LENGTH") or ""
        if length.isascii() and length.isdigit():
            # Python does not read a number of thousands of digits, and one of twenty is always too large.
            size = int(length[:20])
            if size > most:
                raise Refusal("too_large")
        else:
            # A chunked body has no length. A server that marks its end lets us read to it.
            size = most + 1 if not length and environ.get("wsgi.input_terminated") else 0
        self.body = environ["wsgi.input"].read(size) if size else b""
        if len(self.body) > most:
            raise Refusal("too_large")
        return self.body

    def unread_body(self) -> bytes:
        """Return the body that no step has read, if it can still be read."""
        stream = self.environ.get("wsgi.input") if self.environ.get("CONTENT_LENGTH") else None
        return stream.getvalue() if isinstance(stream, io.BytesIO) else b""

    def remark(self, code: str, sentence: str) -> None:
        """Note what the client should know."""
        if len(self.violations) < _MOST_VIOLATIONS:
            self.violations = (*self.violations, Violation(code, sentence))

    def violate(self, code: str, sentence: str) -> None:
        """Note what the service silently accepts. Raises Refusal if the world is strict."""
        self.remark(code, sentence)
        if self.world.rules.strict:
            raise Refusal("violation", sentence)


# Methods that no document describes: a path has HEAD if it has GET, and the others in any case.
_AS_DESCRIBED = {"HEAD": "GET", "OPTIONS": "", "TRACE": ""}


def _allowed(known: Collection[str], form: str) -> str:
    """Return the methods of a path, as the header Allow lists them.

    `form` are all methods of the service, in its order, of which those of the path are shown. Without it, they are
    sorted.
    """
    if not form:
        return ", ".join(sorted(known))
    names = (name.strip() for name in form.split(","))
    shown = (name for name in names if _AS_DESCRIBED.get(name, name) in {"", *known})
    return (", " if ", " in form else ",").join(shown)


def problem_of(row: Row, name: str, value: str, order: int, told: Mapping[str, str] | None = None) -> Problem:
    """Return the problem of a row that refuses a field or a parameter. `value`: what was sent."""
    facts = {**(row.told or {}), "field": name, "value": value, "length": str(len(value)), **(told or {})}
    return Problem(row.refusal, row.item, facts, row.rank, order)


def _items(context: Context) -> Iterator[tuple[Problem, Any]]:
    """Yield each item that the refusal lists, with its placeholders filled, and the problem that it is of."""
    for problem in context.problems:
        if problem.item is not None:
            item = _filled(context, problem, problem.item)
            yield from ((problem, each) for each in (item if isinstance(item, list) else [item]))


def _listed(context: Context) -> list[Any]:
    return [item for _, item in _items(context)]


def _listed_by_field(context: Context) -> dict[str, list[Any]]:
    listed: dict[str, list[Any]] = {}
    for problem, item in _items(context):
        listed.setdefault(problem.told["field"], []).append(item)
    return listed


def _messages(context: Context) -> str:
    """Return the messages of all problems in one text."""
    messages = (_filled(context, problem, problem.told.get("message", "")) for problem in context.problems)
    return context.contract.service.joined.join(messages)


def _filled(context: Context, problem: Problem, value: Any) -> Any:
    def tell(placeholder: str) -> str:
        name, _, form = placeholder.partition(":")
        return context.repeat(problem.told[name], form) if name in problem.told else context.tell(placeholder)

    return filled(value, tell)


# The problems of a refusal, as data.
_ITEMS: Mapping[str, Callable[[Context], Any]] = {
    "items": _listed,
    "items-by-field": _listed_by_field,
    "item-by-field": lambda context: {name: items[0] for name, items in _listed_by_field(context).items()},
}


def _more(context: Context) -> str:
    """Return the text about the items beside the first."""
    items, words = _listed(context), context.contract.service.more
    count = len(items) - 1
    return (
        words["one" if count == 1 else "many"].replace("{count}", str(count)) if words and count > 0 else ""
    )


def _count(context: Context) -> int:
    """Return how many items the refusal lists, or how many problems it has."""
    return len(_listed(context)) or len(context.problems)


# What a row tells of a problem (`with`). These texts may have placeholders, too.
_TOLD_BY_ROWS = frozenset({"rule", "message", "label", "limit", "code"})


def _id(context: Context, form: str) -> str | int:
    """Return the id in the path, as it stands there, or as a number."""
    as_sent = "" if context.route is None or form else context.route.parameter
    return as_sent or context.item_id


def _path(context: Context, form: str) -> str:
    """Return the path as it was sent, or without the slashes at its ends."""
    target: str = context.environ.get("REQUEST_URI") or context.target
    path = target.partition("?")[0].removeprefix("/" if form else "")
    return path.rstrip("/") if form == "bare" else path


def _methods(context: Context, form: str) -> str:
    if context.route is None:
        return ""
    known, of_get = {*context.route.operations}, context.contract.routes.find(context.path, "GET")
    if of_get is not None and of_get.redirect is not None:  # a path that redirects a GET has that method, too
        known.add("GET")
    return _allowed(known, form)


# Facts of a request, of which some have several forms: as sent, or by the text after the colon.
_TOLD: Mapping[str, Callable[[Context, str], object]] = {
    "id": _id,
    "method": lambda context, _: context.method,
    "methods": _methods,
    "now": lambda context, form: write_moment(context.now, form),
    "path": _path,
    "target": lambda context, _: context.environ.get("REQUEST_URI") or context.target,
    "more": lambda context, _: _more(context),
    "messages": lambda context, _: _messages(context),
    "count": lambda context, _: _count(context),
    "site": lambda context, _: context.site,
}


def _text(native: str) -> str:
    """Read one of WSGI's texts, which hold bytes as latin-1 (PEP 3333), as UTF-8."""
    return native if native.isascii() else native.encode("latin-1", "replace").decode("utf-8", "replace")
