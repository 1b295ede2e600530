"""The rules by which a world behaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mock_server.control.request import Request, unusable
from mock_server.settings import Latency, read_latency
from mock_server.state.world import World

# Seconds that an answer may be held back.
_LONGEST = 3600.0


def show_rules(request: Request) -> dict[str, Any]:
    """Say what the rules are."""
    return rules_of(request.world)


def change_rules(request: Request) -> dict[str, Any]:
    """Change the rules that are named."""
    set_rules(request.world, request.body)
    return rules_of(request.world)


def rules_of(world: World) -> dict[str, Any]:
    """Return the rules in the control's form."""
    return {"strict": world.rules.strict, "latency": str(world.rules.latency)}


def set_rules(world: World, change: Mapping[str, Any]) -> None:
    """Apply a change of the rules in the control's form. Raises Refusal."""
    changes = dict(change)
    if "latency" in changes:
        changes["latency"] = read(changes["latency"])
    world.rules = replace(world.rules, **changes)


def read(text: str) -> Latency:
    """Read a latency. Raises Refusal."""
    try:
        latency = read_latency(text)
    except ValueError as error:
        raise unusable(f"latency: {error}") from None
    if latency.high > _LONGEST:
        raise unusable(f"latency: {text!r} is longer than an hour, choose a shorter time.")
    return latency
