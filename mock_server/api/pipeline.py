"""The pipeline: every request, of the API or of the control, passes the same kind of steps.

find the world → the checks, in the order of the document → serve → check the response → write the exchange
"""

from __future__ import annotations

import html
import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from time import perf_counter
from urllib.parse import quote as percent_encode

from mock_server.api.context import CORS, VERIFIED, Context, Environ, Response, preflight
from mock_server.api.forced import affect, hear_preference, meet_fault, override
from mock_server.api.form import (
    check_availability,
    check_media_type,
    check_plan,
    check_unique,
    read_form,
    read_id,
)
from mock_server.api.hints import hint
from mock_server.api.operations import BEHAVIOURS, Result
from mock_server.contract import QUOTA, Headers, Operation, RefusalResponse, joined, status_text
from mock_server.contract.operation import Route
from mock_server.contract.resource import SITE
from mock_server.contract.response import PLACEHOLDER, told
from mock_server.document import stamp_text
from mock_server.mock import Mock
from mock_server.php import SentForm
from mock_server.refusal import Defect, Refusal, refuse
from mock_server.server import HEAD_BYTES, HEADERS, WIRE_ERROR
from mock_server.state.journal import (
    BEGINNING,
    OVERHEAD,
    READ_ONCE,
    REHEARSED,
    WHOLE_REQUEST,
    WHOLE_RESPONSE,
    Exchange,
    form_of,
    headers_in,
    parts_of,
)
from mock_server.state.world import ShownQuota

_LOG = logging.getLogger("mock_server.api.pipeline")

# A step sets what it finds on the context. The first step that returns a response ends the walk.
PipelineStep = Callable[[Context], Response | None]

# `Bearer`, one blank, a token (evidence: B+P, `Bearer\s(\S+)`). The blanks are those of PHP's `\s` without the flag u:
# Python's own `\s` also takes the bytes 0x85 and 0xA0.
_BEARER = re.compile(r"(Bearer)[ \t\n\r\f\v]([^ \t\n\r\f\v]+)", re.IGNORECASE)

# What the server refuses before a request is read, and the name of the refusal.
_WIRE_ERRORS = {
    "malformed": "malformed",
    "head-too-large": "head_too_large",
    "body-too-large": "too_large",
    "timeout": "timeout",
}

# The media types to read if a request reached no operation.
_FORMS = frozenset({"multipart/form-data", "application/x-www-form-urlencoded"})


class Pipeline(ABC):
    """Takes each request through steps until one of them gives the response. A step may raise Refusal.

    The API and the control have steps, refusals and an end of their own.
    """

    def __init__(self, mock: Mock) -> None:
        self.mock = mock

    def respond(self, environ: Environ) -> Response:
        """Respond to one request. Raises nothing: a defect becomes a 500."""
        context = Context(self.mock, environ)
        try:
            try:
                response = self.walk(context)
            except Refusal as refusal:
                context.refusal = refusal.name
                context.problems = refusal.problems
                response = self._refused(context, refusal.name, refusal.told)
        except Exception as error:  # a defect of ours, and no client may see a traceback
            if not isinstance(error, Defect):
                _LOG.exception("A step of the pipeline failed.")
            context.defect = str(error) or type(error).__name__
            response = self._refused(context, "defect", {"detail": context.defect})
        self.close(context, response)
        return response

    @abstractmethod
    def walk(self, context: Context) -> Response:
        """Walk the steps to a response. Raises Refusal, or any exception for a defect."""

    @abstractmethod
    def refusal(self, context: Context, name: str) -> RefusalResponse:
        """Return a refusal of the document. Raises KeyError for an unknown name."""

    @abstractmethod
    def close(self, context: Context, response: Response) -> None:
        """Complete the response, and record the request."""

    def _refused(self, context: Context, name: str, told: Mapping[str, str]) -> Response:
        refusal = self.refusal(context, name)
        context.told = told
        body = refusal.filled(context.tell)
        return response_with(context, refusal.status, refusal.content_type, refusal.headers, body)


def find_world(context: Context, key: str, *, make: bool = True) -> None:
    """Enter the world of a key and use its contract, if the key is one of the mock's. A real key never works.

    With `make`, a missing world is made.
    """
    if key.startswith(context.mock.contract.service.key_prefix):
        worlds = context.mock.worlds
        context.world = world = worlds.of(key) if make else worlds.look(key)
        context.contract = world.contract
        context.now = world.clock.now()


def bearer_of(context: Context) -> tuple[str, str]:
    """Return the scheme as it is spelled and the key of the header Authorization, empty texts if it has none."""
    found = _BEARER.match(context.environ.get("HTTP_AUTHORIZATION", ""))
    return ("", "") if found is None else (found[1], found[2])


class ApiPipeline(Pipeline):
    """Responds to the requests of the API, by the contract of the world that the key opens.

    `outage` returns, by name, a refusal that only an armed fault can cause.
    """

    def __init__(self, mock: Mock, outage: Callable[[str], RefusalResponse]) -> None:
        super().__init__(mock)
        self._outage = outage
        self._verified = (VERIFIED, stamp_text(mock.contract.document))

    def walk(self, context: Context) -> Response:
        """Find the world, then walk the checks of the document while no other request can change it."""
        scheme, context.key = bearer_of(context)
        find_world(context, context.key)
        if scheme != "Bearer" and not context.contract.service.any_case:
            context.key, context.world = "", context.mock.lobby
        with context.world.lock:
            if context.key:  # the world may have been given other answers in the meantime
                context.contract = context.world.contract
            response = _walked(context, _opening(context.contract.service.checks))
            response = response or _walked(context, _closing(context.operation.checks))
        if response is None:
            raise Defect("No step has given a response.")
        return response

    def refusal(self, context: Context, name: str) -> RefusalResponse:
        """Return a refusal as the operation declares it, else as any operation does, else an outage."""
        own = None if context.found is None else context.found.refusals.get(name)
        return own or context.contract.refusals.get(name) or self._outage(name)

    def close(self, context: Context, response: Response) -> None:
        """Apply faults, latency and CORS, and write the exchange."""
        world = context.world
        if context.applied or context.fault is not None or (context.admitted and world.rules.latency.high):
            with world.lock:
                affect(context, response)
        headers = context.contract.service.headers
        if headers:
            response.headers = (*response.headers, *_filled(context, None, headers))
        if context.fault is not None:
            override(response, context.fault)
        response.finish(self._verified, *(CORS if _is_open(context) else ()))
        if context.method not in {"GET", "HEAD"}:
            self.mock.worlds.weigh(context.key)
        self._write(context, response)

    def _write(self, context: Context, response: Response) -> None:
        """Write the exchange: in the journal of the world, or of the lobby, and for the observers."""
        operation = context.found or _operation_meant(context)
        exchange = _exchange(context, response, operation)
        if exchange.rehearsed is not None and self.mock.rehearsal is not None:
            name = context.method if operation is None else operation.id
            self.mock.rehearsal.compare(name, exchange.status, response.body, exchange.rehearsed)
        counted_as = "" if operation is None else operation.counted_as
        context.world.journal.add(exchange, (counted_as, context.refusal, context.situation))
        for observer in self.mock.observers:
            try:
                observer(exchange)
            except Exception:  # an observer must not break what it observes
                _LOG.exception("An observer failed.")


def find_route(context: Context) -> Response | None:
    """Find the operations at the path. Raises Refusal if the server has refused the request already."""
    error = context.environ.get(WIRE_ERROR)
    if error:
        raise Refusal(_WIRE_ERRORS[error])
    contract = context.contract
    route = context.route = contract.routes.find(context.path, context.method)
    if route is None:
        raise Refusal(contract.service.unknown_route)
    if route.redirect is not None and contract.service.redirect.get("after") != "key":
        return _redirected(context, route)
    asks = context.method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in context.environ
    if asks and _is_open(context):
        return preflight(contract.methods, "Authorization, Content-Type")
    return None


def _redirected(context: Context, route: Route) -> Response:
    """Return a redirect to the other spelling of a path, with the same query."""
    words = context.contract.service.redirect
    # WSGI's texts hold bytes as latin-1 (PEP 3333). Encoded, they are what was sent.
    location = percent_encode((route.redirect or "").encode("latin-1", "replace"))
    location += f"?{context.query}" if context.query else ""
    if words.get("location") == "absolute":
        location = context.site + location
    media_type: str = words.get("media-type", "")
    typed = (("Content-Type", media_type),) if media_type else ()
    shown = html.escape(location) if "html" in media_type else location
    body = b"" if context.method == "HEAD" else words.get("text", "").replace("{location}", shown).encode()
    return Response(
        status_text(route.status or words.get("status", 301)), (("Location", location), *typed), body
    )


def check_bearer(context: Context) -> None:
    """Refuse a request without a key."""
    if not context.key:
        is_malformed = bool(context.environ.get("HTTP_AUTHORIZATION"))
        raise Refusal(context.contract.service.malformed_bearer if is_malformed else "missing_bearer")


def check_key(context: Context) -> None:
    """Refuse a key that opens no world."""
    if context.world is context.mock.lobby:
        raise Refusal("no_access")
    context.admitted = True


def check_quota(context: Context) -> None:
    """Count the request, and refuse it if the quota is used up."""
    quota = context.world.quota
    if quota is not None and not quota.spend(context.now):
        raise Refusal("rate_limited")


def check_method(context: Context) -> Response | None:
    """Redirect, if only requests with a good key are. Raises Refusal for a method without an operation.

    An invalid id is refused here, too, unless it has a check of its own.
    """
    route = context.route
    if route is not None and route.redirect is not None:
        return _redirected(context, route)
    operation = _operation_meant(context)
    if operation is None:
        service = context.contract.service
        if context.method == "HEAD" and service.head != "refused":
            raise Refusal(service.head)
        on_row = context.route is not None and context.route.parameter is not None
        raise Refusal(service.other_methods["row" if on_row else "list"])
    context.found = context.operation = operation
    if operation.path_parameter is not None and "id" not in context.contract.service.checks:
        check_id(context)
    return None


def check_id(context: Context) -> None:
    """Read the id in the path. Raises Refusal if a row refuses it."""
    if problem := read_id(context):
        refuse([problem], tells_all=False)


def check_existence(context: Context) -> None:
    """Find the item that the path names."""
    context.item()


def serve(context: Context) -> Response:
    """Do what the operation does. Raises Defect if its response would violate the document."""
    operation, success = context.operation, context.operation.success
    result = BEHAVIOURS[operation.behaviour](context)
    if result.body is None or (success.template is not None and success.template.texts):
        result.body = _written(context, operation, result)
    return response_with(context, success.status, success.content_type, success.headers, result.body)


_CHECKS: Mapping[str, PipelineStep] = {
    "media-type": check_media_type,
    "bearer": check_bearer,
    "key": check_key,
    "quota": check_quota,
    "method": check_method,
    "existence": check_existence,
    "id": check_id,
    "form": read_form,
    "availability": check_availability,
    "unique": check_unique,
    "plan": check_plan,
}


def _walked(context: Context, steps: Iterable[PipelineStep]) -> Response | None:
    """Return the response of the first step that gives one."""
    for step in steps:
        response = step(context)
        if response is not None:
            return response
    return None


@cache
def _opening(checks: tuple[str, ...]) -> tuple[PipelineStep, ...]:
    """Return the steps of all requests until key and method are known, in the order of `x-service.checks`."""
    at = max(checks.index("key"), checks.index("method")) + 1
    steps = [_CHECKS[name] for name in checks[:at]]
    return (find_route, *steps)


@cache
def _closing(checks: tuple[str, ...]) -> tuple[PipelineStep, ...]:
    """Return the steps of requests to an operation with these checks. A fault strikes before the checks."""
    return (meet_fault, hear_preference, *(_CHECKS[name] for name in checks), serve)


def _is_open(context: Context) -> bool:
    """Tell whether pages of other origins may call the API."""
    cors = context.world.rules.cors
    return context.contract.service.cors if cors is None else cors


def _operation_meant(context: Context) -> Operation | None:
    """Return the operation that an unrefused request would reach, None for a redirect."""
    if context.route is None or context.route.redirect is not None:
        return None
    operations = context.route.operations
    if context.method == "HEAD" and context.contract.service.head == "as-get":
        return operations.get("HEAD", operations.get("GET"))
    return operations.get(context.method)


def _written(context: Context, operation: Operation, result: Result) -> bytes:
    """Return the body of a success. Raises Defect if it would violate the document."""
    success = operation.success
    template, values = success.template, result.values
    if template is None:
        return told(success.text, context.tell).encode()
    if template.texts:
        texts = {text: told(text, context.tell) for text in template.texts if text not in values}
        values = {**values, **texts}
    if template.hole is None:
        envelope = body = template.render(values)
    else:
        ends = template.ends(values)
        body = joined(ends, result.rows)
        # Rows were checked when they were written. To check a page of 1000 again takes ten times as long.
        envelope = joined(ends, ()) if template.hole == "rows" else body
    if complaint := success.check(envelope):
        raise Defect(f"The response of {operation.id} would violate the document: {complaint}")
    if template.hole is not None and operation.resource.tells_site:
        return body.replace(SITE.encode(), context.contract.write(context.site)[1:-1].encode())
    return body


def response_with(
    context: Context, status: str, content_type: str | None, headers: Headers, body: bytes
) -> Response:
    """Return a response with its content type and the headers that the document gives it."""
    return Response(status, _filled(context, content_type, headers), body)


def _filled(context: Context, content_type: str | None, headers: Headers) -> tuple[tuple[str, str], ...]:
    """Return headers by name and text. Quota headers are only for a key that was checked."""
    quota = context.world.quota if context.admitted else None
    pairs, varies = _unfilled(content_type, headers, None if quota is None else quota.shown(context.now))
    if varies:
        return tuple((name, told(text, context.tell)) for name, text in pairs)
    return pairs


# Most responses have the same few headers, and a journal keeps them. Not remembered, they cost 10 % of a retrieve.
@lru_cache(maxsize=1024)
def _unfilled(
    content_type: str | None, headers: Headers, quota: ShownQuota | None
) -> tuple[tuple[tuple[str, str], ...], bool]:
    """Return headers by name and text, and whether some texts have placeholders."""
    facts = {} if quota is None else dict(zip(QUOTA, map(str, quota), strict=True))
    typed = (("Content-Type", content_type),) if content_type else ()
    shown = [field for field in headers if not field.fact or field.fact in facts]
    pairs = ((field.name, facts.get(field.fact, field.text)) for field in shown)
    return (*typed, *pairs), any(PLACEHOLDER.search(field.text) for field in shown)


def _exchange(context: Context, response: Response, operation: Operation | None) -> Exchange:
    """Return what the journal keeps of a request and its response. `operation`: the intended one."""
    environ, parts = context.environ, None
    media_types = _FORMS if operation is None else operation.media_types
    body = context.unread_body() if context.body is None else context.body
    said, size, response_size = response.body, len(body), len(response.body)
    if size > WHOLE_REQUEST:
        form = context.sent_form
        if form is None and size <= context.contract.service.body_bytes:
            form = form_of(environ.get("CONTENT_TYPE"), body, media_types)
        parts, body = parts_of(form or SentForm()), body[:BEGINNING]
    if response_size > WHOLE_RESPONSE:
        said = said[:BEGINNING]
    target: str = environ.get("REQUEST_URI") or context.target
    headers: dict[str, str] = environ.get(HEADERS) or headers_in(environ)
    head = environ.get(HEAD_BYTES) or sum(len(name) + len(value) for name, value in headers.items())
    # Twice the size of a body that may be read to parts.
    kept = len(body) if parts is not None or size <= READ_ONCE else 2 * size
    # Positional, since keywords cost 5 % of a retrieve.
    return Exchange(
        context.method, context.path, int(response.status[:3]), target, context.key, headers, body, size,
        response.headers, said, response_size, "" if operation is None else operation.id, media_types,
        context.refusal, context.violations, context.defect, context.fault, context.now,
        perf_counter() - context.started, environ.get(REHEARSED), parts,
        OVERHEAD + len(target) + head + kept + len(said), hint(context) if context.refusal else "",
    )  # fmt: skip
