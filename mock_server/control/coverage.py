"""Which behaviours were exercised."""

from __future__ import annotations

from typing import Any

from mock_server.control.request import Request
from mock_server.state.coverage import behaviours


def show_coverage(request: Request) -> dict[str, Any]:
    """List all behaviours, with how often each was seen: in one world, or in the whole mock since its start."""
    if request.account is None:
        found = behaviours(request.subject.variations.base, request.subject.worlds.seen())
    else:
        found = behaviours(request.world.contract, request.world.journal.seen)
    seen = sum(behaviour.seen > 0 for behaviour in found)
    return {
        "behaviours": [behaviour._asdict() for behaviour in found],
        "seen": seen,
        "total": len(found),
        "percent": round(100 * seen / len(found), 1) if found else 100.0,
    }
