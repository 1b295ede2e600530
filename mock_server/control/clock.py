"""A world's time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mock_server.control.request import Request, unusable
from mock_server.settings import read_duration
from mock_server.state.world import World

# The years in which a world can be: those that the wire's four digits show, a year from either end.
_EARLIEST = datetime(2, 1, 1, tzinfo=UTC).timestamp()
_LATEST = datetime(9998, 12, 31, tzinfo=UTC).timestamp()


def show_clock(request: Request) -> dict[str, Any]:
    """Say what time it is."""
    return clock_of(request.world)


def change_clock(request: Request) -> dict[str, Any]:
    """Set, move, freeze or release the time."""
    set_clock(request.world, request.body)
    return clock_of(request.world)


def clock_of(world: World) -> dict[str, Any]:
    """Return the clock in the control's form."""
    return {"now": write_moment(world.clock.now()), "frozen": world.clock.frozen}


def set_clock(world: World, change: Mapping[str, Any]) -> None:
    """Apply a change of the clock in the control's form. Raises Refusal."""
    clock = world.clock
    at = read_moment(change["now"]) if "now" in change else clock.now()
    at += read_duration(change.get("advance", "0"))
    if not _EARLIEST <= at <= _LATEST:
        raise unusable(
            "The clock would leave the years that a time on the wire can have: choose a time between."
        )
    if "now" in change or "advance" in change:
        clock.set(at)
    match change.get("frozen"):
        case True:
            clock.freeze()
        case False:
            clock.run()


def write_moment(at: float) -> str:
    """Write seconds since 1970 UTC as RFC 3339 has it, to the millisecond."""
    moment = datetime.fromtimestamp(round(at, 3), UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def read_moment(text: str) -> float:
    """Read a moment, in UTC where it names no offset. Raises Refusal."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise unusable(f"The time {text!r} is none: {error}.") from None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
