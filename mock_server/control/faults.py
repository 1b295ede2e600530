"""What is armed to go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mock_server.contract import Contract
from mock_server.control.request import Request, unknown, unusable
from mock_server.control.rules import read
from mock_server.state.faults import Fault, Faults, Mutation, TooManyFaults


def list_faults(request: Request) -> dict[str, Any]:
    """List the faults in the order in which they are tried."""
    return {"faults": faults_of(request.world.faults)}


def arm_fault(request: Request) -> dict[str, Any]:
    """Arm one."""
    order = {key: value for key, value in request.body.items() if key not in {"id", "calls", "hits"}}
    return _shown(arm(request.world.faults, request.world.contract, order))


def disarm_faults(request: Request) -> None:
    """Disarm all, or one. Raises Refusal where there is none with the id."""
    fault_id: int | None = request.values["id"]
    if not request.world.faults.disarm(fault_id):
        raise unusable(f"There is no fault {fault_id} in this world: GET /_mock/faults lists them.")


def faults_of(faults: Faults) -> list[dict[str, Any]]:
    """Return all faults in the control's form."""
    return [_shown(fault) for fault in faults.all]


def arm(faults: Faults, contract: Contract, order: Mapping[str, Any]) -> Fault:
    """Arm what is ordered in the control's form. Raises Refusal."""
    _check_operation(order.get("operation"), contract)
    _check_refusal(order.get("refusal"), order.get("operation"), contract)
    facts = {key: value for key, value in order.items() if key != "id"}
    if facts.get("latency") is not None:
        facts["latency"] = read(facts["latency"])
    if facts.get("mutation") is not None:
        facts["mutation"] = Mutation(**facts["mutation"])
    fault = Fault(faults.next_id(), **facts)
    try:
        faults.arm(fault)
    except TooManyFaults as error:
        raise unusable(str(error).capitalize()) from None
    return fault


def _check_operation(name: str | None, contract: Contract) -> None:
    if name is not None and name not in contract.operations:
        raise unknown("operation", name, contract.operations)


def _check_refusal(name: str | None, operation: str | None, contract: Contract) -> None:
    """Only what the document says can be refused, of the operation that is meant or of any."""
    if name is None:
        return
    known = contract.operations[operation].refusals if operation is not None else contract.refusals
    if name not in known:
        whose = operation or "this API"
        raise unusable(f"refusal: {whose} documents no {name[:60]!r}, choose from {', '.join(known)}.")


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
        "times": fault.times,
        "after": fault.after,
        "probability": fault.probability,
        "seed": fault.seed,
    }
