"""One request on its way through the corridor: each step adds what it found out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote as percent_encode

from mock_server.contract import Contract, Form, Operation
from mock_server.contract.routes import Route
from mock_server.faults import Fault
from mock_server.refusal import Defect, Refusal, Violation
from mock_server.store import Cut, Handler
from mock_server.world import World

Environ = dict[str, Any]

# A client that errs a thousand times in one body need not read a thousand sentences.
_MOST_VIOLATIONS = 20


class Body(NamedTuple):
    """What fills an answer's template: JSON texts by `x-value` word, and the JSON of the handlers.

    `page`: the handlers are those of a page of the whole store, and `rows` has none.
    """

    values: Mapping[str, str]
    rows: Sequence[bytes] = ()
    page: Cut | None = None


class Call:
    """The request and what is known of it so far. A step may rely on what the steps before it have set."""

    # What most calls never set is the class's own: a call is made for each request.
    account: World | None = None  # the world, once it is known
    found: Operation | None = None  # the operation, once it is known
    world: World  # the same for the steps that come after; plain attributes, since they ask a dozen times
    operation: Operation
    route: Route | None = None
    now = 0.0  # seconds on the world's clock
    key = ""
    handler_id = 0
    sent: Mapping[str, str]  # the form's fields that count, cleaned
    body: bytes | None = None  # once it is read
    fault: Fault | None = None  # the one that struck
    applied = ""  # the preference that chose the answer
    situation = ""  # what a success shows of the service, for its coverage: a type, a page
    violations: tuple[Violation, ...] = ()

    def __init__(self, contract: Contract, environ: Environ) -> None:
        self.contract = contract
        self.environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ["PATH_INFO"]
        self.wire_error: str | None = environ.get("mock_server.wire_error")

    @property
    def query(self) -> str:
        """The query, undecoded."""
        return _text(self.environ.get("QUERY_STRING", ""))

    def enter(self, world: World) -> None:
        """Go on in the world of the request's key."""
        self.account = self.world = world

    def reach(self, operation: Operation) -> None:
        """Go on to an operation."""
        self.found = self.operation = operation

    def __getattr__(self, name: str) -> Any:
        """Raise Defect for what no step has set."""
        raise Defect(f"a step needs the {name} of a call before it is known")

    @property
    def parameter(self) -> str:
        """The text that stands in the path for its parameter."""
        return (self.route.parameter or "") if self.route is not None else ""

    @property
    def form(self) -> Form:
        """The operation's form."""
        if self.operation.form is None:
            raise Defect(f"{self.operation.id} needs a form, and the document gives it none")
        return self.operation.form

    @property
    def site(self) -> str:
        """Scheme and host that links begin with: the public URL, else the host that was asked."""
        if self.world.rules.public_url is not None:
            return self.world.rules.public_url
        environ = self.environ
        host = environ.get("HTTP_HOST")
        if not host:
            name = environ["SERVER_NAME"]
            host = f"[{name}]:{environ['SERVER_PORT']}" if ":" in name else f"{name}:{environ['SERVER_PORT']}"
        return f"{environ['wsgi.url_scheme']}://{host}"

    def remark(self, code: str, sentence: str) -> None:
        """Note what the client should know."""
        if len(self.violations) < _MOST_VIOLATIONS:
            self.violations = (*self.violations, Violation(code, sentence))

    def violate(self, code: str, sentence: str) -> None:
        """Note what the service swallows in silence. Raises Refusal where the mock is strict."""
        self.remark(code, sentence)
        if self.world.rules.strict:
            raise Refusal("violation", sentence)

    def handler(self) -> Handler:
        """Return the handler that the path names. Raises Refusal where there is none."""
        handler = self.world.store.get(self.handler_id)
        if handler is None:
            raise Refusal("not_found")
        return handler


def target_of(uri: str | None, path: str, query: str) -> str:
    """Return path and query as they were sent: no control character can stand in them.

    `uri` is a server's REQUEST_URI, None where it has none; `path` and `query` are WSGI's.
    """
    target = percent_encode(_text(path)) + (f"?{query}" if query else "") if uri is None else uri
    return target if target.isprintable() else percent_encode(target, safe="/?&=%")


def _text(native: str) -> str:
    """Read one of WSGI's texts, which are bytes in the disguise of latin-1 (PEP 3333), as UTF-8."""
    return native if native.isascii() else native.encode("latin-1", "replace").decode("utf-8", "replace")
