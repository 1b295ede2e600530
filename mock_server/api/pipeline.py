"""The corridor: every request of the API walks the same steps, in the order that the document gives.

route → the checks of `x-service.checks` → handle → check the response → journal
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from time import perf_counter
from urllib.parse import quote as percent_encode

from mock_server.api.auth import check_key, read_bearer
from mock_server.api.context import Body, Context, Environ, target_of
from mock_server.api.forced import changed, hear_preference, held_back, meet_fault
from mock_server.api.form import check_plan, decode_form
from mock_server.api.operations import FUNCTIONS
from mock_server.api.response import VERIFIED, Headers, Response
from mock_server.contract import Contract, Operation, RefusalResponse, joined
from mock_server.contract import Headers as Words
from mock_server.document import stamp_text
from mock_server.refusal import Defect, Refusal
from mock_server.server import HEAD_BYTES, HEADERS
from mock_server.state.journal import (
    BEGINNING,
    OVERHEAD,
    REHEARSED,
    WHOLE_REQUEST,
    WHOLE_RESPONSE,
    Exchange,
    headers_in,
    parts_of,
)
from mock_server.state.world import ShownQuota, World, Worlds

_LOG = logging.getLogger("mock_server.api.pipeline")

# What the server itself refuses, before there is a request to speak of.
_WIRE_ERRORS = {
    "malformed": "malformed",
    "head-too-large": "head_too_large",
    "body-too-large": "too_large",
    "timeout": "timeout",
}

# A defect is ours, so its status and body are no business of the document.
_DEFECT = (
    b'{"errors":[{"title":"The mock broke its own document; its log and journal say how.","status":500}]}'
)


def bearer(call: Context) -> None:
    """Find the key."""
    call.key = read_bearer(call.environ.get("HTTP_AUTHORIZATION"), call.contract.service)


def method(call: Context) -> None:
    """Find the operation; the path has none for other methods."""
    operation = None if call.route is None else call.route.operations.get(call.method)
    if operation is None:
        raise Refusal(call.contract.service.other_methods)
    call.found = call.operation = operation


def existence(call: Context) -> None:
    """Find the handler that the path names."""
    parameter = call.operation.path_parameter
    if parameter is not None:
        value = parameter.cast(call.parameter)
        call.handler_id = value if isinstance(value, int) else 0
        call.handler()


# What a body is read as if its request reached no operation.
_FORMS = frozenset({"multipart/form-data", "application/x-www-form-urlencoded"})

# Called with each exchange after its response is made.
Observer = Callable[[Exchange], None]

_STEPS: Mapping[str, Callable[[Context], None]] = {
    "bearer": bearer,
    "method": method,
    "existence": existence,
    "form": decode_form,
    "plan": check_plan,
}

# The steps that are for some operations only.
_CONCERNS: Mapping[str, Callable[[Operation], bool]] = {
    "existence": lambda operation: operation.path_parameter is not None,
    "form": lambda operation: operation.form is not None,
    "plan": lambda operation: operation.form is not None,
}

_CORS = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "*"),
)
_PREFLIGHT = (
    ("Access-Control-Allow-Methods", "GET, POST, DELETE"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
    ("Access-Control-Max-Age", "600"),
)


class Pipeline:
    """Answers the API's requests by the contract, in the world of each request's key.

    `outage` gives the refusals that no document of the API's has, and a fault can be armed with, by name.
    """

    def __init__(
        self,
        contract: Contract,
        worlds: Worlds,
        observers: Sequence[Observer] = (),
        outage: Callable[[str], RefusalResponse] | None = None,
    ) -> None:
        self.contract = contract
        self._worlds = worlds
        self._observers = observers
        self._outage = outage
        steps = {**_STEPS, "key": self._key, "quota": self._quota}
        checks = contract.service.checks
        at = checks.index("key") + 1
        # A fault can strike, and a preference be heard, as soon as the world and the operation are known.
        meet = max(at, checks.index("method") + 1)
        self._outside = [steps[name] for name in checks[:at]]
        self._before = [steps[name] for name in checks[at:meet]]
        self._after = {
            operation.id: [
                steps[name] for name in checks[meet:] if name not in _CONCERNS or _CONCERNS[name](operation)
            ]
            for operation in contract.operations.values()
        }
        cors = worlds.seed.rules.cors
        self._cors = contract.service.cors if cors is None else cors
        self._always = ((VERIFIED, stamp_text(contract.document)), *(_CORS if self._cors else ()))

    def answer(self, environ: Environ) -> Response:
        """Answer one request. Raises nothing: a defect becomes a 500 that the journal explains."""
        started = perf_counter()
        call = Context(self.contract, environ)
        refusal = defect = ""
        try:
            try:
                answer = self._walk(call)
            except Refusal as no:
                refusal = no.name
                answer = self._refuse(call, no)
        except Exception as error:  # whatever fails is ours, and no client may see a traceback
            if not isinstance(error, Defect):
                _LOG.exception("a step of the corridor failed")
            defect = str(error) or type(error).__name__
            answer = Response("500 Internal Server Error", (("Content-Type", "application/json"),), _DEFECT)
        if call.applied or call.fault is not None or (call.account and call.account.rules.latency.high):
            answer = self._affected(call, answer)
        answer.finished(self._always)
        self._note(call, answer, perf_counter() - started, refusal, defect)
        return answer

    def _note(self, call: Context, response: Response, seconds: float, refusal: str, defect: str) -> None:
        """Write the exchange down: in the journal of the key's world, or in the lobby, and for the observers."""
        world = call.account or self._world_meant(call)
        exchange = _exchange(call, response, seconds, refusal, defect)
        function = _function_meant(call) if call.found is None else call.found.function
        journal = self._worlds.lobby if world is None else world.journal
        journal.add(exchange, (function, refusal, call.situation))
        for observer in self._observers:
            try:
                observer(exchange)
            except Exception:  # an observer must not break what it observes
                _LOG.exception("an observer failed")

    def _world_meant(self, call: Context) -> World | None:
        """Return the world of a request that was refused before its key was looked at, if the key is good."""
        try:
            key = read_bearer(call.environ.get("HTTP_AUTHORIZATION"), self.contract.service)
            check_key(key, self.contract.service)
        except Refusal:
            return None
        call.key = key
        world = self._worlds.of(key)
        call.now = world.clock.now()
        return world

    def _affected(self, call: Context, answer: Response) -> Response:
        """Return the answer as the fault that struck, the latency and the preference leave it."""
        answer = changed(answer, call)
        if call.applied:
            answer = answer.with_headers(("Preference-Applied", call.applied))
        with call.world.lock:
            delay = held_back(call)
        return replace(answer, delay=delay) if delay else answer

    def _walk(self, call: Context) -> Response:
        if call.wire_error:
            raise Refusal(_WIRE_ERRORS[call.wire_error])
        route = self.contract.routes.find(call.path, call.method)
        if route is None:
            raise Refusal(self.contract.service.unknown_route)
        if route.redirect is not None:
            return _redirect(route.redirect, call.query)
        if self._cors and call.method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in call.environ:
            return Response("204 No Content", _PREFLIGHT, b"")
        call.route = route
        for check in self._outside:
            check(call)
        with call.world.lock:
            return self._walk_inside(call)

    def _walk_inside(self, call: Context) -> Response:
        """Walk on in the world of the key, whose lock is held."""
        for check in self._before:
            check(call)
        if call.world.faults.all:
            meet_fault(call)
        if "HTTP_PREFER" in call.environ and (chosen := hear_preference(call)) is not None:
            return chosen
        for check in self._after[call.operation.id]:
            check(call)
        return self._handle(call)

    def _handle(self, call: Context) -> Response:
        """Serve the operation; what it says is checked against the document before it leaves."""
        operation = call.operation
        success = operation.success
        body = FUNCTIONS[operation.behaviour](call)
        if body.text is None:
            body.text = _written(operation, body)
        return Response(success.status, self._headers(call, success.content_type, success.headers), body.text)

    def _refuse(self, call: Context, no: Refusal) -> Response:
        refusal = self._refusal(call, no.name)
        headers = self._headers(call, refusal.content_type, refusal.headers)
        return Response(refusal.status, headers, refusal.filled(no.detail, self.contract.quote))

    def _refusal(self, call: Context, name: str) -> RefusalResponse:
        """Return the refusal as the operation declares it, else as any does, else an outage."""
        own = None if call.found is None else call.found.refusals.get(name)
        known = own or self.contract.refusals.get(name)
        if known is None and self._outage is not None:
            known = self._outage(name)
        if known is None:
            raise Defect(f"there is no refusal {name}")
        return known

    def _headers(self, call: Context, content_type: str | None, words: Words) -> Headers:
        quota = None if call.account is None else call.account.quota
        if quota is None or not words:
            return _shown(content_type, (), (0, 0, 0))
        return _shown(content_type, words, quota.shown(call.now))

    def _key(self, call: Context) -> None:
        """Choose the key's world; from here on its lock is held."""
        check_key(call.key, self.contract.service)
        call.account = call.world = world = self._worlds.of(call.key)
        call.now = world.clock.now()

    def _quota(self, call: Context) -> None:
        """Count the request."""
        quota = call.world.quota
        if quota is not None and not quota.spend(call.now):
            raise Refusal("rate_limited")


def _exchange(call: Context, response: Response, seconds: float, refusal: str, defect: str) -> Exchange:
    """Return what the journal keeps of a request and its response."""
    environ, found, parts = call.environ, call.found, None
    media_types = _FORMS if found is None else found.media_types
    body, said = _unread_body(environ) if call.body is None else call.body, response.body
    size, response_size = len(body), len(said)
    if size > WHOLE_REQUEST:
        parts, body = parts_of(environ.get("CONTENT_TYPE"), body, media_types), body[:BEGINNING]
    if response_size > WHOLE_RESPONSE:
        said = said[:BEGINNING]
    target: str = environ.get("REQUEST_URI") or target_of(call.path, environ.get("QUERY_STRING", ""))
    headers: dict[str, str] = environ.get(HEADERS) or headers_in(environ)
    head = environ.get(HEAD_BYTES) or sum(len(name) + len(value) for name, value in headers.items())
    # By name instead of by place, the arguments would cost 5 % of a retrieve.
    return Exchange(
        call.method, call.path, int(response.status[:3]), target, call.key, headers, body, size,
        response.headers, said, response_size, "" if found is None else found.id, media_types, refusal,
        call.violations, defect, None if call.fault is None else call.fault.id, call.now, seconds,
        environ.get(REHEARSED), parts, OVERHEAD + len(target) + head + len(body) + len(said),
    )  # fmt: skip


def _function_meant(call: Context) -> str:
    """Return the function of the operation that a request would have reached, or an empty text."""
    operation = None if call.route is None else call.route.operations.get(call.method)
    return "" if operation is None else operation.function


def _unread_body(environ: Environ) -> bytes:
    """Return the body that no step has read, if it can still be read."""
    stream = environ.get("wsgi.input") if environ.get("CONTENT_LENGTH") else None
    return stream.getvalue() if isinstance(stream, io.BytesIO) else b""


def _written(operation: Operation, body: Body) -> bytes:
    """Return the text of an answer. Raises Defect where it would violate the document."""
    success = operation.success
    template = success.template
    if template is None:
        return b""
    if template.hole is None:
        envelope = text = template.render(body.values)
    else:
        ends = template.ends(body.values)
        text = joined(ends, body.rows)
        envelope = joined(ends, ()) if template.hole == "rows" else text
    # The rows of a page were each checked when they were written; their envelope is checked here.
    if complaint := success.check(envelope):
        raise Defect(f"the answer of {operation.id} would violate the document: {complaint}")
    return text


@lru_cache(maxsize=1024)
def _shown(content_type: str | None, words: Words, quota: ShownQuota) -> Headers:
    """Return the headers of an answer whose document has these, by name and `x-value` word."""
    typed = (("Content-Type", content_type),) if content_type else ()
    values = dict(zip(("quota-limit", "quota-remaining", "quota-reset"), quota, strict=True))
    return (*typed, *((name, str(values[word])) for name, word in words))


def _redirect(path: str, query: str) -> Response:
    # WSGI's texts are bytes in disguise (PEP 3333): encoded as latin-1, they are what was sent.
    location = percent_encode(path.encode("latin-1", "replace")) + (f"?{query}" if query else "")
    return Response("301 Moved Permanently", (("Location", location),), b"")
