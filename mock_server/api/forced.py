"""Answers that are chosen and not earned: an armed fault, or the request's own header Prefer (RFC 7240)."""

from __future__ import annotations

import re
from dataclasses import replace

from mock_server.api.context import Context
from mock_server.api.response import Headers, Response
from mock_server.contract import RefusalResponse, parse
from mock_server.contract.text import write
from mock_server.refusal import Refusal
from mock_server.state.faults import Fault, mutate

# `Prefer: code=404, example=not_found`; a value may be quoted.
_PREFERENCE = re.compile(r'\b(code|example)="?([0-9A-Za-z_-]{1,80})"?', re.IGNORECASE)


def meet_fault(call: Context) -> None:
    """Let the armed fault strike that fits, if any. Raises Refusal where it is one."""
    fault = call.fault = call.world.faults.strike(call.operation.id, call.operation.function)
    if fault is not None and (name := refusal_of(fault)) is not None:
        raise Refusal(name)


def refusal_of(fault: Fault) -> str | None:
    """Return the name of the refusal that a fault answers with, if any."""
    return fault.refusal if fault.status is None else outage(fault.status)


def outage(status: int) -> str:
    """Return the name under which an outage, which no document has, is found among the refusals."""
    return f"outage-{status}"


def hear_preference(call: Context) -> Response | None:
    """Return the success that the header Prefer names, if any. Raises Refusal where it names one.

    What the operation does not document is noted, and changes nothing: RFC 7240 has preferences ignored that cannot
    be met.
    """
    header: str | None = call.environ.get("HTTP_PREFER")
    if header is None or not call.world.rules.overrides:
        return None
    wanted = {name.lower(): value for name, value in _PREFERENCE.findall(header)}
    if not wanted:
        return None
    code, example = wanted.get("code"), wanted.get("example")
    call.applied = ", ".join(f"{name}={value}" for name, value in wanted.items())
    for refusal in call.operation.refusals.values():
        if _fits(refusal, code, example):
            raise Refusal(refusal.name)
    success = call.operation.success
    if example is not None and code in {None, success.status[:3]} and example in success.examples:
        return Response(success.status, _typed(success.content_type), success.examples[example])
    if example is not None or code != success.status[:3]:
        call.applied = ""
        call.remark("preference-unknown", _complaint(call, header))
    return None


def _fits(refusal: RefusalResponse, code: str | None, example: str | None) -> bool:
    return (code is None or refusal.status.startswith(code)) and (example is None or refusal.name == example)


def _typed(content_type: str | None) -> Headers:
    return (("Content-Type", content_type),) if content_type else ()


def _complaint(call: Context, header: str) -> str:
    operation = call.operation
    known = {f"code={operation.success.status[:3]}": None}
    known.update({f"example={name}": None for name in operation.success.examples})
    for refusal in operation.refusals.values():
        known |= {f"code={refusal.status[:3]}": None, f"example={refusal.name}": None}
    return f"Prefer: {header[:60]!r} is none of what {operation.id} documents: {', '.join(known)}."


def changed(answer: Response, call: Context) -> Response:
    """Return the answer as the fault that struck changes it: its JSON, its way over the wire."""
    fault = call.fault
    if fault is None:
        return answer
    if fault.mutation is not None and answer.body:
        try:
            document = mutate(parse(answer.body), fault.mutation)
        except (LookupError, ValueError):
            what = (
                f"the fault {fault.id} changes {fault.mutation.pointer!r}, which this answer does not have."
            )
            call.remark("mutation-missed", what)
        else:
            answer = replace(answer, body=write(document, call.contract.quote).encode())
    return replace(answer, wire=fault.wire)


def held_back(call: Context) -> float:
    """Return the seconds for which the answer is held back; a virtual latency moves the world's clock instead."""
    world = call.account
    if world is None:
        return 0.0
    fault, rules = call.fault, world.rules
    seconds, virtual = 0.0, world.clock.frozen
    if fault is not None and fault.latency is not None:
        seconds = fault.seconds(world.random)
        virtual = virtual if fault.virtual is None else fault.virtual
    elif rules.latency.high:
        seconds = world.random.uniform(*rules.latency)
    if seconds and virtual:
        world.clock.advance(seconds)
        return 0.0
    return seconds
