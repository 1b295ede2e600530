"""The state of a world: its snapshot, clock, quota, rules, answers to open questions, and faults."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec

from mock_server.api.context import Context
from mock_server.contract import Contract, parse
from mock_server.document import Array, DocumentError, Place, placed, unknown_word
from mock_server.refusal import Defect, Refusal
from mock_server.settings import Latency, read_duration, read_latency
from mock_server.state.clock import EARLIEST, LATEST
from mock_server.state.faults import REPEATED, STARTED, Fault, Faults, Mutation, TooManyFaults
from mock_server.state.seed import store_of
from mock_server.state.world import Quota, World

# The digits of a time beyond microseconds.
_MORE_DIGITS = re.compile(r"(?<=\.\d{6})\d+")

_ONCE = (
    "Many clients (Go, Java, Ruby, browsers) silently repeat such a request once, so the fault may have no effect. "
    "Arm it with times: null, or with times: 2 or more."
)

# Bytes that a fault may take as JSON.
_LARGEST = 64 << 10


def show_state(context: Context) -> dict[str, Any]:
    """Take a snapshot."""
    world = context.world
    next_ids = {name: store.next_id for name, store in world.stores.items()}
    return {
        **{name: _rows(world, name) for name in world.stores},
        "next_id": next_ids if len(next_ids) > 1 else next(iter(next_ids.values())),
        "clock": show_clock(context),
        "quota": None if world.quota is None else _quota_of(world, world.quota),
        "faults": faults_of(world.faults),
        "scenarios": scenarios_of(world.faults),
        "answers": _own_answers(context),
        "rules": show_rules(context),
    }


def _rows(world: World, name: str) -> list[Any]:
    """Return the items of a resource as responses show them, but with their settings as forms send them."""
    resource, rows = world.contract.resources[name], []
    for item in world.stores[name]:
        row = parse(item.wire)
        shape = resource.shape(resource.type_of(item.values))
        if resource.settings_fact is not None and (shape.masks or shape.keys):
            key = resource.stored[resource.settings_fact].name
            if isinstance(row.get(key), dict):
                row[key] = dict(resource.settings_of(item.values))
        rows.append(row)
    return rows


def reset_world(context: Context) -> dict[str, Any]:
    """Reset the world."""
    context.world = context.mock.worlds.reset(context.key)
    return show_state(context)


def replace_state(context: Context) -> dict[str, Any]:
    """Replace all parts that are sent. Raises Refusal, and then replaces nothing."""
    world = context.world
    # In this order, since items depend on the answers and the clock.
    parts: Mapping[str, Callable[[Context, Any], None]] = {
        "answers": _set_answers,
        "clock": _set_clock,
        **{name: partial(_set_items, name=name) for name in world.stores},
        "next_id": _set_next_id,
        "quota": _set_quota,
        "faults": _set_faults,
        "scenarios": _set_scenarios,
        "rules": _set_rules,
    }
    for name in context.sent:
        if name not in parts:
            raise Refusal("unusable", unknown_word("part", name, parts))
    for name, replace_part in parts.items():
        if context.sent.get(name) is not None:
            replace_part(context, context.sent[name])
    return show_state(context)


def show_clock(context: Context) -> dict[str, Any]:
    """Show the time."""
    clock = context.world.clock
    return {"now": write_rfc3339(clock.now()), "frozen": clock.frozen}


def change_clock(context: Context) -> dict[str, Any]:
    """Set, move, freeze or release the time."""
    _set_clock(context, context.sent)
    return show_clock(context)


def write_rfc3339(at: float) -> str:
    """Write seconds since 1970 UTC as in RFC 3339, to the millisecond: `2026-01-01T00:00:00.000Z`."""
    moment = datetime.fromtimestamp(round(at, 3), UTC).replace(tzinfo=None)
    return moment.isoformat("T", "milliseconds") + "Z"


def _set_clock(context: Context, change: Mapping[str, Any]) -> None:
    clock = context.world.clock
    at = _read_moment(change["now"]) if "now" in change else clock.now()
    at += read_duration(change.get("advance", "0"))
    if not EARLIEST <= at <= LATEST:
        raise Refusal("unusable", "The time would leave the years 1 to 9999. Choose another.")
    if change.get("frozen") is True:
        clock.freeze(at)  # at once, or the machine's time would go on in between
        return
    if "now" in change or "advance" in change:
        clock.set(at)
    if change.get("frozen") is False:
        clock.run()


def _read_moment(text: str) -> float:
    """Read a moment, in UTC if it names no offset. Raises Refusal."""
    try:
        moment = datetime.fromisoformat(_MORE_DIGITS.sub("", text).upper())
    except ValueError as error:
        raise Refusal("unusable", f"Invalid time {text!r}: {error}.") from None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def show_quota(context: Context) -> dict[str, Any]:
    """Show the quota and what is left of it."""
    return _quota_of(context.world, _quota(context.world))


def change_quota(context: Context) -> dict[str, Any]:
    """Enforce a quota, or use some of it up."""
    _set_quota(context, context.sent)
    return show_quota(context)


def _quota_of(world: World, quota: Quota) -> dict[str, Any]:
    now = world.clock.now()
    return {
        "enforced": quota.metered,
        "requests": quota.requests,
        "seconds": quota.seconds,
        "used": quota.used_at(now),
        "remaining": quota.remaining_at(now),
        "reset": quota.reset_in(now),
    }


def _set_quota(context: Context, change: Mapping[str, Any]) -> None:
    world = context.world
    quota = _quota(world)
    quota.requests = change.get("requests", quota.requests)
    quota.seconds = change.get("seconds", quota.seconds)
    if not change.get("enforced", True):
        quota.lift()
        return
    quota.metered = True
    if "used" in change:
        quota.use(change["used"], world.clock.now(), change.get("reset"))


def _quota(world: World) -> Quota:
    if world.quota is None:
        what = (
            "The document has no refusal for a used-up quota. Change the answer to the question rate-limit."
        )
        raise Refusal("unusable", what)
    return world.quota


def show_rules(context: Context) -> dict[str, Any]:
    """Show the rules."""
    rules = context.world.rules
    return {"strict": rules.strict, "latency": str(rules.latency)}


def change_rules(context: Context) -> dict[str, Any]:
    """Change the rules that are named."""
    _set_rules(context, context.sent)
    return show_rules(context)


def _set_rules(context: Context, change: Mapping[str, Any]) -> None:
    latency = {"latency": latency_of(change["latency"])} if "latency" in change else {}
    context.world.rules = replace(context.world.rules, **{**change, **latency})


def list_questions(context: Context) -> dict[str, Any]:
    """List all questions, with the answers in force."""
    document = context.world.contract.document
    questions = document.questions().values()
    return {
        "questions": [{**question.facts(), "answer": document.answers[question.id]} for question in questions]
    }


def answer_questions(context: Context) -> dict[str, Any]:
    """Answer some questions; the others keep their answers."""
    _set_answers(context, {**context.world.contract.document.chosen, **context.sent})
    return list_questions(context)


def _own_answers(context: Context) -> dict[str, str]:
    """Return the answers of the world that differ from the mock's."""
    usual = context.mock.contract.document.answers
    own = context.world.contract.document.answers
    return {name: answer for name, answer in own.items() if usual[name] != answer}


def _set_answers(context: Context, answers: Mapping[str, str]) -> None:
    """Give the world these answers, and those of the mock to all other questions. Raises Refusal."""
    try:
        context.world.obey(context.mock.answering(answers))
    except DocumentError as error:
        raise Refusal("unusable", f"answers: {error}") from None
    except Defect as error:
        raise Refusal("unusable", f"answers: they do not fit the items of the world: {error}.") from None


def _set_items(context: Context, rows: list[Any], name: str) -> None:
    world, seed = context.world, Array(Place(name, 1))
    for number, row in enumerate(rows, 1):  # an error names the row instead of a line
        place = Place(name, number)
        seed.add(placed(row, place), place)
    try:
        world.stores[name] = store_of(world, world.contract.resources[name], seed)
    except DocumentError as error:
        raise Refusal("unusable", str(error)) from None
    if world.is_full:
        raise Refusal(
            "unusable",
            f"{name}: These rows take more memory than --memory allows. Send fewer.",
        )


def _set_next_id(context: Context, change: int | Mapping[str, int]) -> None:
    stores = context.world.stores
    for name, next_id in (
        change if isinstance(change, Mapping) else {next(iter(stores)): int(change)}
    ).items():
        highest = max((item.id for item in stores[name]), default=0)
        if next_id <= highest:
            raise Refusal("unusable", f"next_id: The highest id is {highest}. Choose a higher number.")
        stores[name].next_id = next_id


def _set_faults(context: Context, orders: list[Any]) -> None:
    states, context.world.faults = context.world.faults.states, Faults()
    context.world.faults.states = states
    for order in orders:
        arm(context.world.faults, context.world.contract, order)


def _set_scenarios(context: Context, states: Mapping[str, str]) -> None:
    context.world.faults.states = dict(states)


def list_faults(context: Context) -> dict[str, Any]:
    """List the faults in the order in which they are tried, and the state of each scenario."""
    faults = context.world.faults
    return {"faults": faults_of(faults), "scenarios": scenarios_of(faults)}


def arm_fault(context: Context) -> dict[str, Any]:
    """Arm a fault. Raises Refusal for what the mock itself counts."""
    for name in ("calls", "hits"):
        if name in context.sent:
            what = f"The mock counts {name!r} itself. Remove it; `times` is how often a fault strikes."
            raise Refusal("unusable", what)
    order = {key: value for key, value in context.sent.items() if key != "id"}
    return _shown_fault(arm(context.world.faults, context.contract, order))


def disarm_faults(context: Context) -> None:
    """Disarm all faults, or one. Raises Refusal if no fault has its id."""
    fault_id: int | None = context.arguments["id"]
    if not context.world.faults.disarm(fault_id):
        what = f"Unknown fault {fault_id} in this world. GET /_mock/faults lists all."
        raise Refusal("unusable", what)


def faults_of(faults: Faults) -> list[dict[str, Any]]:
    """Return all faults as the control shows them."""
    return [_shown_fault(fault) for fault in faults.all]


def scenarios_of(faults: Faults) -> dict[str, str]:
    """Return the state of each scenario."""
    named = (fault.scenario for fault in faults.all if fault.scenario is not None)
    return {**dict.fromkeys(named, STARTED), **faults.states}


def arm(faults: Faults, contract: Contract, order: Mapping[str, Any]) -> Fault:
    """Arm a fault by an order of the control. Raises Refusal."""
    if len(msgspec.json.encode(order)) > _LARGEST:
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
    """Raise Refusal for an unknown name. `what`: what it should name."""
    if name not in known:
        raise Refusal("unusable", unknown_word(what, name, known))


def latency_of(text: str) -> Latency:
    """Read a latency. Raises Refusal."""
    try:
        return read_latency(text)
    except ValueError as error:
        raise Refusal("unusable", f"latency: {error}") from None


def _shown_fault(fault: Fault) -> dict[str, Any]:
    return {
        **{field.name: getattr(fault, field.name) for field in fields(fault)},
        "latency": fault.latency and str(fault.latency),
        "mutation": fault.mutation and fault.mutation._asdict(),
        "remark": _ONCE if fault.wire in REPEATED and fault.times == 1 else None,
    }
