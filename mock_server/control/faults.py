"""The faults that are armed in a world."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from mock_server.api.context import Context
from mock_server.contract import Contract
from mock_server.document import nearest
from mock_server.refusal import Refusal
from mock_server.settings import Latency, read_latency
from mock_server.state.faults import REPEATED, STARTED, Fault, Faults, Mutation, TooManyFaults

_ONCE = (
    "Many clients (Go, Java, Ruby, browsers) repeat such a request once in silence, so that nobody may see this fault. "
    "Arm it with times: null, or with times: 2 or more."
)

# Bytes that a fault may take as JSON.
_LARGEST = 64 << 10


def list_faults(context: Context) -> dict[str, Any]:
    """List the faults in the order in which they are tried, and the state of each scenario."""
    faults = context.world.faults
    return {"faults": faults_of(faults), "scenarios": scenarios_of(faults)}


def arm_fault(context: Context) -> dict[str, Any]:
    """Arm a fault."""
    order = {key: value for key, value in context.sent.items() if key not in {"id", "calls", "hits"}}
    return _shown(arm(context.world.faults, context.contract, order))


def disarm_faults(context: Context) -> None:
    """Disarm all faults, or one. Raises Refusal if no fault has its id."""
    fault_id: int | None = context.arguments["id"]
    if not context.world.faults.disarm(fault_id):
        what = f"Unknown fault {fault_id} in this world. GET /_mock/faults lists all."
        raise Refusal("unusable", what)


def faults_of(faults: Faults) -> list[dict[str, Any]]:
    """Return all faults in the form of the control's document."""
    return [_shown(fault) for fault in faults.all]


def scenarios_of(faults: Faults) -> dict[str, str]:
    """Return the state of each scenario."""
    named = (fault.scenario for fault in faults.all if fault.scenario is not None)
    return {**dict.fromkeys(named, STARTED), **faults.states}


def arm(faults: Faults, contract: Contract, order: Mapping[str, Any]) -> Fault:
    """Arm a fault that is ordered in the form of the control's document. Raises Refusal."""
    if len(orjson.dumps(order)) > _LARGEST:
        raise Refusal("unusable", f"A fault may take {_LARGEST >> 10} KiB. Choose a smaller value.")
    operation, refusal = order.get("operation"), order.get("refusal")
    if operation is not None:
        check_known("operation", operation, contract.operations)
    if refusal is not None and operation is not None:
        check_known(f"refusal of {operation}", refusal, contract.operations[operation].refusals)
    elif refusal is not None:
        check_known("refusal", refusal, contract.refusals)
    facts = {key: value for key, value in order.items() if key not in {"id", "remark"}}
    if operation is not None:
        facts["operation"] = contract.operations[operation].counted_as
    if facts.get("wire") in REPEATED:
        facts.setdefault("times", None)
    if facts.get("latency") is not None:
        facts["latency"] = latency_of(facts["latency"])
    if facts.get("mutation") is not None:
        facts["mutation"] = Mutation(**facts["mutation"])
    fault = Fault(faults.next_id(), **facts)
    try:
        faults.arm(fault)
    except TooManyFaults as error:
        raise Refusal("unusable", str(error).capitalize()) from None
    return fault


def check_known(what: str, name: str, known: Collection[str]) -> None:
    """Raise Refusal if a name is not among the known ones. `what`: what it should name."""
    if name not in known:
        what = f"Unknown {what} {name[:60]!r}{nearest(name, known)}."
        raise Refusal("unusable", f"{what} Choose from {', '.join(known)}.")


def latency_of(text: str) -> Latency:
    """Read a latency. Raises Refusal."""
    try:
        return read_latency(text)
    except ValueError as error:
        raise Refusal("unusable", f"latency: {error}") from None


def _shown(fault: Fault) -> dict[str, Any]:
    mutation = fault.mutation
    return {
        "id": fault.id,
        "calls": fault.calls,
        "hits": fault.hits,
        "operation": fault.operation,
        "refusal": fault.refusal,
        "status": fault.status,
        "wire": fault.wire,
        "latency": None if fault.latency is None else str(fault.latency),
        "virtual": fault.virtual,
        "mutation": None if mutation is None else mutation._asdict(),
        "headers": fault.headers,
        "body": fault.body,
        "scenario": fault.scenario,
        "state": fault.state,
        "next": fault.next,
        "times": fault.times,
        "after": fault.after,
        "probability": fault.probability,
        "seed": fault.seed,
        "remark": _ONCE if fault.wire in REPEATED and fault.times == 1 else None,
    }
