"""The corridor: every request of the API walks the same steps, in the order that the document gives.

route → the checks of `x-service.checks` → handle → check the answer → journal
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from time import perf_counter
from urllib.parse import quote as percent_encode

from mock_server.answer import Answer
from mock_server.auth import check_key, read_bearer
from mock_server.call import Call, Environ
from mock_server.contract import Contract, Headers, parse
from mock_server.decode import check_plan, decode_form
from mock_server.handlers import FUNCTIONS
from mock_server.journal import Exchange, shorten
from mock_server.refusal import Defect, Refusal
from mock_server.worlds import Worlds

_LOG = logging.getLogger("mock_server.corridor")

# What the server itself refuses, before there is a request to speak of.
_WIRE_ERRORS = {
    "malformed": "malformed",
    "head-too-large": "head_too_large",
    "body-too-large": "too_large",
    "timeout": "timeout",
}

NO_LATENCY = (0.0, 0.0)

# A defect is ours, so its status and body are no business of the document.
_DEFECT = (
    b'{"errors":[{"title":"The mock broke its own document; its log and journal say how.","status":500}]}'
)


# Hears of each exchange, after its answer is made.
Observer = Callable[[Exchange], None]


def bearer(call: Call) -> None:
    """Find the key."""
    call.key = read_bearer(call.environ.get("HTTP_AUTHORIZATION"), call.contract.service)


def method(call: Call) -> None:
    """Find the operation; the path has none for other methods."""
    operation = call.route.operations.get(call.method)
    if operation is None:
        raise Refusal(call.contract.service.other_methods)
    call.operation = operation


def existence(call: Call) -> None:
    """Find the handler that the path names."""
    parameter = call.operation.path_parameter
    if parameter is not None:
        value = parameter.cast(call.route.parameter or "")
        call.handler_id = value if isinstance(value, int) else 0
        call.handler()


def form(call: Call) -> None:
    """Read the body, where the operation has a form."""
    call.sent = {}
    if call.operation.form is not None:
        decode_form(call)


def plan(call: Call) -> None:
    """Ask the plan, where the operation has a form."""
    if call.operation.form is not None:
        check_plan(call)


_STEPS: Mapping[str, Callable[[Call], None]] = {
    "bearer": bearer,
    "method": method,
    "existence": existence,
    "form": form,
    "plan": plan,
}

_CORS = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "*"),
)
_PREFLIGHT = [
    ("Access-Control-Allow-Methods", "GET, POST, DELETE"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
    ("Access-Control-Max-Age", "600"),
]


class Corridor:
    """Answers the API's requests by the contract, in the world of each request's key."""

    def __init__(self, contract: Contract, worlds: Worlds, observers: tuple[Observer, ...] = ()) -> None:
        self.contract = contract
        self._worlds = worlds
        self._observers = observers
        steps = {**_STEPS, "key": self._key, "quota": self._quota}
        at = contract.service.checks.index("key") + 1
        self._outside = [steps[name] for name in contract.service.checks[:at]]
        self._inside = [steps[name] for name in contract.service.checks[at:]]
        cors = worlds.seed.rules.cors
        self._cors = contract.service.cors if cors is None else cors

    def answer(self, environ: Environ) -> Answer:
        """Answer one request. Raises nothing: a defect becomes a 500 that the journal explains."""
        started = perf_counter()
        call = Call(self.contract, environ)
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
            answer = Answer("500 Internal Server Error", [("Content-Type", "application/json")], _DEFECT)
        answer = answer.finished(*(_CORS if self._cors else ()))
        if call.account is not None and call.account.rules.latency != NO_LATENCY:
            answer = answer._replace(delay=call.account.random.uniform(*call.account.rules.latency))
        self._note(call, int(answer.status[:3]), perf_counter() - started, refusal, defect)
        return answer

    def _walk(self, call: Call) -> Answer:
        if call.wire_error:
            raise Refusal(_WIRE_ERRORS[call.wire_error])
        route = self.contract.routes.find(call.path)
        if route is None:
            raise Refusal(self.contract.service.unknown_route)
        if route.redirect is not None:
            return _redirect(route.redirect, call.query)
        if self._cors and call.method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in call.environ:
            return Answer("204 No Content", list(_PREFLIGHT), b"")
        call.route = route
        for check in self._outside:
            check(call)
        with call.world.lock:
            for check in self._inside:
                check(call)
            return self._handle(call)

    def _handle(self, call: Call) -> Answer:
        """Serve the operation and check what it says against the document before it leaves."""
        success = call.operation.success
        body = FUNCTIONS[call.operation.function](call)
        headers = self._headers(call, success.content_type, success.headers)
        template = success.template
        if template is None:
            return Answer(success.status, headers, b"")
        # The rows of a page were each checked when they were written; their envelope is checked here.
        checked = template.render(body.values, b"" if template.hole == "rows" else body.rows)
        if complaint := success.check(parse(checked)):
            raise Defect(f"the answer of {call.operation.id} would violate the document: {complaint}")
        text = template.render(body.values, body.rows) if template.hole == "rows" else checked
        return Answer(success.status, headers, text)

    def _refuse(self, call: Call, no: Refusal) -> Answer:
        declared = call.operation.refusals if call.operation_found else self.contract.refusals
        refusal = declared.get(no.name) or self.contract.refusals[no.name]
        headers = self._headers(call, refusal.content_type, refusal.headers)
        return Answer(refusal.status, headers, refusal.filled(no.detail, self.contract.quote))

    def _headers(self, call: Call, content_type: str | None, words: Headers) -> list[tuple[str, str]]:
        headers = [("Content-Type", content_type)] if content_type else []
        if words and call.account is not None and call.account.quota is not None:
            quota = call.account.quota
            values = {
                "quota-limit": quota.requests,
                "quota-remaining": quota.remaining,
                "quota-reset": quota.reset_in(call.now),
            }
            headers += [(name, str(values[word])) for name, word in words]
        return headers

    def _key(self, call: Call) -> None:
        """Choose the key's world; from here on its lock is held."""
        check_key(call.key, self.contract.service)
        call.account = self._worlds.of(call.key)
        call.now = call.account.clock.now()

    def _quota(self, call: Call) -> None:
        """Count the request."""
        quota = call.world.quota
        if quota is not None and not quota.spend(call.now):
            raise Refusal("rate_limited")

    def _note(self, call: Call, status: int, seconds: float, refusal: str, defect: str) -> None:
        exchange = Exchange(
            call.method, call.target, status, seconds, shorten(call.key),
            call.operation.id if call.operation_found else "", refusal, tuple(call.violations), defect,
        )  # fmt: skip
        if call.account is not None:
            with call.account.lock:
                call.account.journal.add(exchange)
        for observer in self._observers:
            try:
                observer(exchange)
            except Exception:  # who watches must not break what is watched
                _LOG.exception("an observer failed")


def _redirect(path: str, query: str) -> Answer:
    # WSGI's texts are bytes in disguise (PEP 3333): encoded as latin-1, they are what was sent.
    location = percent_encode(path.encode("latin-1", "replace")) + (f"?{query}" if query else "")
    return Answer("301 Moved Permanently", [("Location", location)], b"")
