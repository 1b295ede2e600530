"""The guard's corridor, which every request of a suite walks: check, mark, note, send, note, mask, tell."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contract_tests.guard.account import Account, Credentials
from contract_tests.guard.body import Body, Outgoing
from contract_tests.guard.door import Gate
from contract_tests.guard.exchange import (
    KEY_VARIABLE,
    MULTIPART,
    PASS_429_HEADER,
    URLENCODED,
    Exchange,
    FormField,
    GuardRefusal,
    Headers,
    Reply,
    Request,
    TargetFailed,
    failed,
    refused,
)
from contract_tests.guard.ledger import Entry, Ledger, Marker, State
from contract_tests.guard.mask import Redactor
from contract_tests.guard.policy import Holdings, Passage, Policy, Standing, row_id
from contract_tests.guard.upstream import GuardSettings, Parcel

_LOG = logging.getLogger("contract_tests.guard")

# What a suite may say to the target. Anything else could override the method, the path or the account.
_PASSED = frozenset(
    {
        *("accept", "accept-charset", "accept-language", "authorization", "cache-control", "content-type"),
        *("if-match", "if-modified-since", "if-none-match", "origin", "pragma", "user-agent"),
        *("access-control-request-headers", "access-control-request-method"),
    }
)
_SINGLE = ("authorization", "content-type")
_DROPPED = frozenset({"set-cookie", "set-cookie2"})
_FORMS = frozenset({MULTIPART, URLENCODED})

Listener = Callable[[Exchange], None]


@dataclass(slots=True)
class Visit:
    """A request on its way through the guard, as far as it came."""

    request: Request
    body: Body
    headers: Headers = ()
    passage: Passage | None = None


class Relay:
    """Answers the requests of one run, from any number of threads."""

    def __init__(
        self, settings: GuardSettings, account: Account, ledger: Ledger, placeholder: str, feed: Feed
    ) -> None:
        marker, surface = ledger.marker, account.surface
        self.gate = Gate()
        self._settings = settings
        self._account = account
        self._ledger = ledger
        self._marker = marker
        self._feed = feed
        self._redactor = Redactor(settings.key)
        self._holdings = Holdings(ledger, settings.impossible_from)
        self._credentials = Credentials(settings.key, placeholder, account)
        self._outgoing = Outgoing(surface, marker, rewrite_contacts=settings.rewrite_contacts)
        self._policy = Policy(
            surface, account.target.path, self._holdings, self._learn, allow_writes=settings.allow_writes
        )
        self._creating = threading.Lock()

    def answer(self, request: Request) -> Reply:
        """Answer one request: with the target's answer, or with the guard's own if there is none."""
        started = time.perf_counter()
        visit = Visit(request, Body(request.header("content-type"), request.body))
        no = failure = ""
        try:
            with self.gate.passing():
                reply = self._pass(visit)
        except GuardRefusal as refusal:
            no, reply = refusal.reason, refused(refusal)
        except TargetFailed as fault:
            failure, reply = fault.reason, failed(fault)
        self._feed.tell(visit, reply, 1000 * (time.perf_counter() - started), refused=no, failed=failure)
        return reply

    def through(self, reply: Reply, door: str) -> Reply:
        """Return an answer whose links lead back through the door; `door` is the guard's URL."""
        there = self._account.target.url
        body = reply.body
        for old, new in ((there, door), (there.replace("/", "\\/"), door.replace("/", "\\/"))):
            body = body.replace(old.encode(), new.encode())
        headers = tuple(
            (name, value.replace(there, door) if name.lower() == "location" else value)
            for name, value in reply.headers
        )
        return reply._replace(body=body, headers=headers)

    def _pass(self, visit: Visit) -> Reply:
        request = visit.request
        self._check_key(request)
        visit.headers = tuple((name, value) for name, value in request.headers if name.lower() in _PASSED)
        passage = visit.passage = self._policy.admit(request.method, request.target)
        if passage.effect == "read":
            if request.body:
                raise GuardRefusal("form", "A read has no body.")
            reply = self._send(visit, b"")
        else:
            self._outgoing.check(visit.body)
            reply = self._create(visit) if passage.effect == "create" else self._write(visit, passage)
        return self._shown(reply, visit, passage)

    def _check_key(self, request: Request) -> None:
        texts = [request.target, *(text for header in request.headers for text in header)]
        if any(self._redactor.carries(text) for text in texts) or self._redactor.carries(request.body):
            raise GuardRefusal("key", "The request holds the key itself: send the guard's placeholder.")
        if any(len(request.values(name)) > 1 for name in _SINGLE):
            raise GuardRefusal("malformed-request", "A header that may stand once stands twice.")

    def _send(self, visit: Visit, body: bytes) -> Reply:
        request = visit.request
        headers = [
            (name, self._credentials.real(value) if name.lower() == "authorization" else value)
            for name, value in visit.headers
        ]
        patient = request.header(PASS_429_HEADER) != "1"
        return self._account.upstream.send(
            Parcel(request.method, request.target, tuple(headers), body, patient)
        )

    # Creates and other writes: proven to be harmless first, noted before and after.

    def _create(self, visit: Visit) -> Reply:
        """Send a create between its intent and its id."""
        self._credentials.check_create(visit.request.header("authorization"))
        entry = self._intend()
        try:
            reply = self._send(visit, self._outgoing.prepared(visit.body, entry.number))
        except GuardRefusal:  # nothing was sent
            self._ledger.answered(entry)
            raise
        row = self._written_id(reply)
        if row is None:
            self._ledger.answered(entry)
        else:
            self._claim(entry, row, visit.body)
        return reply

    def _write(self, visit: Visit, passage: Passage) -> Reply:
        """Send a write to one of the run's own rows, or to none."""
        body = visit.body
        for entry in passage.rows:
            self._prove(entry)
        self._credentials.check_write(visit.request.header("authorization"), passage.rows)
        for entry in passage.rows:
            for name in self._outgoing.blank_names(body):
                self._ledger.named(entry, name)
                self._ledger.named(entry, "")  # a service may trim it
        number = passage.rows[0].number if passage.rows else 0
        if not passage.rows and self._outgoing.has_name(body):
            self._ledger.touched(self._settings.clock())
        reply = self._send(visit, self._outgoing.prepared(body, number))
        if visit.request.method == self._account.surface.of("delete").method and reply.is_success:
            for entry in passage.rows:
                self._holdings.settle(entry, State.GONE)
        return reply

    def _learn(self) -> None:
        """Look at the list for how high the service's ids are; if it cannot be read, no id is impossible."""
        highest = self._account.highest()
        if highest is not None:
            self._holdings.see(highest)

    def _intend(self) -> Entry:
        with self._creating:
            most = self._settings.live_rows
            if self._holdings.live >= most:
                raise GuardRefusal("live-rows", f"{most} rows of this run exist, and no more may.")
            if len(self._ledger.entries) >= Marker.LAST:
                raise GuardRefusal(
                    "budget", f"This run has made {Marker.LAST} creates, and has no marker for more."
                )
            return self._ledger.intend(self._settings.clock())

    def _written_id(self, reply: Reply) -> int | None:
        """Return the id in a create's answer: at its documented place, else wherever it is."""
        if not reply.is_success:
            return None
        try:
            node: Any = json.loads(reply.body)
            for step in self._account.surface.written_id:
                node = node.get(step) if isinstance(node, dict) else None
        except (ValueError, RecursionError):
            return None
        row = row_id(node)
        return row if row is not None else next(iter(self._account.mask.rows(reply.body)), None)

    def _claim(self, entry: Entry, row: int, body: Body) -> None:
        """Take the id, and the row's blank name if the row can have no marker."""
        name = None
        if not self._outgoing.has_name(body) or self._outgoing.blank_names(body):
            # A look that fails must not lose the id.
            with contextlib.suppress(TargetFailed):
                seen = self._account.name_in(row, self._account.look(row, exempt=True))
                name = seen if seen is not None and Marker.is_blank(seen) else None
        self._holdings.claim(entry, row, name)

    def _prove(self, entry: Entry) -> None:
        """Raise GuardRefusal unless a row is seen to be the run's, or, once deleted, no other row's."""
        if entry.state is State.LIVE:
            return
        account, reply = self._account, self._account.look(entry.id or 0)
        if entry.state is State.CLAIMED:
            gone = reply.status == 404
            if not account.bears(entry, reply) and (gone or not account.lists(entry)):
                raise GuardRefusal(
                    "foreign", "The id came from a create, but its row does not bear the run's marker."
                )
            self._holdings.settle(entry, State.LIVE)
        elif reply.is_success and not account.bears(entry, reply):
            raise GuardRefusal("foreign", "The id was the run's, and another row has it now.")

    # What a suite gets to see of an answer.

    def _shown(self, reply: Reply, visit: Visit, passage: Passage) -> Reply:
        """Return an answer without rows of others, the marker and the key.

        Raises GuardRefusal (`redirect`) if it leads to another host.
        """
        own = self._credentials.is_own(visit.request.header("authorization"))
        if 300 <= reply.status < 400:
            path = visit.request.target.partition("?")[0]
            for location in reply.values("location"):
                if not self._account.target.is_home(location, path):
                    raise GuardRefusal("redirect", "The target redirects to another host.")
        is_read = passage.effect == "read"
        if own and is_read:
            self._recognise(reply, passage)
        risky = reply.is_success and is_read and not self._is_own(passage) and passage.operation is not None
        # An id that another Authorization shows may be another user's there: only the marker tells.
        judge = self._holdings.judge if own else lambda _, marked: marked
        body = self._account.mask.apply(reply.body, judge, risky=risky)
        headers = tuple(
            (name, self._marker.strip_text(self._redactor.clean(value)))
            for name, value in reply.headers
            if name.lower() not in _DROPPED
        )
        return reply._replace(body=self._redactor.clean_bytes(self._marker.strip(body)), headers=headers)

    def _recognise(self, reply: Reply, passage: Passage) -> None:
        """Take a suite's own look at new rows for the proof that a write would have to ask for."""
        for entry in passage.rows:
            if entry.id == passage.row and entry.state is State.CLAIMED and self._account.bears(entry, reply):
                self._holdings.settle(entry, State.LIVE)
        if passage.row is None:
            for entry in self._account.listed(self._holdings.claimed(), reply):
                self._holdings.settle(entry, State.LIVE)

    def _is_own(self, passage: Passage) -> bool:
        own = {Standing.OWN, Standing.CLAIMED}
        return passage.row is not None and self._holdings.standing(passage.row) in own


class Feed:
    """Counts exchanges and hands them to listeners, one at a time, in the thread that served the request."""

    def __init__(self, origin: str, placeholder: str, clean: Callable[[str], str]) -> None:
        self._origin = origin
        self._placeholder = placeholder
        self._clean = clean
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()
        self.refused: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.passed = 0

    def listen(self, listener: Listener) -> None:
        """Call a function with every exchange from now on."""
        with self._lock:
            self._listeners.append(listener)

    def tell(
        self, visit: Visit, reply: Reply, milliseconds: float, *, refused: str = "", failed: str = ""
    ) -> None:
        """Count an exchange and tell of it; what a listener raises is logged, since the request is done."""
        exchange = self._exchange(visit, reply, milliseconds, refused, failed)
        with self._lock:
            if refused:
                self.refused[refused] += 1
            elif failed:
                self.failed[failed] += 1
            else:
                self.passed += 1
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
            headers=reply.headers,
            body=reply.body.decode(errors="replace"),
            milliseconds=milliseconds,
            refused=refused,
            failed=failed,
        )

    def _plain(self, text: str) -> str:
        return self._shown(text).encode(errors="surrogateescape").decode(errors="replace")

    def _shown(self, text: str) -> str:
        return self._clean(text.replace(self._placeholder, KEY_VARIABLE))
