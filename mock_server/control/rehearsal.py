"""What a rehearsal has seen."""

from __future__ import annotations

from typing import Any

from mock_server.control.request import Request


def show_rehearsal(request: Request) -> dict[str, Any]:
    """List which calls would change under the other document."""
    rehearsal = request.subject.rehearsal
    if rehearsal is None:
        return {"overlay": None, "calls": 0, "changes": []}
    changes = [
        {**change._asdict(), "places": list(change.places), "calls": count}
        for change, count in rehearsal.changes()
    ]
    return {"overlay": rehearsal.name, "calls": rehearsal.calls, "changes": changes}
