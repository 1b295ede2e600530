"""The gate that lets requests in, a request on its way through the guard, and the feed of exchanges to listeners."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from contract_tests.guard.account import Account
from contract_tests.guard.body import Body, form_data
from contract_tests.guard.exchange import (
    KEY_VARIABLE,
    MULTIPART,
    URLENCODED,
    Exchange,
    FormField,
    GuardRefusal,
    Headers,
    Reply,
    Request,
)
from contract_tests.guard.ledger import Id
from contract_tests.guard.policy import Passage

_LOG = logging.getLogger("contract_tests.guard")
_FORMS = frozenset({MULTIPART, URLENCODED})

Listener = Callable[[Exchange], None]


class Gate:
    """Lets requests in until it is closed. `under_way` is how many are inside."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._closed = False
        self.under_way = 0

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Count a request as inside. Raises GuardRefusal (`closing`)."""
        with self._changed:
            if self._closed:
                raise GuardRefusal("closing", "The run is at its end.")
            self.under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self.under_way -= 1
                self._changed.notify_all()

    def close(self, seconds: float) -> bool:
        """Let no more requests in, and wait for those inside; False if some are still there after `seconds`."""
        with self._changed:
            self._closed = True
            return self._changed.wait_for(lambda: not self.under_way, timeout=seconds)


@dataclass(slots=True)
class Visit:
    """A request on its way through the guard."""

    request: Request
    body: Body
    headers: Headers = ()
    hidden: Headers = ()  # of the response, such as cookies: only listeners see them, without their values
    passage: Passage | None = None

    @classmethod
    def of_guard(
        cls, account: Account, key: str, kind: str, row: Id | None, fields: Mapping[str, str] | None = None
    ) -> Visit:
        """Return a request by the guard itself for an operation; its body is a form if there are fields."""
        content_type, data = form_data(fields) if fields else ("", b"")
        headers = (("Authorization", f"Bearer {key}"), ("Content-Type", content_type))
        method = account.surface.facts.operation(kind).method
        request = Request(method, account.path_of(kind, row), headers, data)
        return cls(request, Body(content_type, data), headers)


class Feed:
    """Hands exchanges to listeners, one at a time, in the thread that served the request."""

    def __init__(self, origin: str, placeholder: str, clean: Callable[[str], str]) -> None:
        self._origin = origin
        self._placeholder = placeholder
        self._clean = clean
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()

    def listen(self, listener: Listener) -> None:
        """Call a function with every exchange from now on."""
        with self._lock:
            self._listeners.append(listener)

    def tell(
        self, visit: Visit, reply: Reply, milliseconds: float, *, refused: str = "", failed: str = ""
    ) -> None:
        """Tell the listeners about an exchange. What a listener raises is logged, since the request is over."""
        exchange = self._exchange(visit, reply, milliseconds, refused, failed)
        with self._lock:
            for listener in self._listeners:
                try:
                    listener(exchange)
                except Exception:
                    _LOG.exception("a listener failed on an exchange")

    def _exchange(
        self, visit: Visit, reply: Reply, milliseconds: float, refused: str, failed: str
    ) -> Exchange:
        request, operation = visit.request, visit.passage.operation if visit.passage else None
        fields = tuple(
            FormField(self._shown(f.name), self._shown(f.value), f.filename and self._shown(f.filename))
            for f in visit.body.fields
        )
        answered = not (refused or failed)
        return Exchange(
            method=self._plain(request.method),
            url=self._plain(self._origin + request.target),
            operation=operation.id if operation else "",
            request_headers=tuple((name, self._plain(value)) for name, value in visit.headers),
            media_type=self._plain(visit.body.media_type),
            form=fields,
            raw="" if fields and visit.body.media_type in _FORMS else self._shown(visit.body.exact),
            status=reply.status if answered else 0,
            headers=(*reply.headers, *visit.hidden),
            body=reply.body.decode(errors="replace"),
            milliseconds=milliseconds,
            refused=refused,
            failed=failed,
        )

    def _plain(self, text: str) -> str:
        return self._shown(text).encode(errors="surrogateescape").decode(errors="replace")

    def _shown(self, text: str) -> str:
        return self._clean(text.replace(self._placeholder, KEY_VARIABLE))
