"""Responses that are chosen and not earned: by an armed fault, or by the request's header Prefer (RFC 7240)."""

from __future__ import annotations

import re
from http import HTTPStatus

from mock_server.api.context import Context, Response
from mock_server.contract import RefusalResponse, parse, write_plainly
from mock_server.refusal import Refusal
from mock_server.state.faults import Fault, mutate

# `Prefer: code=404, example=not_found`; a value may be quoted.
_PREFERENCE = re.compile(r'\b(code|example)="?([0-9A-Za-z_-]{1,80})"?', re.IGNORECASE)


_OUTAGE = re.compile(r"outage-([45][0-9]{2})")

# The header that names the parts of a response that come from a fault.
_BEYOND = "X-Bitpeak-Mock-Beyond"


def meet_fault(context: Context) -> None:
    """Let the first armed fault that fits the call strike. Raises Refusal if the fault is a refusal."""
    if not context.world.faults:
        return
    operation = context.operation
    elsewhere = context.contract.documented_refusals - operation.refusals.keys()
    fault = context.fault = context.world.faults.strike(operation.counted_as, elsewhere)
    if fault is not None and fault.status is not None:
        raise Refusal(outage(fault.status), status_line(fault.status))
    if fault is not None and fault.refusal is not None:
        raise Refusal(fault.refusal)


def outage(status: int) -> str:
    """Return the name of a refusal that no document of an API has."""
    return f"outage-{status}"


def outage_status(name: str) -> int | None:
    """Return the status of an outage's name, None if it is not one that a fault can have."""
    found = _OUTAGE.fullmatch(name)
    return int(found[1]) if found else None


def status_line(status: int) -> str:
    """Return a status and its phrase, also of one that HTTP does not know: "418 I'm a Teapot"."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"


def hear_preference(context: Context) -> Response | None:
    """Return the success that the header Prefer names, if any. Raises Refusal if it names a refusal.

    An unknown preference is noted and changes nothing, as RFC 7240 says.
    """
    header: str | None = context.environ.get("HTTP_PREFER")
    if header is None or not context.world.rules.overrides:
        return None
    wanted = {name.lower(): value for name, value in _PREFERENCE.findall(header)}
    if not wanted:
        return None
    code, example = wanted.get("code"), wanted.get("example")
    applied = ", ".join(f"{name}={value}" for name, value in wanted.items())
    for refusal in context.operation.refusals.values():
        if _fits(refusal, code, example):
            context.applied = applied
            raise Refusal(refusal.name)
    success = context.operation.success
    if example is None and code == success.status[:3]:
        context.applied = applied
    elif example is not None and example in success.examples and code in {None, success.status[:3]}:
        context.applied = applied
        typed = (("Content-Type", success.content_type),) if success.content_type else ()
        return Response(success.status, typed, success.examples[example])
    else:
        context.remark("preference-unknown", _complaint(context, header))
    return None


def _fits(refusal: RefusalResponse, code: str | None, example: str | None) -> bool:
    return (code is None or refusal.status.startswith(code)) and (example is None or refusal.name == example)


def _complaint(context: Context, header: str) -> str:
    operation = context.operation
    known = {f"code={operation.success.status[:3]}": None}
    known |= {f"example={name}": None for name in operation.success.examples}
    for refusal in operation.refusals.values():
        known |= {f"code={refusal.status[:3]}": None, f"example={refusal.name}": None}
    return f"Unknown preference {header[:60]!r} is ignored. {operation.id} has {', '.join(known)}."


def affect(context: Context, response: Response) -> None:
    """Change the response by the fault that struck, the preference and the latency."""
    fault = context.fault
    if fault is not None and fault.mutation is not None and response.body:
        try:
            mutated = mutate(parse(response.body), fault.mutation)
        except (LookupError, ValueError):
            pointer = fault.mutation.pointer
            what = f"The fault {fault.id} changes {pointer!r}, which this response does not have."
            context.remark("mutation-missed", what)
            if fault.only_mutates:
                context.world.faults.miss(fault)
                fault = context.fault = None
        else:
            response.body = context.contract.write(mutated).encode()
    if context.applied:
        response.headers = (*response.headers, ("Preference-Applied", context.applied))
    response.wire = None if fault is None else fault.wire
    response.delay = _delay(context)


def override(response: Response, fault: Fault) -> None:
    """Replace headers and body of the response by those of a fault that struck, and name them in a header."""
    if not fault.beyond:
        return
    headers = dict(fault.headers or {})
    if fault.body is not None:
        is_text = isinstance(fault.body, str)
        response.body = (fault.body if is_text else write_plainly(fault.body)).encode()
        if not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = "text/plain; charset=utf-8" if is_text else "application/json"
    replaced = {name.lower() for name in headers}
    kept = (pair for pair in response.headers if pair[0].lower() not in replaced)
    response.headers = (*kept, *headers.items(), (_BEYOND, ", ".join(fault.beyond)))


def _delay(context: Context) -> float:
    """Return the seconds to delay the response. A virtual latency moves the world's clock instead."""
    world, fault = context.world, context.fault
    virtual = world.clock.frozen
    if fault is not None and fault.latency is not None:
        seconds = fault.seconds(world.random)
        virtual = virtual if fault.virtual is None else fault.virtual
    else:
        seconds = world.random.uniform(*world.rules.latency) if world.rules.latency.high else 0.0
    if seconds and virtual:
        world.clock.advance(seconds)
        return 0.0
    return seconds
