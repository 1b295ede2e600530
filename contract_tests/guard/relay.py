"""The way of every request of a suite through the guard: check, mark, note, send, note, mask, tell."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Mapping

from contract_tests.guard.account import SERVER, Account, Credentials, has_failed
from contract_tests.guard.body import Body, FormGuard
from contract_tests.guard.exchange import (
    PASS_429_HEADER,
    GuardRefusal,
    Reply,
    Request,
    TargetFailed,
    failed,
    printable,
    refused,
)
from contract_tests.guard.feed import Feed, Gate, Visit
from contract_tests.guard.ledger import CreateState, Ledger, LedgerEntry, Marker
from contract_tests.guard.mask import HIDDEN, Redactor
from contract_tests.guard.policy import Alarm, Holdings, Passage, Policy, Watch
from contract_tests.guard.upstream import GuardSettings, Parcel

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
_LONGEST_LOCATION = 200
_ACCEPTED = 202  # for later
_REFUSES = frozenset({400, 401, 422})  # the way in which a form has no name
_LEADS_ON = frozenset({302, 303})  # the outcome by form
_TRIES = 4  # requests to give a row its mark back, with the last look
_PATIENCE = 120.0  # seconds in all that a run waits for rows which the service shows late
_FRESH = 10.0  # seconds for which a look proves that a row is the run's, without a write since


class Relay:
    """Serves the requests of one run from any number of threads, one write at a time."""

    def __init__(
        self, settings: GuardSettings, account: Account, ledger: Ledger, placeholder: str, feed: Feed
    ) -> None:
        marker, surface = ledger.marker, account.surface
        facts = surface.facts
        self.gate = Gate()
        self.holdings = Holdings(ledger, facts, account.number_in)
        self._settings = settings
        self._account = account
        self._ledger = ledger
        self._marker = marker
        self._feed = feed
        self._redactor = Redactor(settings.key)
        self._credentials = Credentials(settings.key, placeholder, account)
        self._outgoing = FormGuard(surface, marker)
        self._request = functools.partial(Visit.of_guard, account, placeholder)
        self._watch = Watch(account, ledger, self.holdings)
        self._policy = Policy(
            facts, account.target.path, self.holdings, self._watch.survey,
            account.is_nobodys, allow_writes=settings.allow_writes,
        )  # fmt: skip
        self._bare: LedgerEntry | None = None  # a row whose mark an update may have taken
        self._is_controlled = False  # whether a look at another row is known not to show a row of the run
        self._shows: dict[str, bool] = {}  # whether the addresses of a type are shown as they were sent
        self._refuses: set[object] = set()  # ways of having no name that the service has refused
        self._writing = threading.RLock()

    def answer(self, request: Request) -> Reply:
        """Serve one request with the target's response, or with the guard's own refusal or failure."""
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
        """Return a response whose links lead through the door; `door` is the guard's URL."""
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
        if request.method == "GET":
            passage = visit.passage = self._policy.admit(request.method, request.target)
            if request.body:
                raise GuardRefusal("form", "A read has no body.")
            writes = self.holdings.writes
            reply = self._send(visit, b"")
            authorization = request.header("authorization")
            if self._credentials.is_own(authorization):
                self._learn(reply, request.target, passage, writes)
            elif passage.operation is not None and passage.operation.kind == "list":
                self._credentials.note_list(authorization, reply.status)
            return self._shown(reply, visit, passage)
        with self._writing:
            passage = visit.passage = self._policy.admit(request.method, request.target)
            self._outgoing.check(visit.body)
            reply = self._create(visit) if passage.effect == "create" else self._write(visit, passage)
        return self._shown(reply, visit, passage)

    def _check_key(self, request: Request) -> None:
        # A key has no line break, so one search of the joined texts finds it.
        texts = "\n".join([request.target, *(text for header in request.headers for text in header)])
        if self._redactor.carries(texts) or self._redactor.carries(request.body):
            raise GuardRefusal("key", "The request holds the key itself: send the guard's placeholder.")
        if any(len(request.values(name)) > 1 for name in _SINGLE):
            raise GuardRefusal("malformed-request", "A header that may stand once stands twice.")

    def _send(
        self,
        visit: Visit,
        body: bytes,
        again: Callable[[], object] | None = None,
        doomed: LedgerEntry | None = None,
    ) -> Reply:
        request = visit.request
        headers = [
            (name, self._credentials.real(value) if name.lower() == "authorization" else value)
            for name, value in visit.headers
        ]
        patient = request.header(PASS_429_HEADER) != "1"
        parcel = Parcel(request.method, request.target, tuple(headers), body, patient)
        if request.method == "GET":
            return self._account.upstream.send(parcel)
        is_refused = False
        try:
            reply = self._account.upstream.send(parcel, again)
            is_refused = 400 <= reply.status < 500
        finally:
            self.holdings.writes += not is_refused
            if doomed is not None and not is_refused:
                self._ledger.doomed(doomed)
        return reply

    def _note_delete(self, entry: LedgerEntry, authorization: str) -> None:
        """Note that a delete was accepted. With a key other than the run's, only a look tells what it did."""
        if self._credentials.is_own(authorization):
            self._ledger.accepted(entry)
            return
        entry.state = CreateState.GONE
        reply = self._account.look_until(entry.id or 0, lambda seen: not has_failed(seen))
        if self._account.proves(reply, entry.number, entry.id):
            entry.state = CreateState.LIVE
        self._look(entry, reply)

    # Creates and other writes: noted before they are sent, and sent only with a fresh proof that they harm no row.

    def _create(self, visit: Visit) -> Reply:
        """Send a create between its intent and its id."""
        self._check_bytes(visit.body, is_create=True)
        self._watch.expect(is_create=True)
        self._settle()
        self._credentials.check_create(visit.request.header("authorization"))
        self._watch.survey()
        self._check_provable(visit.body)
        return self._created(visit)[1]

    def _created(self, visit: Visit, *, is_trial: bool = False) -> tuple[LedgerEntry, Reply]:
        entry, lack = self._intend(), self._outgoing.lack(visit.body)
        entry.is_nameless = lack is not None
        in_addresses = entry.is_nameless or is_trial
        body = self._outgoing.prepared(visit.body, entry.number, in_addresses=in_addresses)
        try:
            reply = self._send(visit, body)
        except GuardRefusal:  # nothing was sent
            self._ledger.answered(entry)
            raise
        row = self._account.written_id(reply)
        self._ledger.is_queued |= reply.status == _ACCEPTED
        if reply.is_success and (row is None or not self.holdings.claim(entry, row)):
            self._ledger.unknown(entry)
        elif 300 <= reply.status < SERVER and not self._is_led_on(visit.request, reply):
            self._ledger.answered(entry)  # what a failing service has done is not known
        self._watch.note("create", reply)
        is_own = self._credentials.is_own(visit.request.header("authorization"))
        if is_own and reply.status in _REFUSES and self._shows.get(self._outgoing.addressed_type(visit.body)):
            self._refuses.add(lack)
        return entry, reply

    def _check_provable(self, body: Body) -> None:
        """Raise GuardRefusal (`unmarked`) if a create without a plain name could make a row without a visible mark.

        It passes if an address of its type is shown as sent, or if a create with such a name was refused before. If
        neither is known, the guard finds out with creates of its own, and deletes their rows at once.
        """
        lack, kind = self._outgoing.lack(body), self._outgoing.addressed_type(body)
        if lack is None or lack in self._refuses:
            return
        tried = kind or self._outgoing.example_type
        if tried and tried not in self._shows:
            self._shows[tried] = self._try(self._account.surface.facts.examples[tried])
        shows = self._shows.get(tried, False)
        if shows and not kind and (fields := self._outgoing.lacking(tried, lack)):
            self._try(fields)
        if not (shows and kind) and lack not in self._refuses:
            why = "The form has no name that bears the run's mark, and no address that is known to be shown."
            raise GuardRefusal("unmarked", f"{why} A row could not be told from others.")

    def _try(self, fields: Mapping[str, str]) -> bool:
        """Create a row and delete it. Tell whether it was made with its mark in an address."""
        create = self._request("create", None, fields)
        try:
            self._outgoing.check(create.body)
        except GuardRefusal:  # the document's example has a real address
            return False
        entry, _ = self._created(create, is_trial=True)
        self._settle()
        if entry.id is None or entry.state is not CreateState.LIVE or entry.row is None:
            return False
        is_shown = self._account.is_marked(entry, "settings")
        delete = self._account.surface.facts.operation("delete")
        self._write(
            self._request("delete", entry.id),
            Passage("write", delete, entry.id, entry),
        )
        return is_shown

    def _is_led_on(self, request: Request, reply: Reply) -> bool:
        """Tell whether a response redirects to a row that may have been made, not to another spelling of the path."""
        path, there = (
            text.partition("?")[0].rstrip("/") for text in (request.target, reply.header("location"))
        )
        is_own = self._credentials.is_own(request.header("authorization"))
        return reply.status in _LEADS_ON and is_own and not there.endswith(path)

    def _intend(self) -> LedgerEntry:
        most = self._settings.live_rows
        if self.holdings.live >= most:
            raise GuardRefusal("live-rows", f"{most} rows of this run exist, and no more may.")
        if len(self._ledger.entries) >= Marker.LAST:
            raise GuardRefusal(
                "budget", f"This run has made {Marker.LAST} creates, and has no marker for more."
            )
        return self._ledger.intend(self._settings.clock())

    def _settle(self) -> None:
        """Find out the outcome of all writes so far.

        Raises GuardRefusal (`halted`) if a row cannot be proven to be the run's, or if a delete did harm, and
        (`foreign`) if that is unknown now.
        """
        self.holdings.check_may_write()
        self._restore()
        for entry in self.holdings.unsettled():
            if entry.state is CreateState.GONE:
                self._prove(entry)
                continue
            if entry.id is None:
                self._find(entry)
            if entry.state is CreateState.CLAIMED:
                self._prove_new(entry)
            self.holdings.check_may_write()
        if self._account.lateness >= _PATIENCE:
            why = f"The service shows late what was written: the run has waited {_PATIENCE:g} s in all for that."
            self.holdings.halt(Alarm(why, "late"))
            self.holdings.check_may_write()
        self._watch.look()

    def _find(self, entry: LedgerEntry) -> None:
        """Look in the list for the row of a create whose response was lost, or named no id."""
        census = self._account.census()
        entry.is_sought = True
        found = [row for row, node in census.rows.items() if self._account.number_in(node) == entry.number]
        if found:
            self.holdings.claim(entry, found[0])
        elif entry.state is CreateState.UNKNOWN:
            why = "A create was answered without an id, and the list shows no row with its mark."
            more = "A row of this run may be left that cannot be told from others."
            self.holdings.halt(Alarm(f"{why} {more}", "mark"))

    def _ask(self, entry: LedgerEntry) -> Reply:
        """Look at a row that should be there, again and again if the service may be late or fails."""
        absences: list[bool] = []

        def is_settled(reply: Reply) -> bool:
            absences.append(self._account.is_gone(reply))
            return self._look(entry, reply) or not (absences[-1] or has_failed(reply))

        reply = self._account.look_until(entry.id or 0, is_settled)
        if reply.is_success and any(absences):
            self._ledger.once("late")
        return reply

    def _prove_new(self, entry: LedgerEntry) -> None:
        """Check that a created row is shown with its mark, and the first one for no other id."""
        reply = self._ask(entry)
        if not self._account.proves(reply, entry.number, entry.id):
            about, seen = self._account.fault_in(reply, entry)
            why = f"A retrieve of {entry.id} does not show the row that the run created: {seen}. It stays."
            self.holdings.halt(Alarm(why, about, entry.id))
        elif not self._is_controlled:
            self._is_controlled = True
            other = self._account.shown_elsewhere(entry, self.holdings.there_first)
            if other is not None:
                why = f"The run's row {entry.id} is shown for the id {other}, too: a look proves nothing."
                self.holdings.halt(Alarm(f"{why} It stays.", "others", other))

    def _look(self, entry: LedgerEntry, reply: Reply, writes: int | None = None) -> bool:
        """Take a look as proof that a row is the run's, or that it is gone; it is fresh until the next write.

        A row that stays although its delete was accepted proves nothing.
        """
        is_own = self._account.proves(reply, entry.number, entry.id)
        if is_own and entry.state is CreateState.GONE:
            return True
        if is_own:
            self._ledger.seen(entry)
            entry.row = self._account.shown(reply, "retrieve").get(entry.id or 0)
        elif entry.state not in {CreateState.GONE, CreateState.DELETED} or not self._account.is_gone(reply):
            return False
        elif entry.state is CreateState.GONE:
            self._ledger.deleted(entry)
        entry.seen = (self.holdings.writes if writes is None else writes, self._settings.clock())
        return is_own

    def _is_fresh(self, entry: LedgerEntry) -> bool:
        """Tell whether a look has just proven that a row is the run's, without a write since."""
        if entry.seen is None or entry.state is not CreateState.LIVE:
            return False
        writes, moment = entry.seen
        return writes == self.holdings.writes and self._settings.clock() - moment <= _FRESH

    def _prove(self, entry: LedgerEntry) -> bool:
        """Tell whether a row is there. Raises GuardRefusal unless it was just seen to be the run's, or gone."""
        if self._is_fresh(entry):
            return True
        was_deleted = entry.state in {CreateState.GONE, CreateState.DELETED}
        reply = self._account.look_until(
            entry.id or 0,
            lambda reply: (
                not (
                    has_failed(reply) or (was_deleted and self._account.proves(reply, entry.number, entry.id))
                )
            ),
        )
        if self._look(entry, reply):
            if was_deleted:
                why = f"A retrieve still shows the row {entry.id}, and its delete was accepted."
                self.holdings.halt(Alarm(why, "deleted", entry.id))
            self.holdings.check_may_write()
            return True
        if self._account.is_gone(reply):
            if not (was_deleted or self._account.finds_others()):
                raise GuardRefusal(
                    "foreign", "A look finds neither the row nor rows of others: it proves nothing."
                )
            return False
        if not reply.is_success:
            raise GuardRefusal("foreign", f"A look at the row returns {reply.status}.")
        about, fault = self._account.fault_in(reply, entry)
        why = f"A retrieve of {entry.id} no longer shows the row that the run created: {fault}."
        self.holdings.halt(Alarm(why, about, entry.id))
        raise GuardRefusal("foreign", f"The id was the run's, and now a look does not show its row: {fault}.")

    def _write(self, visit: Visit, passage: Passage) -> Reply:
        """Send a write to a row of the run, or to an id without a row."""
        body, entry = visit.body, passage.entry
        self._check_bytes(body)
        self._settle()
        self._credentials.check_write(visit.request.header("authorization"), entry)
        stray = None
        if entry is None and self._outgoing.has_name(body):  # it should create nothing
            stray = self._ledger.intend(self._settings.clock(), is_create=False)
        number = entry.number if entry else stray.number if stray else 0

        def prove() -> bool:
            if entry is None:
                return False
            self._account.upstream.budget.wait_for(2)
            return self._prove(entry)

        is_there = prove()
        is_delete = visit.request.method == self._account.surface.facts.operation("delete").method
        doomed = entry if is_there and is_delete else None
        if doomed is not None and not self._ledger.is_listed:
            census = self._account.census()
            self.holdings.note_listed(census.rows, whole=not census.gap)
        self._watch.expect(is_create=False)
        if entry is not None:
            entry.is_nameless |= bool(self._outgoing.lack(body))
        loses = entry is not None and entry.is_nameless and not is_delete  # whose row should be gone
        self._bare = entry if loses and is_there else None
        reply = self._send(visit, self._outgoing.prepared(body, number, in_addresses=loses), prove, doomed)
        self._watch.note(visit.request.method, reply)
        if stray is not None:
            self._ledger.answered(stray)
        if doomed is not None and reply.is_success:
            self._note_delete(doomed, visit.request.header("authorization"))
        elif reply.is_success and loses:
            self._restore(looks_after=False)
        elif entry is not None and reply.is_success and not body.is_utf_8:
            self._mend(visit, entry)
        elif entry is not None and 400 <= reply.status < SERVER and not body.is_utf_8:
            self.holdings.takes_bytes = self.holdings.takes_bytes or True  # the service can refuse them
        return reply

    def _check_bytes(self, body: Body, *, is_create: bool = False) -> None:
        """Raise GuardRefusal (`bytes`) if a body that is not UTF-8 may break the service for good.

        The first such body must be an update of a proven row: what it breaks can be mended.
        """
        takes = self.holdings.takes_bytes
        if not body.is_utf_8 and (isinstance(takes, Alarm) or (is_create and not takes)):
            raise GuardRefusal(
                "bytes", "What is not UTF-8 may break the service: only an update shows whether it does."
            )

    def _mend(self, visit: Visit, entry: LedgerEntry) -> None:
        """Repeat an update without what is not UTF-8, if the service no longer shows the row or the list."""
        reply = self._account.look(entry.id or 0)
        told = f"a look at the row returns {reply.status} with {len(reply.body)} bytes."
        broken = "" if self._account.shown(reply, "retrieve") else told
        if not broken and not self.holdings.takes_bytes:
            census = self._account.census()
            broken = "" if census.is_miscounted else census.gap
        if not broken:
            self.holdings.takes_bytes = True
            if not self._account.proves(
                reply, entry.number, entry.id
            ):  # the service has dropped the name with them
                self._bare = entry
                self._restore(looks_after=False)
            return
        what = f"An update with bytes that are not UTF-8 is accepted. After it: {broken}"
        self.holdings.takes_bytes = Alarm(what, "bytes", entry.id)
        mended = visit.body.as_utf_8(visit.request.header("content-type"))
        loses = bool(self._outgoing.lack(mended))
        self._send(visit, (self._outgoing.named if loses else self._outgoing.prepared)(mended, entry.number))
        if not self._account.proves(self._ask(entry), entry.number, entry.id):
            why = f"The row {entry.id} cannot be told to be this run's any more: {what} It stays."
            self.holdings.halt(Alarm(why, "mark", entry.id))

    def restore(self) -> None:
        """Give a row its mark back before a clean-up, if it is there; only when no request is under way."""
        if self._writing.acquire(blocking=False):
            try:
                with contextlib.suppress(GuardRefusal, TargetFailed):
                    if self._bare is not None:
                        reply = self._ask(self._bare)
                        if not self._account.is_gone(reply):
                            self._restore()
            finally:
                self._writing.release()

    def _restore(self, *, looks_after: bool = True) -> None:
        """Give a row its mark back if an update has removed it with the name or the address.

        Not `looks_after`: a look before the next write, perhaps the suite's own, checks that the row bears its mark
        again. If the row cannot be looked at now, all is done then. Raises GuardRefusal (`foreign`).
        """
        if self._bare is None:
            return
        entry = self._bare
        born = self._account.surface.facts.row.get("created", "")
        for _ in range(_TRIES):
            reply = None if self._is_fresh(entry) else self._ask(entry)
            if reply is None or self._account.proves(reply, entry.number, entry.id):
                self._bare = None
                entry.is_nameless = not self._account.is_marked(entry, "name")
                return
            if has_failed(reply):
                raise GuardRefusal("foreign", f"A look at the row returns {reply.status}.")
            shown = self._account.shown(reply, "retrieve").get(entry.id or 0, {})
            name = str(shown.get(self._account.surface.name) or "")
            # It is the same row even if its name has become `Array`, say.
            is_same = entry.row is not None and shown.get(born) == entry.row.get(born)
            if not shown or not (is_same or Marker.is_blank(name)):
                break
            update = self._request("update", entry.id, {self._account.surface.name_field: name})
            response = self._send(update, self._outgoing.named(update.body, entry.number))
            if response.is_success and not looks_after:
                return
        self._bare = None
        why = f"The row {entry.id} cannot be told to be this run's any more: an update took its mark away. It stays."
        self.holdings.halt(Alarm(why, "mark", entry.id))

    # What a suite sees of a response.

    def _learn(self, reply: Reply, target: str, passage: Passage, writes: int) -> None:
        """Learn from what a suite reads: proof of rows of the run, and whether rows of others have changed."""
        operation, entry = passage.operation, passage.entry
        if operation is None:
            return
        if entry is not None and entry.id == passage.row:
            self._look(entry, reply, writes)
        rows = self._account.shown(reply, operation.kind)
        whole = operation.kind == "list" and self._account.is_whole(target, reply)
        if operation.kind == "list":
            self.holdings.note_listed(rows, whole=whole and writes == self.holdings.writes)
        self.holdings.compare(operation.kind, rows, whole=whole)
        if self._writing.acquire(blocking=False):
            self._watch.take(rows, whole=whole and writes == self.holdings.writes)
            self._writing.release()

    def _shown(self, reply: Reply, visit: Visit, passage: Passage) -> Reply:
        """Return a response without rows of others, the marker and the key.

        Raises GuardRefusal (`redirect`) if it leads to another host.
        """
        if 300 <= reply.status < 400:
            path = visit.request.target.partition("?")[0]
            for location in reply.values("location"):
                if not self._account.target.is_home(location, path):
                    raise GuardRefusal("redirect", self._led_away(location))
        risky = reply.is_success and passage.effect == "read" and passage.operation is not None
        is_own = passage.entry is not None and self._account.proves(
            reply, passage.entry.number, passage.entry.id
        )
        body = self._account.mask.apply(
            reply.body,
            lambda node: (
                self._account.number_in(node) is not None
                or (passage.effect != "read" and self.holdings.entry(self._account.bare_id(node)) is not None)
            ),
            risky=risky and not is_own,
        )
        visit.hidden = tuple((name, HIDDEN) for name, _ in reply.headers if name.lower() in _DROPPED)
        headers = tuple(
            (self._redactor.clean(name), self._redactor.clean(self._marker.strip_text(value)))
            for name, value in reply.headers
            if name.lower() not in _DROPPED
        )
        reason = self._redactor.clean(reply.reason)
        return Reply(reply.status, reason, headers, self._redactor.clean_bytes(self._marker.strip(body)))

    def _led_away(self, location: str) -> str:
        """Say in one line where a redirect to another origin leads, without the key."""
        shown = printable(self._redactor.clean(location))[:_LONGEST_LOCATION]
        if self._account.target.is_secured_by(location):
            return (
                f"The target redirects to https on the same host, {shown}: begin its base URL with https://."
            )
        return f"The target redirects to another host, {shown}: name that one if it has the API."
