"""One request on its way through the corridor: each step adds what it found out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote as percent_encode

from mock_server.contract import Contract, Form, Operation
from mock_server.contract.routes import Route
from mock_server.refusal import Refusal, Violation
from mock_server.state.faults import Fault
from mock_server.state.store import Item
from mock_server.state.world import World

Environ = dict[str, Any]

# A client that errs a thousand times in one body need not read a thousand sentences.
_MOST_VIOLATIONS = 20


@dataclass(slots=True)  # not frozen: those take three times as long to make, and each request makes one
class Body:
    """What fills an answer's template: JSON texts by `x-value` word, and the JSON of the handlers.

    `text` is all of it, once it was written and found right: whoever gives the same Body again gives the same text.
    """

    values: Mapping[str, str]
    rows: Sequence[bytes] = ()
    text: bytes | None = field(default=None, init=False)


class Context:
    """The request and what is known of it so far.

    A step may rely on what the steps before it have set; to ask for anything else is an AttributeError, a defect.
    """

    __slots__ = (
        "account", "applied", "body", "contract", "environ", "fault", "form", "found", "handler_id", "key",
        "method", "now", "operation", "path", "route", "sent", "situation", "violations", "wire_error", "world",
    )  # fmt: skip

    # The same as `account` and `found`, for the steps that come after those that find them.
    world: World
    operation: Operation
    form: Form  # the operation's
    sent: Mapping[str, str]  # the form's fields that count, cleaned

    def __init__(self, contract: Contract, environ: Environ) -> None:
        self.contract = contract
        self.environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ["PATH_INFO"]
        self.wire_error: str | None = environ.get("mock_server.wire_error")
        self.account: World | None = None  # the world, once it is known
        self.found: Operation | None = None  # the operation, once it is known
        self.route: Route | None = None
        self.now = 0.0  # seconds on the world's clock
        self.key = ""
        self.handler_id = 0
        self.body: bytes | None = None  # once it is read
        self.fault: Fault | None = None  # the one that struck
        self.applied = ""  # the preference that chose the answer
        self.situation = ""  # what a success shows of the service, for its coverage: a type, a page
        self.violations: tuple[Violation, ...] = ()

    @property
    def query(self) -> str:
        """The query, undecoded."""
        return _text(self.environ.get("QUERY_STRING", ""))

    @property
    def parameter(self) -> str:
        """The text that stands in the path for its parameter."""
        return (self.route.parameter or "") if self.route is not None else ""

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

    def handler(self) -> Item:
        """Return the handler that the path names. Raises Refusal where there is none."""
        handler = self.world.store.get(self.handler_id)
        if handler is None:
            raise Refusal("not_found")
        return handler


def target_of(path: str, query: str) -> str:
    """Return path and query as a client would send them, from those of WSGI."""
    return percent_encode(_text(path)) + (f"?{query}" if query else "")


def _text(native: str) -> str:
    """Read one of WSGI's texts, which are bytes in the disguise of latin-1 (PEP 3333), as UTF-8."""
    return native if native.isascii() else native.encode("latin-1", "replace").decode("utf-8", "replace")
