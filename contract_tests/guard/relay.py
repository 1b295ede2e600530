"""The guard's corridor, which every request of a suite walks: check, mark, note, send, note, mask."""

from __future__ import annotations

import time
from dataclasses import dataclass

from contract_tests.guard.body import Body
from contract_tests.guard.courier import Courier, Parcel
from contract_tests.guard.credentials import Credentials
from contract_tests.guard.feed import Feed, Visit
from contract_tests.guard.gate import Gate
from contract_tests.guard.outgoing import Outgoing
from contract_tests.guard.policy import Passage, Policy
from contract_tests.guard.redaction import Redactor
from contract_tests.guard.refusal import GuardRefusal, TargetFailed
from contract_tests.guard.reply import Reply
from contract_tests.guard.request import PASS_429_HEADER, Request, failed, refused
from contract_tests.guard.returns import Returns
from contract_tests.guard.writes import Writes

# What a suite may say to the target. Anything else could override the method, the path or the account.
_PASSED = frozenset(
    {
        *("accept", "accept-charset", "accept-language", "authorization", "cache-control", "content-type"),
        *("if-match", "if-modified-since", "if-none-match", "origin", "pragma", "user-agent"),
        *("access-control-request-headers", "access-control-request-method"),
    }
)
_SINGLE = ("authorization", "content-type")


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """Takes requests from any number of threads."""

    gate: Gate
    policy: Policy
    redactor: Redactor
    outgoing: Outgoing
    credentials: Credentials
    courier: Courier
    writes: Writes
    returns: Returns
    feed: Feed

    def answer(self, request: Request) -> Reply:
        """Answer one request: with the target's answer, or with the guard's own where there is none."""
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
        self.feed.tell(visit, reply, 1000 * (time.perf_counter() - started), refused=no, failed=failure)
        return reply

    def _pass(self, visit: Visit) -> Reply:
        request = visit.request
        self._check_key(request)
        visit.headers = tuple((name, value) for name, value in request.headers if name.lower() in _PASSED)
        passage = visit.passage = self.policy.admit(request.method, request.target)
        authorization = request.header("authorization")
        if passage.effect == "read":
            if request.body:
                raise GuardRefusal("form", "A read has no body.")
            reply = self._send(visit, b"")
        else:
            reply = self._write(visit, passage, authorization)
        own = self.credentials.is_own(authorization)
        return self.returns.shown(reply, passage, request.target.partition("?")[0], own=own)

    def _check_key(self, request: Request) -> None:
        texts = [request.target, *(text for header in request.headers for text in header)]
        if any(self.redactor.carries(text) for text in texts) or self.redactor.carries(request.body):
            raise GuardRefusal("key", "The request holds the key itself: send the guard's placeholder.")
        if any(len(request.values(name)) > 1 for name in _SINGLE):
            raise GuardRefusal("malformed-request", "A header that may stand once stands twice.")

    def _write(self, visit: Visit, passage: Passage, authorization: str) -> Reply:
        self.outgoing.check(visit.body)

        def send(body: bytes) -> Reply:
            return self._send(visit, body)

        if passage.effect == "create":
            return self.writes.create(visit.body, authorization, send)
        return self.writes.write(passage, visit.body, authorization, visit.request.method, send)

    def _send(self, visit: Visit, body: bytes) -> Reply:
        request = visit.request
        headers = [
            (name, self.credentials.real(value) if name.lower() == "authorization" else value)
            for name, value in visit.headers
        ]
        patient = request.header(PASS_429_HEADER) != "1"
        return self.courier.send(Parcel(request.method, request.target, tuple(headers), body, patient))
