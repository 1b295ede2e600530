"""What is left of a world's quota."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mock_server.control.request import Request, unusable
from mock_server.state.world import Quota, World


def show_quota(request: Request) -> dict[str, Any]:
    """Say what the quota is and what is left of it."""
    return quota_of(request.world, _quota(request.world))


def change_quota(request: Request) -> dict[str, Any]:
    """Enforce a quota, or use some of it up."""
    set_quota(request.world, request.body)
    return show_quota(request)


def quota_of(world: World, quota: Quota) -> dict[str, Any]:
    """Return a quota in the control's form."""
    now = world.clock.now()
    return {
        "enforced": quota.metered,
        "requests": quota.requests,
        "seconds": quota.seconds,
        "used": quota.used_at(now),
        "remaining": quota.remaining_at(now),
        "reset": quota.reset_in(now),
    }


def set_quota(world: World, change: Mapping[str, Any]) -> None:
    """Apply a change of the quota in the control's form. Raises Refusal where the document has no quota."""
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
        raise unusable(
            "This document has no refusal for a quota that is used up: answer rate-limit otherwise."
        )
    return world.quota
