"""A world as a whole: a snapshot, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mock_server.contract import parse
from mock_server.control.clock import clock_of, set_clock
from mock_server.control.faults import arm, faults_of
from mock_server.control.questions import answers_of, set_answers
from mock_server.control.quota import quota_of, set_quota
from mock_server.control.request import Request, unusable
from mock_server.control.rules import rules_of, set_rules
from mock_server.document import Array, DocumentError, Object, Place
from mock_server.state.faults import Faults
from mock_server.state.seed import store_of


def show_state(request: Request) -> dict[str, Any]:
    """Take a snapshot."""
    world = request.world
    quota = None if world.quota is None else quota_of(world, world.quota)
    return {
        "handlers": [parse(handler.wire) for handler in world.store.all()],
        "next_id": world.next_id,
        "clock": clock_of(world),
        "quota": quota,
        "faults": faults_of(world.faults),
        "answers": answers_of(request),
        "rules": rules_of(world),
    }


def reset_world(request: Request) -> dict[str, Any]:
    """Begin anew."""
    subject, key = request.subject, request.key or ""
    world = subject.worlds.reset(key)
    return show_state(Request(subject, key, world, request.values))


def replace_state(request: Request) -> dict[str, Any]:
    """Replace each part that is sent, or none of them where one cannot be used. Raises Refusal."""
    world, body = request.world, request.body
    former = world.saved()
    try:
        _replace(request, body)
    except Exception:
        vars(world).update(former)
        request.subject.worlds.vary(request.key or "", world)
        raise
    return show_state(request)


def _replace(request: Request, body: dict[str, Any]) -> None:
    """Replace the parts in an order that does: the handlers are written by the answers, with times of the clock."""
    for name, part in _PARTS.items():
        if body.get(name) is not None:
            part(request, body[name])


def _set_handlers(request: Request, rows: list[Any]) -> None:
    world, placed = request.world, Array(Place("handlers", 1))
    for number, row in enumerate(rows, 1):  # an error names the handler in place of a line
        place = Place("handlers", number)
        placed.add(_placed(row, place), place)
    try:
        world.store, world.next_id = store_of(world, placed)
    except DocumentError as error:
        raise unusable(str(error)) from None


def _set_next_id(request: Request, next_id: int) -> None:
    highest = request.world.store.highest
    if next_id <= highest:
        raise unusable(f"next_id: a handler has the id {highest}, choose a higher one.")
    request.world.next_id = next_id


def _set_faults(request: Request, orders: list[Any]) -> None:
    world = request.world
    world.faults = Faults()
    for order in orders:
        arm(world.faults, world.contract, order)


_PARTS: Mapping[str, Callable[[Request, Any], None]] = {
    "answers": set_answers,
    "clock": lambda request, change: set_clock(request.world, change),
    "handlers": _set_handlers,
    "next_id": _set_next_id,
    "quota": lambda request, change: set_quota(request.world, change),
    "faults": _set_faults,
    "rules": lambda request, change: set_rules(request.world, change),
}


def _placed(value: Any, place: Place) -> Any:
    """Return a JSON object with places; what is below its own properties needs none."""
    if not isinstance(value, dict):
        return value
    record = Object(place)
    for key, item in value.items():
        record.put(key, _placed(item, place), place)
    return record
